/** numpy's default generator of uniforms: PCG64 (O'Neill 2014, XSL-RR 128/64), seeded by a SeedSequence. */
import type { Seed } from './mersenneTwister.ts';
import { seedSequence } from './seedSequence.ts';

const multiplier = (2549297995355413924n << 64n) + 4865540595714422341n;
const mask64 = (1n << 64n) - 1n;
const mask128 = (1n << 128n) - 1n;

/** `numpy.random.default_rng(seed).random()`: a source of doubles in 0..1 (1 excluded) of 53 bits. */
export function numpyUniforms(seed: Seed): () => number {
  const words = seedSequence({ entropy: seed, poolSize: 4 }, 8).map(BigInt);
  const wide = (i: number) => words[i]! | (words[i + 1]! << 32n);
  const start = (wide(0) << 64n) | wide(2);
  const increment = ((((wide(4) << 64n) | wide(6)) << 1n) | 1n) & mask128;
  const step = (state: bigint) => (state * multiplier + increment) & mask128;
  let state = step((increment + start) & mask128);
  return () => {
    state = step(state);
    const folded = ((state >> 64n) ^ state) & mask64;
    const turn = state >> 122n;
    const bits = ((folded >> turn) | (folded << (64n - turn))) & mask64;
    return Number(bits >> 11n) / 2 ** 53;
  };
}
