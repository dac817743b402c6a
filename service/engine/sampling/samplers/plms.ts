/**
 * PLMS (Liu et al. 2022, "pseudo numerical methods"): Adams and Bashforth's rules over the predicted
 * noise, as if the steps were even. The first step is the improved Euler method, with two evaluations.
 */
import type { Denoise, Latent, LatentData, Sampler, SamplerRun } from '../types.ts';
import { adamsBashforth, adamsBashforthSlopes } from './adamsBashforth.ts';
import { mix, weightedSum } from './arithmetic.ts';

export const plms: Sampler = async function* <A extends LatentData>(
  denoise: Denoise<A>,
  start: Latent<A>,
  sigmas: readonly number[],
): SamplerRun<A> {
  let x = start;
  const past: Latent<A>[] = [];
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    past.unshift(mix(1 / sigma, x, -1 / sigma, denoised));
    past.length = Math.min(past.length, adamsBashforthSlopes);
    const rule = adamsBashforth(past.length);
    const slopes = past.map((eps, k) => [rule[k]!, eps] as const);
    if (i === 0 && sigmaNext > 0) {
      const x2 = mix(1, x, sigmaNext - sigma, past[0]!);
      const denoised2 = await denoise(x2, sigmaNext);
      const eps2 = mix(1 / sigmaNext, x2, -1 / sigmaNext, denoised2);
      slopes.splice(0, 1, [1 / 2, past[0]!], [1 / 2, eps2]);
    }
    const dt = sigmaNext - sigma;
    x = weightedSum([[1, x], ...slopes.map(([weight, eps]) => [weight * dt, eps] as const)]);
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
