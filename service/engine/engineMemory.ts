/** What the engine may take of the machine's memory. */
import { availableMemoryBytes } from '../availableMemoryBytes.ts';
import type { MemoryLimits } from './networks/residentNetworks.ts';
import { workBytes, type MachineMemory } from './plan/memoryPlan.ts';
import type { Device } from './runtime/device.ts';

export interface EngineMemory extends MemoryLimits {
  /** For planning: what a run may take when everything loaded now makes room. */
  machine(): MachineMemory;
}

/** The rest is for programs that grow while a network runs. */
const share = 0.9;

/** Devices with a memory of their own do not tell what is free: there, failing tells. */
export function engineMemory(device: Device, lowMemory: boolean): EngineMemory {
  const spareBytes = () => (device.name === 'cpu' ? share * availableMemoryBytes() : Infinity);
  return {
    lowMemory,
    spareBytes,
    workBytes,
    machine: () => ({ lowMemory, availableBytes: spareBytes() + process.memoryUsage.rss() }),
  };
}
