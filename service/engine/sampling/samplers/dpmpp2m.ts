/** DPM-Solver++(2M), multistep of second order (Lu et al. 2022, algorithm 2; k-diffusion). */
import type { Denoise, Latent, LatentData, Sampler, SamplerRun } from '../types.ts';
import { mix } from './arithmetic.ts';

export const dpmpp2m: Sampler = async function* <A extends LatentData>(
  denoise: Denoise<A>,
  start: Latent<A>,
  sigmas: readonly number[],
): SamplerRun<A> {
  let x = start;
  let previous: Latent<A> | undefined;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    let target = denoised;
    if (previous && sigmaNext > 0) {
      const h = Math.log(sigma / sigmaNext);
      const r = Math.log(sigmas[i - 1]! / sigma) / h;
      target = mix(1 + 1 / (2 * r), denoised, -1 / (2 * r), previous);
    }
    const share = sigmaNext / sigma;
    x = sigmaNext === 0 ? denoised : mix(share, x, 1 - share, target);
    previous = denoised;
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
