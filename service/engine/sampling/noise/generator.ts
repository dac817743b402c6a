/** Where normals come from: torch on the CPU, or the Philox stream of CUDA. */
import type { Seed } from './mersenneTwister.ts';
import { PhiloxGenerator } from './philox.ts';
import { TorchGenerator } from './torchGenerator.ts';

/** `cpu`: torch's CPU generator; `nv`: Philox as CUDA draws it (the numbers of NVIDIA cards). */
export type RandomSource = 'cpu' | 'nv';

export interface NormalGenerator {
  /** The next `count` standard normals, float32. */
  normal(count: number): Float32Array;
}

export function createGenerator(source: RandomSource, seed: Seed): NormalGenerator {
  return source === 'nv' ? new PhiloxGenerator(seed) : new TorchGenerator(seed);
}
