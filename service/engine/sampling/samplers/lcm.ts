/** Latent consistency: each prediction is taken whole and noised again (Luo et al. 2023). */
import type { Sampler } from '../types.ts';
import { addNoise } from './arithmetic.ts';

export const lcm: Sampler = async function* (denoise, start, sigmas, noise) {
  let x = start;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    x = sigmaNext > 0 ? addNoise(denoised, noise.next(sigma, sigmaNext), sigmaNext) : denoised;
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
