/** DPM-Solver++ for the SDE, single step of second order (k-diffusion sample_dpmpp_sde). */
import type { Sampler } from '../types.ts';
import { addNoise, mix } from './arithmetic.ts';
import { ancestralStep } from './ancestral.ts';

export const dpmppSde: Sampler = async function* (denoise, start, sigmas, noise, options) {
  const { eta = 1, sNoise = 1, r = 1 / 2 } = options;
  // The reference asks for noise between exp(-(-ln sigma)), which in float32 is not quite sigma.
  const f = start.data instanceof Float32Array ? Math.fround : Number;
  const level = (t: number) => f(Math.exp(-t));
  let x = start;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    if (sigmaNext === 0) {
      x = denoised;
    } else {
      const t = f(-Math.log(sigma));
      const tNext = f(-Math.log(sigmaNext));
      const middle = level(f(t + f(f(tNext - t) * r)));
      const first = ancestralStep(sigma, middle, eta);
      const x2 = addNoise(
        mix(first.down / sigma, x, 1 - first.down / sigma, denoised),
        noise.next(level(t), middle),
        sNoise * first.up,
      );
      const denoised2 = await denoise(x2, middle);
      const second = ancestralStep(sigma, sigmaNext, eta);
      const share = 1 / (2 * r);
      const target = mix(1 - share, denoised, share, denoised2);
      x = addNoise(
        mix(second.down / sigma, x, 1 - second.down / sigma, target),
        noise.next(level(t), level(tNext)),
        sNoise * second.up,
      );
    }
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
