/** How often a run will ask the network, before a model is known. Pure. */
import { chooseSampling } from './chooseSampling.ts';
import { levelsFor } from './samplerNeeds.ts';
import type { AskedSampling } from './samplingNotes.ts';
import { modelSigmas } from './sigmas/modelSigmas.ts';
import { alphasCumprod } from './sigmas/noiseSchedule.ts';
import { planSteps } from './steps.ts';

/**
 * Evaluations of one picture, over Stable Diffusion's noise levels; undefined where the sampler itself
 * finds out. Throws E_SAMPLER_UNKNOWN, E_SCHEDULE_UNKNOWN.
 */
export function expectedEvaluations(asked: AskedSampling): number | undefined {
  const { sampler, schedule } = chooseSampling(asked);
  const { rule, steps, strength } = asked;
  return planSteps({
    rule,
    steps,
    ...(strength === undefined ? {} : { strength }),
    sampler,
    schedule,
    model: levelsFor(sampler, modelSigmas(alphasCumprod())),
  }).evaluations;
}
