/**
 * MT19937 as torch seeds and reads it (Matsumoto and Nishimura 1998; torch MT19937RNGEngine). Only
 * the low 32 bits of a seed count; negative seeds are two's complement.
 */

export type Seed = number | bigint;

/** The low 32 bits of a seed. A fraction is cut off; what is not finite counts as 0. */
export function seedBits32(seed: Seed): number {
  if (typeof seed === 'bigint') return Number(BigInt.asUintN(32, seed));
  if (!Number.isFinite(seed)) return 0;
  return Number(BigInt.asUintN(32, BigInt(Math.trunc(seed))));
}

const size = 624;
const middle = 397;

/** A stream of 32-bit numbers. */
export class MersenneTwister {
  readonly #state = new Uint32Array(size);
  /** The state tempered: what is handed out. */
  readonly #ready = new Uint32Array(size);
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
    return this.#ready[this.#at++]!;
  }

  /** Fills out[from..to) with uniforms of 24 bits, [0, 1): one draw each. */
  fillUniform24(out: Float32Array, from: number, to: number): void {
    const ready = this.#ready;
    let i = from;
    while (i < to) {
      if (this.#at === size) this.#refill();
      const at = this.#at;
      const count = Math.min(to - i, size - at);
      for (let k = 0; k < count; k++) out[i + k] = (ready[at + k]! & 0xffffff) * 2 ** -24;
      i += count;
      this.#at = at + count;
    }
  }

  /** One uniform of 53 bits, [0, 1): two draws, the high word first. */
  uniform53(): number {
    const high = this.next() & 0x1fffff;
    return (high * 2 ** 32 + this.next()) * 2 ** -53;
  }

  #refill(): void {
    const s = this.#state;
    let k = 0;
    for (; k < size - middle; k++) s[k] = s[k + middle]! ^ twist(s[k]!, s[k + 1]!);
    for (; k < size - 1; k++) s[k] = s[k + middle - size]! ^ twist(s[k]!, s[k + 1]!);
    s[k] = s[middle - 1]! ^ twist(s[k]!, s[0]!);
    const ready = this.#ready;
    for (let i = 0; i < size; i++) {
      let y = s[i]!;
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      ready[i] = y ^ (y >>> 18);
    }
    this.#at = 0;
  }
}

function twist(a: number, b: number): number {
  return (((a & 0x80000000) | (b & 0x7fffffff)) >>> 1) ^ (-(b & 1) & 0x9908b0df);
}
