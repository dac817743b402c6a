/** DPM-Solver-2: the slope is taken half way in log sigma (Lu et al. 2022; k-diffusion sample_dpm_2). */
import type { Denoise, Latent, LatentData, Sampler } from '../types.ts';
import { addNoise, eulerStep, weightedSum } from './arithmetic.ts';
import { ancestralStep } from './ancestral.ts';
import { churned } from './churn.ts';

export const dpm2: Sampler = async function* (denoise, start, sigmas, noise, options) {
  let x = start;
  const steps = sigmas.length - 1;
  for (let i = 0; i < steps; i++) {
    const sigmaNext = sigmas[i + 1]!;
    const raised = churned(x, { sigma: sigmas[i]!, sigmaNext, steps }, noise, options);
    const denoised = await denoise(raised.x, raised.sigmaHat);
    x = await midpointStep(denoise, raised.x, denoised, [raised.sigmaHat, sigmaNext]);
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};

/** The same with fresh noise after each step (k-diffusion sample_dpm_2_ancestral). */
export const dpm2Ancestral: Sampler = async function* (denoise, start, sigmas, noise, options) {
  const { eta = 1, sNoise = 1 } = options;
  let x = start;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    const { down, up } = ancestralStep(sigma, sigmaNext, eta);
    x = await midpointStep(denoise, x, denoised, [sigma, down]);
    if (down > 0) x = addNoise(x, noise.next(sigma, sigmaNext), sNoise * up);
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};

async function midpointStep<A extends LatentData>(
  denoise: Denoise<A>,
  x: Latent<A>,
  denoised: Latent<A>,
  [sigma, sigmaNext]: readonly [number, number],
): Promise<Latent<A>> {
  if (sigmaNext === 0) return denoised;
  const middle = Math.sqrt(sigma * sigmaNext);
  const x2 = eulerStep(x, denoised, sigma, middle);
  const denoised2 = await denoise(x2, middle);
  const slope = (sigmaNext - sigma) / middle;
  return weightedSum([
    [1, x],
    [slope, x2],
    [-slope, denoised2],
  ]);
}
