/** DPM-Solver++(2M) for the SDE, with the midpoint or Heun correction (k-diffusion). */
import type {
  Denoise,
  Latent,
  LatentData,
  NoiseSource,
  Sampler,
  SamplerOptions,
  SamplerRun,
} from '../types.ts';
import { addNoise, mix, weightedSum } from './arithmetic.ts';

export const dpmpp2mSde: Sampler = async function* <A extends LatentData>(
  denoise: Denoise<A>,
  start: Latent<A>,
  sigmas: readonly number[],
  noise: NoiseSource,
  { eta = 1, sNoise = 1, solver = 'midpoint' }: SamplerOptions,
): SamplerRun<A> {
  let x = start;
  let previous: Latent<A> | undefined;
  let previousH = 0;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    if (sigmaNext === 0) {
      x = denoised;
    } else {
      const h = Math.log(sigma / sigmaNext);
      const reach = h * (1 + eta);
      const gain = -Math.expm1(-reach);
      const kept = (sigmaNext / sigma) * Math.exp(-eta * h);
      if (previous) {
        const bend = solver === 'heun' ? 1 - gain / reach : gain / 2;
        const weight = (bend * h) / previousH;
        x = weightedSum([
          [kept, x],
          [gain + weight, denoised],
          [-weight, previous],
        ]);
      } else {
        x = mix(kept, x, gain, denoised);
      }
      if (eta > 0) {
        const fresh = sigmaNext * Math.sqrt(-Math.expm1(-2 * eta * h)) * sNoise;
        x = addNoise(x, noise.next(sigma, sigmaNext), fresh);
      }
      previousH = h;
    }
    previous = denoised;
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};

/** The Heun correction by default. */
export const dpmpp2mSdeHeun: Sampler = (denoise, start, sigmas, noise, options) =>
  dpmpp2mSde(denoise, start, sigmas, noise, { solver: 'heun', ...options });
