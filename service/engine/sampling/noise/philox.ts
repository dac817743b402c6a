/** torch's CUDA generator, as AUTOMATIC1111 computes it without such a card (modules/rng_philox.py). */
import type { Seed } from './mersenneTwister.ts';
import { kernelValues, noiseKernel } from './noiseKernel.ts';

const block = 4;

/** One stream; every call of normal() takes the next offset. */
export class PhiloxGenerator {
  readonly #key: readonly [number, number];
  #calls = 0;

  /** The low 64 bits of a seed count; a fraction is cut off. */
  constructor(seed: Seed) {
    const bits = BigInt.asUintN(64, BigInt(typeof seed === 'number' ? Math.trunc(seed) : seed));
    this.#key = [Number(bits & 0xffffffffn), Number(bits >> 32n)];
  }

  /** `count` standard normals as float32. */
  normal(count: number): Float32Array {
    const kernel = noiseKernel();
    const out = new Float32Array(count);
    const place = { call: this.#calls++, key: this.#key };
    for (let index = 0; index < count; index += kernelValues) {
      const length = Math.min(kernelValues, count - index);
      kernel.philox(Math.ceil(length / block) * block, { ...place, index });
      out.set(kernel.values.subarray(0, length), index);
    }
    return out;
  }
}
