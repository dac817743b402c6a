/**
 * The refined exponential solver as a multistep method of second order (Zhang et al. 2023; ComfyUI
 * res_multistep); with eta fresh noise after each step.
 */
import type {
  Latent,
  LatentData,
  Sampler,
  SamplerRun,
  Denoise,
  NoiseSource,
  SamplerOptions,
} from '../types.ts';
import { ancestralStep } from './ancestral.ts';
import { addNoise, eulerStep, weightedSum } from './arithmetic.ts';

export const resMultistep: Sampler = async function* <A extends LatentData>(
  denoise: Denoise<A>,
  start: Latent<A>,
  sigmas: readonly number[],
  noise: NoiseSource,
  { eta = 1, sNoise = 1 }: SamplerOptions,
): SamplerRun<A> {
  let x = start;
  let past: { readonly denoised: Latent<A>; readonly down: number } | undefined;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    const { down, up } = ancestralStep(sigma, sigmaNext, eta);
    if (!past || down === 0) x = eulerStep(x, denoised, sigma, down);
    else {
      const h = Math.log(sigma / down);
      // Where the earlier prediction lies, in widths of this step.
      const c2 = Math.log(past.down / sigmas[i - 1]!) / h;
      const phi1 = -Math.expm1(-h) / h;
      const b2 = (1 - phi1) / h / c2;
      x = weightedSum([
        [down / sigma, x],
        [h * (phi1 - b2), denoised],
        [h * b2, past.denoised],
      ]);
    }
    if (sigmaNext > 0) x = addNoise(x, noise.next(sigma, sigmaNext), sNoise * up);
    past = { denoised, down };
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
