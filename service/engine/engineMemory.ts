/** What the engine may take of the machine's memory. */
import { defaultMemoryBudget, memoryBudgetBytes } from '../../shared/memoryBudget.ts';
import { availableMemoryBytes, totalMemoryBytes } from '../availableMemoryBytes.ts';
import {
  makeResidents,
  type MemoryLimits,
  type NetworkMemory,
} from './networks/residentNetworks.ts';
import { workBytes, type MachineMemory } from './plan/memoryPlan.ts';
import type { Device } from './runtime/device.ts';

export interface EngineMemory extends NetworkMemory {
  /** Models that stay open beside each other after the jobs that used them, and ControlNets. */
  readonly modelsKept: number;
  readonly controlsKept: number;
  /** For planning: what a run may take when everything loaded now makes room. */
  machine(): MachineMemory;
}

export interface MemorySettings {
  readonly lowMemory: boolean;
  /** As in `memoryBudgetBytes`; undefined: the default. */
  readonly budget?: string | undefined;
}

/** The rest is for programs that grow while a network runs. */
const share = 0.9;
/** What they hold besides networks (names of tensors, texts that were read) is tens of megabytes each. */
const mostModelsKept = 4;
const mostControlsKept = 6;

/**
 * Devices with a memory of their own do not tell how much it is nor what is free. There an amount that
 * the user gives is the budget; without one a single model is kept, and failing tells.
 */
export function engineMemory(device: Device, settings: MemorySettings): EngineMemory {
  const { lowMemory, budget = defaultMemoryBudget } = settings;
  const onCpu = device.name === 'cpu';
  const budgetBytes = memoryBudgetBytes(budget, onCpu ? totalMemoryBytes() : Infinity) ?? Infinity;
  const spareBytes = () => (onCpu ? share * availableMemoryBytes() : Infinity);
  const limits: MemoryLimits = { lowMemory, budgetBytes, spareBytes, workBytes };
  return {
    limits,
    residents: makeResidents(limits),
    modelsKept: budgetBytes === Infinity ? 1 : mostModelsKept,
    controlsKept: budgetBytes === Infinity ? 0 : mostControlsKept,
    machine: () => ({
      lowMemory,
      budgetBytes,
      availableBytes: spareBytes() + process.memoryUsage.rss(),
    }),
  };
}
