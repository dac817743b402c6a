/** Heun's method: Euler's step corrected by the slope at its end (Karras et al. 2022, algorithm 2). */
import type { Denoise, Latent, LatentData, Sampler } from '../types.ts';
import { eulerStep, weightedSum } from './arithmetic.ts';
import { churned } from './churn.ts';

export const heun: Sampler = async function* (denoise, start, sigmas, noise, options) {
  let x = start;
  const steps = sigmas.length - 1;
  for (let i = 0; i < steps; i++) {
    const sigmaNext = sigmas[i + 1]!;
    const raised = churned(x, { sigma: sigmas[i]!, sigmaNext, steps }, noise, options);
    const denoised = await denoise(raised.x, raised.sigmaHat);
    x = await heunStep(denoise, { x: raised.x, denoised }, raised.sigmaHat, sigmaNext);
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};

/** One step from a latent and its prediction; the second evaluation is left out on the way to 0. */
export async function heunStep<A extends LatentData>(
  denoise: Denoise<A>,
  { x, denoised }: { readonly x: Latent<A>; readonly denoised: Latent<A> },
  sigma: number,
  sigmaNext: number,
): Promise<Latent<A>> {
  const x2 = eulerStep(x, denoised, sigma, sigmaNext);
  if (sigmaNext === 0) return x2;
  const denoised2 = await denoise(x2, sigmaNext);
  const half = (sigmaNext - sigma) / 2;
  return weightedSum([
    [1 + half / sigma, x],
    [-half / sigma, denoised],
    [half / sigmaNext, x2],
    [-half / sigmaNext, denoised2],
  ]);
}
