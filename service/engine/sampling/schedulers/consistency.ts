/** Distilled models of few steps (diffusers LCMScheduler, TCDScheduler). */
import { addNoise, mix, weightedSum } from '../samplers/arithmetic.ts';
import type { Levels } from '../sigmas/levels.ts';
import { atLevel } from './atLevel.ts';
import type { MakeStep } from './perCall.ts';

const f = Math.fround;
const sigmaData = 0.5;

/**
 * Latent consistency (Luo et al. 2023): the prediction is taken nearly whole, and noised again unless it
 * is the last. `scaling`: of timesteps in the weights of prediction and latent (10).
 */
export function lcm({ sigmas, timesteps = [] }: Levels, scaling: number): MakeStep {
  const calls = sigmas.length - 1;
  return ({ noise, options: { sNoise = 1 } }) =>
    ({ x, denoised, at }) => {
      const [sigma, next] = [sigmas[at]!, sigmas[at + 1]!];
      const t = timesteps[at]! * scaling;
      const skip = sigmaData ** 2 / (t ** 2 + sigmaData ** 2);
      const out = t / Math.sqrt(t ** 2 + sigmaData ** 2);
      const clean = mix(out, denoised, skip / Math.hypot(1, sigma), x);
      return at === calls - 1 ? clean : addNoise(clean, noise.next(sigma, next), next * sNoise);
    };
}

/**
 * Trajectory consistency (Zheng et al. 2024): to the share 1 - eta of the next timestep, and noised up to
 * it. The last step ends at the training's first level.
 */
export function tcd(
  { sigmas, timesteps = [] }: Levels,
  sigmaOf: (timestep: number) => number,
): MakeStep {
  const calls = sigmas.length - 1;
  return ({ noise, options }) =>
    ({ x, predicted, at }) => {
      const { eta = 0.3, sNoise = 1 } = options;
      const [sigma, next] = [sigmas[at]!, sigmas[at + 1]!];
      const target = sigmaOf(Math.floor(f(f(1 - eta) * (timesteps[at + 1] ?? 0))));
      const share = target / sigma;
      const stepped = weightedSum([
        [1 - share, predicted],
        [share, x],
      ]);
      if (eta <= 0 || at === calls - 1) return atLevel(stepped, target, next);
      const amount = Math.sqrt(Math.max(0, next ** 2 - target ** 2));
      return addNoise(stepped, noise.next(sigma, next), amount * sNoise);
    };
}
