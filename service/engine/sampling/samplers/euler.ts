/** Euler's method (Karras et al. 2022, algorithm 2, without the correction). */
import type { Sampler } from '../types.ts';
import { eulerStep } from './arithmetic.ts';
import { churned } from './churn.ts';

export const euler: Sampler = async function* (denoise, start, sigmas, noise, options) {
  let x = start;
  const steps = sigmas.length - 1;
  for (let i = 0; i < steps; i++) {
    const step = { sigma: sigmas[i]!, sigmaNext: sigmas[i + 1]!, steps };
    const raised = churned(x, step, noise, options);
    const denoised = await denoise(raised.x, raised.sigmaHat);
    x = eulerStep(raised.x, denoised, raised.sigmaHat, step.sigmaNext);
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
