/** Heun's method: Euler's step corrected by the slope at its end (Karras et al. 2022, algorithm 2). */
import type { Sampler } from '../types.ts';
import { eulerStep, weightedSum } from './arithmetic.ts';
import { churned } from './churn.ts';

export const heun: Sampler = async function* (denoise, start, sigmas, noise, options) {
  let x = start;
  const steps = sigmas.length - 1;
  for (let i = 0; i < steps; i++) {
    const sigmaNext = sigmas[i + 1]!;
    const raised = churned(x, { sigma: sigmas[i]!, sigmaNext, steps }, noise, options);
    const sigma = raised.sigmaHat;
    const denoised = await denoise(raised.x, sigma);
    x = eulerStep(raised.x, denoised, sigma, sigmaNext);
    if (sigmaNext > 0) {
      const denoised2 = await denoise(x, sigmaNext);
      const half = (sigmaNext - sigma) / 2;
      x = weightedSum([
        [1 + half / sigma, raised.x],
        [-half / sigma, denoised],
        [half / sigmaNext, x],
        [-half / sigmaNext, denoised2],
      ]);
    }
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
