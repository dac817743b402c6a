/**
 * DDIM with CFG++ (Chung et al. 2024): the clean latent is the guided one, the noise put back is the
 * unconditional one, so that guidance does not push the latent off the model's path.
 */
import type { Sampler } from '../types.ts';
import { addNoise, weightedSum } from './arithmetic.ts';
import { ancestralStep } from './ancestral.ts';

export const ddimCfgpp: Sampler = async function* (denoise, start, sigmas, noise, options) {
  const { eta = 0, sNoise = 1 } = options;
  let x = start;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    const { unconditional = denoised } = denoised;
    const { down, up } = ancestralStep(sigma, sigmaNext, eta);
    x = weightedSum([
      [1, denoised],
      [down / sigma, x],
      [-down / sigma, unconditional],
    ]);
    // Drawn at every step, used or not, as the WebUI does.
    x = addNoise(x, noise.next(sigma, sigmaNext), sNoise * up);
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
