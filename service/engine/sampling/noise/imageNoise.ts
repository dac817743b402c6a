/**
 * Noise for a batch with one generator an image, so that a picture is the same alone and in a batch
 * (a1111: modules/rng.py ImageRNG).
 */
import { createGenerator, type NormalGenerator, type RandomSource } from './generator.ts';
import type { Seed } from './mersenneTwister.ts';
import { slerpColumns } from './slerp.ts';

export interface ImageNoiseOptions {
  readonly source: RandomSource;
  /** Channels, height and width of one image's latent. */
  readonly shape: readonly [number, number, number];
  /** One per image. */
  readonly seeds: readonly Seed[];
  /** Variation: the initial noise moves this share (0..1) of the way to the subseeds' noise. */
  readonly subseeds?: readonly Seed[];
  readonly subseedStrength?: number;
  /** The picture size, in latent pixels, whose composition the seed should keep. */
  readonly resizeFrom?: { readonly height: number; readonly width: number };
  /** Added to the seeds for all draws after the initial noise (ENSD). */
  readonly etaNoiseSeedDelta?: number;
}

/**
 * A noise source: the first `next()` is the initial noise, each later one what a sampler's step asks
 * for; `[B,C,H,W]` in one array.
 */
export function imageNoise(options: ImageNoiseOptions): { next(): Float32Array } {
  const { shape, seeds, source } = options;
  const size = shape[0] * shape[1] * shape[2];
  let generators = seeds.map((seed) => createGenerator(source, seed));
  let first = true;
  const initial = (generator: NormalGenerator, image: number): Float32Array =>
    initialNoise(options, generator, image);
  return {
    next() {
      const batch = new Float32Array(size * seeds.length);
      for (const [i, generator] of generators.entries()) {
        batch.set(first ? initial(generator, i) : generator.normal(size), i * size);
      }
      const delta = options.etaNoiseSeedDelta ?? 0;
      if (first && delta !== 0) {
        generators = seeds.map((seed) =>
          createGenerator(source, BigInt(seed) + BigInt(Math.trunc(delta))),
        );
      }
      first = false;
      return batch;
    },
  };
}

/**
 * One generator for the whole batch, drawn in one piece (diffusers with a single generator). The
 * generator is given, since pictures may have been drawn from it before.
 */
export function sharedNoise(
  generator: NormalGenerator,
  batchSize: number,
): { next(): Float32Array } {
  return { next: () => generator.normal(batchSize) };
}

function initialNoise(
  options: ImageNoiseOptions,
  generator: NormalGenerator,
  image: number,
): Float32Array {
  const { shape, seeds, source, resizeFrom } = options;
  const [channels, height, width] = shape;
  const small: [number, number, number] = resizeFrom
    ? [channels, resizeFrom.height, resizeFrom.width]
    : [channels, height, width];
  const count = small[0] * small[1] * small[2];
  const same = small[1] === height && small[2] === width;
  let noise = (same ? generator : createGenerator(source, seeds[image]!)).normal(count);
  const strength = options.subseedStrength ?? 0;
  if (strength !== 0) {
    const subseed = options.subseeds?.[image] ?? 0;
    const other = createGenerator(source, subseed).normal(count);
    noise = slerpColumns(noise, other, strength, small);
  }
  if (same) return noise;
  const base = generator.normal(channels * height * width);
  pasteCentred(base, shape, noise, small);
  return base;
}

type Shape3 = readonly [number, number, number];

/** The smaller noise over the middle of the larger, cropped where it is the larger one. */
function pasteCentred(base: Float32Array, shape: Shape3, noise: Float32Array, small: Shape3): void {
  const [channels, height, width] = shape;
  const dx = Math.floor((width - small[2]) / 2);
  const dy = Math.floor((height - small[1]) / 2);
  const w = dx >= 0 ? small[2] : small[2] + 2 * dx;
  const h = dy >= 0 ? small[1] : small[1] + 2 * dy;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < h; y++) {
      const from = (c * small[1] + y + Math.max(-dy, 0)) * small[2] + Math.max(-dx, 0);
      const to = (c * height + y + Math.max(dy, 0)) * width + Math.max(dx, 0);
      base.set(noise.subarray(from, from + w), to);
    }
  }
}
