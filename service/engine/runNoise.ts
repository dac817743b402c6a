/** A run's random numbers: the seed's, moved towards a variation seed's where asked. */
import type { Size } from '../../shared/geometry.ts';
import type { DiffusionRequest } from '../../shared/request.ts';
import type { PipelineOptions } from './plan/pipelineOptions.ts';
import { createGenerator } from './sampling/noise/generator.ts';
import { imageNoise, sharedNoise } from './sampling/noise/imageNoise.ts';
import { slerpColumns } from './sampling/noise/slerp.ts';
import { findSampler } from './sampling/samplers/registry.ts';
import type { Latent } from './sampling/types.ts';
import type { RunNoise } from './startDraws.ts';
import type { VariantSeeds } from './variantSeeds.ts';

/**
 * The noise of one image of `shape`. Diffusers draws the VAE's posteriors from the same generator;
 * there neither the seed delta nor a seed size has a meaning. Throws E_SAMPLER_UNKNOWN.
 */
export function runNoise(
  request: Pick<DiffusionRequest, 'sampler' | 'noiseSource' | 'etaNoiseSeedDelta' | 'advanced'>,
  options: Pick<PipelineOptions, 'generators' | 'posterior'>,
  shape: Latent['shape'],
  seeds: VariantSeeds,
): RunNoise {
  const [, channels, height, width] = shape;
  const source = request.noiseSource ?? 'cpu';
  const one = [channels, height, width] as const;
  if (options.generators === 'per-image') {
    const seedSize = request.advanced?.seedSize;
    const usesDelta = findSampler(request.sampler).entry.usesSeedDelta === true;
    const noise = imageNoise({
      source,
      shape: one,
      seeds: [seeds.seed],
      ...(seeds.variation
        ? { subseeds: [seeds.variation.seed], subseedStrength: seeds.variation.strength }
        : {}),
      ...(seedSize ? { resizeFrom: inLatents(seedSize) } : {}),
      etaNoiseSeedDelta: usesDelta ? (request.etaNoiseSeedDelta ?? 0) : 0,
    });
    return { noise, posterior: undefined };
  }
  const generator = createGenerator(source, seeds.seed);
  const size = channels * height * width;
  return {
    noise: varied(sharedNoise(generator, size), seeds.variation, (seed, share, first) =>
      slerpColumns(first, createGenerator(source, seed).normal(size), share, one),
    ),
    posterior: options.posterior === 'sample' ? (count) => generator.normal(count) : undefined,
  };
}

/** A picture size in latent pixels, as the WebUI counts them. */
function inLatents({ width, height }: Size): Size {
  return { width: Math.floor(width / 8), height: Math.floor(height / 8) };
}

/** The same source with its first draw mixed. */
function varied(
  noise: RunNoise['noise'],
  variation: VariantSeeds['variation'],
  mix: (seed: number, share: number, first: Float32Array) => Float32Array,
): RunNoise['noise'] {
  if (!variation) return noise;
  let isFirst = true;
  return {
    next() {
      const drawn = noise.next();
      if (!isFirst) return drawn;
      isFirst = false;
      return mix(variation.seed, variation.strength, drawn);
    },
  };
}
