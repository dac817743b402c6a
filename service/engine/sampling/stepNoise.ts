/** The noise source that a sampler needs. */
import { brownianNoise } from './noise/brownianTree.ts';
import type { RandomSource } from './noise/generator.ts';
import type { Seed } from './noise/mersenneTwister.ts';
import type { SamplerEntry } from './samplers/registry.ts';
import type { StepPlan } from './steps.ts';
import type { NoiseSource } from './types.ts';

export interface StepNoiseOptions {
  readonly sampler: Pick<SamplerEntry, 'noise'>;
  readonly plan: Pick<StepPlan, 'whole'>;
  readonly source: RandomSource;
  /** One per image: one Brownian tree each, from the image's own seed. */
  readonly seeds: readonly Seed[];
  /** Values of one image's latent. */
  readonly size: number;
  /** The generators that drew the initial noise: independent draws continue them. */
  readonly following: { next(): Float32Array };
}

/** A Brownian tree over the whole schedule for SDE samplers, otherwise the run's own generators. */
export function stepNoise(options: StepNoiseOptions): NoiseSource {
  const { sampler, plan, following } = options;
  if (sampler.noise !== 'brownian') return { next: () => following.next() };
  const positive = plan.whole.filter((sigma) => sigma > 0);
  return brownianNoise({
    source: options.source,
    seeds: options.seeds,
    size: options.size,
    sigmaMin: Math.min(...positive),
    sigmaMax: Math.max(...positive),
  });
}
