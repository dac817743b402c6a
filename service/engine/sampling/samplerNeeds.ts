/** What a sampler asks of everything around it, in one place. */
import type { DenoiserOptions } from './denoiser.ts';
import type { SamplerEntry } from './samplers/registry.ts';
import { consistencyBoundary, consistencySigmas } from './sigmas/consistency.ts';
import { timestepLookup } from './sigmas/levels.ts';
import type { ModelSigmas } from './sigmas/modelSigmas.ts';
import type { StepPlan } from './steps.ts';

/** The noise levels that schedules and the denoiser go by: the model's, or a consistency model's 50. */
export function levelsFor(
  sampler: Pick<SamplerEntry, 'consistency'>,
  model: ModelSigmas,
): ModelSigmas {
  return sampler.consistency ? consistencySigmas(model) : model;
}

type Needs = Pick<
  DenoiserOptions,
  'model' | 'timestepOf' | 'boundary' | 'velocitySigma' | 'unconditional' | 'cfgScale'
>;

/** The denoiser's options that follow from the sampler and its plan; `model` as levelsFor answers. */
export function denoiserNeeds(
  sampler: Pick<SamplerEntry, 'consistency' | 'needsUnconditional' | 'guidanceFactor'>,
  plan: Pick<StepPlan, 'sigmas' | 'timesteps' | 'wholeVelocity'>,
  { model, cfgScale }: { readonly model: ModelSigmas; readonly cfgScale: number },
): Needs {
  const timestepOf = timestepLookup(plan);
  const whole = (sigma: number): number => {
    const timestep = timestepOf?.(sigma);
    return timestep === undefined ? sigma : model.sigmas[Math.trunc(timestep)]!;
  };
  return {
    model,
    cfgScale: cfgScale * (sampler.guidanceFactor ?? 1),
    ...(timestepOf ? { timestepOf } : {}),
    ...(plan.wholeVelocity ? { velocitySigma: whole } : {}),
    ...(sampler.consistency ? { boundary: consistencyBoundary } : {}),
    ...(sampler.needsUnconditional ? { unconditional: 'always' } : {}),
  };
}
