/** How often a sampler asks the denoiser, told before it runs. */
import type { SamplerEntry } from './registry.ts';

/**
 * Evaluations over these sigmas (as many as it has steps, twice that for second order except on the
 * way to 0); undefined where that shows on the way.
 */
export function plannedEvaluations(
  sampler: Pick<SamplerEntry, 'secondOrder' | 'evaluations'>,
  sigmas: readonly number[],
): number | undefined {
  const steps = Math.max(0, sigmas.length - 1);
  if (steps > 0 && sampler.evaluations) return sampler.evaluations(sigmas);
  if (sampler.secondOrder !== true) return steps;
  return 2 * steps - (steps > 0 && sigmas.at(-1) === 0 ? 1 : 0);
}
