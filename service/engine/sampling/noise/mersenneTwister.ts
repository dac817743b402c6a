/**
 * MT19937 as torch seeds and reads it (Matsumoto and Nishimura 1998; torch MT19937RNGEngine). Only
 * the low 32 bits of a seed count; negative seeds are two's complement.
 */
import { noiseKernel } from './noiseKernel.ts';
import { stateWords as size } from './twisterKernel.ts';

export type Seed = number | bigint;

/** The low 32 bits of a seed. A fraction is cut off; what is not finite counts as 0. */
export function seedBits32(seed: Seed): number {
  if (typeof seed === 'bigint') return Number(BigInt.asUintN(32, seed));
  if (!Number.isFinite(seed)) return 0;
  return Number(BigInt.asUintN(32, BigInt(Math.trunc(seed))));
}

/** A stream of 32-bit numbers. */
export class MersenneTwister {
  // Signed, since bit operations are: unsigned words would be converted to and fro.
  readonly #state = new Int32Array(size);
  /** The state tempered: what is handed out. */
  readonly #ready = new Int32Array(size);
  #at = size;

  constructor(seed: Seed) {
    const state = this.#state;
    state[0] = seedBits32(seed);
    for (let j = 1; j < size; j++) {
      const previous = state[j - 1]!;
      state[j] = Math.imul(1812433253, previous ^ (previous >>> 30)) + j;
    }
  }

  /** The next 32 bits, 0..2^32-1. */
  next(): number {
    if (this.#at === size) this.#refill();
    return this.#ready[this.#at++]! >>> 0;
  }

  /** The next `count` words to the start of `out`, as signed numbers. */
  fillWords(out: Int32Array, count: number): void {
    let done = 0;
    while (done < count) {
      if (this.#at === size) this.#refill();
      const part = Math.min(count - done, size - this.#at);
      out.set(this.#ready.subarray(this.#at, this.#at + part), done);
      done += part;
      this.#at += part;
    }
  }

  /** One uniform of 53 bits, [0, 1): two draws, the high word first. */
  uniform53(): number {
    const high = this.next() & 0x1fffff;
    return (high * 2 ** 32 + this.next()) * 2 ** -53;
  }

  #refill(): void {
    this.#ready.set(noiseKernel().twist(this.#state));
    this.#at = 0;
  }
}
