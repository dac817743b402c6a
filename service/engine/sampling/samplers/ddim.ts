/**
 * DDIM (Song et al. 2021, formula 12), written in sigmas: x = denoised + down * eps + up * noise, where
 * eps = (x - denoised) / sigma. eta 0 is deterministic, eta 1 is DDPM.
 */
import type { Sampler } from '../types.ts';
import { addNoise, eulerStep } from './arithmetic.ts';
import { ancestralStep } from './ancestral.ts';

export const ddim: Sampler = async function* (denoise, start, sigmas, noise, options) {
  const { eta = 0, sNoise = 1 } = options;
  let x = start;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    const { down, up } = ancestralStep(sigma, sigmaNext, eta);
    x = eulerStep(x, denoised, sigma, down);
    // Drawn at every step, used or not, as the WebUI does.
    x = addNoise(x, noise.next(sigma, sigmaNext), sNoise * up);
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
