/** DPM-Solver++(2S) with ancestral noise (Lu et al. 2022; k-diffusion sample_dpmpp_2s_ancestral). */
import type { Sampler } from '../types.ts';
import { addNoise, eulerStep, mix } from './arithmetic.ts';
import { ancestralStep } from './ancestral.ts';

export const dpmpp2sAncestral: Sampler = async function* (denoise, start, sigmas, noise, options) {
  const { eta = 1, sNoise = 1 } = options;
  let x = start;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    const { down, up } = ancestralStep(sigma, sigmaNext, eta);
    if (down === 0) {
      x = denoised;
    } else {
      const middle = Math.sqrt(sigma * down);
      const denoised2 = await denoise(eulerStep(x, denoised, sigma, middle), middle);
      x = mix(down / sigma, x, 1 - down / sigma, denoised2);
    }
    if (sigmaNext > 0) x = addNoise(x, noise.next(sigma, sigmaNext), sNoise * up);
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
