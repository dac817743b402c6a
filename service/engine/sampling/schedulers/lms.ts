/** Linear multistep of order 4 on sigma (diffusers LMSDiscreteScheduler). */
import { weightedSum } from '../samplers/arithmetic.ts';
import { adamsWeight } from '../samplers/lms.ts';
import type { Latent, LatentData } from '../types.ts';
import { noiseSlope } from './noiseSlope.ts';
import type { MakeStep, Step, StepRun } from './perCall.ts';

/**
 * The order goes by the schedule's steps: where a strength left the first ones out, weights of slopes
 * that were never computed are left out, too.
 */
export function lms(sigmas: readonly number[]): MakeStep {
  return <A extends LatentData>({ options }: StepRun): Step<A> => {
    const slopes: Latent<A>[] = [];
    return ({ x, denoised, at }) => {
      slopes.unshift(noiseSlope(x, denoised, sigmas[at]!));
      const order = Math.min(at + 1, options.order ?? 4);
      slopes.length = Math.min(slopes.length, options.order ?? 4);
      return weightedSum([
        [1, x],
        ...slopes.slice(0, order).map((s, j) => [adamsWeight(sigmas, at, order, j), s] as const),
      ]);
    };
  };
}
