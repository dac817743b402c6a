/** Euler's method with fresh noise after each step (k-diffusion sample_euler_ancestral). */
import type { Sampler } from '../types.ts';
import { addNoise, eulerStep } from './arithmetic.ts';
import { ancestralStep } from './ancestral.ts';

export const eulerAncestral: Sampler = async function* (denoise, start, sigmas, noise, options) {
  const { eta = 1, sNoise = 1 } = options;
  let x = start;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    const { down, up } = ancestralStep(sigma, sigmaNext, eta);
    x = eulerStep(x, denoised, sigma, down);
    if (sigmaNext > 0) x = addNoise(x, noise.next(sigma, sigmaNext), sNoise * up);
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
