/** Which networks stay loaded, of all models that are open: as many as fit, those used last. */
import { PentimentoError } from '../../../shared/errors.ts';
import { sizeOfShape } from '../tensor.ts';
import type { Precision } from '../graph/lower/emitter.ts';
import type { NetworkWeights } from '../weights/types.ts';

export interface ResidentNetwork {
  readonly kind: 'text' | 'unet' | 'vae' | 'controlnet' | 'upscaler';
  /** Its weights when loaded, bytes. */
  readonly weightBytes: number;
  /** What its intermediate results took stays taken until it is disposed of. */
  readonly keepsWork?: boolean;
  /** Unloads it; it is loaded again by its next work. */
  dispose(): Promise<void>;
}

export interface MemoryLimits {
  /** Networks are loaded one after another however much memory there is. */
  readonly lowMemory: boolean;
  /** What all networks together may take, with the work of the one that runs, bytes (all there is). */
  readonly budgetBytes?: number;
  /** Bytes that may still be taken; Infinity where a device does not tell. */
  spareBytes(): number;
  /** What intermediate results take for a picture of so many pixels, bytes. */
  workBytes(work: 'predict' | 'encode' | 'decode' | 'control' | 'enlarge', pixels: number): number;
}

/** A network's place in the memory. */
export interface Resident {
  /**
   * Does work with the network, whose intermediate results take `workBytes`. Others make room when all
   * do not fit, the one used longest ago first, and all of them when the device's memory turns out to be too small.
   */
  run<T>(workBytes: number, work: () => Promise<T>): Promise<T>;
  /** Disposes of the network; its place is not to be used any more. */
  leave(): Promise<void>;
}

export interface Residents {
  add(network: ResidentNetwork): Resident;
  /** What work may take beside everything that is loaded, bytes. */
  spareBytes(): number;
}

/** What decides how much memory networks may take. */
export interface NetworkMemory {
  readonly limits: MemoryLimits;
  /** All networks on the device, of every model that is open. */
  readonly residents: Residents;
}

interface Loaded {
  readonly network: ResidentNetwork;
  /** Taken by intermediate results and kept, bytes. */
  keptWork: number;
}

export function makeResidents(
  limits: Pick<MemoryLimits, 'lowMemory' | 'budgetBytes' | 'spareBytes'>,
): Residents {
  const { lowMemory, budgetBytes = Infinity } = limits;
  /** In the order of their last use. */
  const loaded = new Map<ResidentNetwork, Loaded>();

  function heldBytes(): number {
    let sum = 0;
    for (const { network, keptWork } of loaded.values()) sum += network.weightBytes + keptWork;
    return sum;
  }

  async function unload(network: ResidentNetwork): Promise<void> {
    if (loaded.delete(network)) await network.dispose();
  }

  /** The others, those used longest ago first. */
  function othersOf(network: ResidentNetwork): ResidentNetwork[] {
    return [...loaded.keys()].filter((other) => other !== network);
  }

  function fits(network: ResidentNetwork, workBytes: number): boolean {
    const mine = loaded.get(network);
    const held = mine ? network.weightBytes + mine.keptWork : 0;
    const further = network.weightBytes + Math.max(workBytes, mine?.keptWork ?? 0) - held;
    if (heldBytes() + further > budgetBytes) return false;
    // The same work again finds the memory that it had before.
    return further <= 0 || further <= limits.spareBytes();
  }

  async function makeRoom(network: ResidentNetwork, workBytes: number): Promise<void> {
    for (const other of othersOf(network)) {
      if (
        lowMemory
          ? isCompanion(network, other) && fits(network, workBytes)
          : fits(network, workBytes)
      )
        continue;
      await unload(other);
    }
  }

  async function run<T>(
    network: ResidentNetwork,
    workBytes: number,
    work: () => Promise<T>,
  ): Promise<T> {
    await makeRoom(network, workBytes);
    const keptWork = network.keepsWork
      ? Math.max(workBytes, loaded.get(network)?.keptWork ?? 0)
      : 0;
    loaded.delete(network);
    loaded.set(network, { network, keptWork });
    try {
      return await work();
    } catch (error) {
      const isFull = error instanceof PentimentoError && error.code === 'E_MEMORY';
      const others = othersOf(network);
      if (!isFull || others.length === 0) throw error;
      for (const other of others) await unload(other);
      return work();
    }
  }

  return {
    add: (network) => ({
      run: (workBytes, work) => run(network, workBytes, work),
      leave: async () => {
        loaded.delete(network);
        await network.dispose();
      },
    }),
    spareBytes: () => Math.max(0, Math.min(limits.spareBytes(), budgetBytes - heldBytes())),
  };
}

/** The network's place in that memory; without one it is always there. */
export function placeIn(memory: NetworkMemory | undefined, network: ResidentNetwork): Resident {
  if (memory) return memory.residents.add(network);
  return { run: (_workBytes, work) => work(), leave: () => network.dispose() };
}

/** Networks that run in turn within each step stay together even where memory is saved. */
function isCompanion({ kind }: ResidentNetwork, other: ResidentNetwork): boolean {
  if (kind === 'unet') return other.kind === 'controlnet';
  return kind === 'controlnet' && (other.kind === 'unet' || other.kind === 'controlnet');
}

const bytesPerNumber: Record<Precision, number> = { float32: 4, float16: 2 };

/** Of a network's weights in the number format that a device computes in. */
export function weightBytesOf(weights: NetworkWeights, precision: Precision): number {
  let count = 0;
  for (const { shape } of weights.values()) count += sizeOfShape(shape);
  return count * bytesPerNumber[precision];
}
