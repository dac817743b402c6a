/**
 * DDIM (Song et al. 2021; diffusers DDIMScheduler). A step ends a whole stride below its timestep,
 * wherever the next one begins.
 */
import { ancestralStep } from '../samplers/ancestral.ts';
import { addNoise, weightedSum } from '../samplers/arithmetic.ts';
import type { Levels } from '../sigmas/levels.ts';
import { atLevel } from './atLevel.ts';
import type { MakeStep } from './perCall.ts';

/** `sigmaOf`: of a timestep of training; of one below 0 where the schedule ends. */
export function ddim(
  { sigmas, timesteps = [] }: Levels,
  stride: number,
  sigmaOf: (timestep: number) => number,
): MakeStep {
  return ({ noise, options }) =>
    ({ x, denoised, predicted, at }) => {
      const { eta = 0, sNoise = 1 } = options;
      const [sigma, next] = [sigmas[at]!, sigmas[at + 1]!];
      const end = Math.min(sigma, sigmaOf(timesteps[at]! - stride));
      const { down, up } = ancestralStep(sigma, end, eta);
      // Clipping does not reach the noise.
      const stepped = weightedSum([
        [1, denoised],
        [down / sigma, x],
        [-down / sigma, predicted],
      ]);
      const noised = eta > 0 ? addNoise(stepped, noise.next(sigma, end), up * sNoise) : stepped;
      return atLevel(noised, end, next);
    };
}
