/** Which of a model's networks stay loaded: all of them while they fit, else only the one in use. */
import { PentimentoError } from '../../../shared/errors.ts';
import { sizeOfShape } from '../tensor.ts';
import type { Precision } from '../graph/lower/emitter.ts';
import type { NetworkWeights } from '../weights/types.ts';

export interface ResidentNetwork {
  /** Its weights when loaded, bytes. */
  readonly weightBytes: number;
  dispose(): Promise<void>;
}

export interface MemoryLimits {
  /** Networks are loaded one after another however much memory there is. */
  readonly lowMemory: boolean;
  /** Bytes that may still be taken; Infinity where a device does not tell. */
  spareBytes(): number;
  /** What intermediate results take for a picture of so many pixels, bytes. */
  workBytes(work: 'predict' | 'encode' | 'decode', pixels: number): number;
}

export interface Residents<Name extends string> {
  /**
   * Does work with one network, whose intermediate results take `workBytes`. Others make room when
   * both do not fit, and when the device's memory turns out to be too small.
   */
  run<T>(name: Name, workBytes: number, work: () => Promise<T>): Promise<T>;
}

export function makeResidents<Name extends string>(
  networks: Readonly<Record<Name, ResidentNetwork>>,
  limits: Pick<MemoryLimits, 'lowMemory' | 'spareBytes'>,
): Residents<Name> {
  const loaded = new Set<Name>();
  let last: { readonly name: Name; readonly workBytes: number } | undefined;

  async function keepOnly(name: Name): Promise<void> {
    for (const other of loaded) {
      if (other === name) continue;
      loaded.delete(other);
      await networks[other].dispose();
    }
  }

  return {
    async run(name, workBytes, work) {
      // The same work again finds the memory that it had before.
      if (last?.name !== name || last.workBytes < workBytes) {
        const needed = workBytes + (loaded.has(name) ? 0 : networks[name].weightBytes);
        if (limits.lowMemory || needed > limits.spareBytes()) await keepOnly(name);
      }
      last = { name, workBytes };
      loaded.add(name);
      try {
        return await work();
      } catch (error) {
        const isFull = error instanceof PentimentoError && error.code === 'E_MEMORY';
        if (!isFull || loaded.size === 1) throw error;
        await keepOnly(name);
        return work();
      }
    },
  };
}

const bytesPerNumber: Record<Precision, number> = { float32: 4, float16: 2 };

/** Of a network's weights in the number format that a device computes in. */
export function weightBytesOf(weights: NetworkWeights, precision: Precision): number {
  let count = 0;
  for (const { shape } of weights.values()) count += sizeOfShape(shape);
  return count * bytesPerNumber[precision];
}
