/** DPM-Solver over the predictions of earlier steps (diffusers DPMSolverMultistepScheduler). */
import { mix } from '../samplers/arithmetic.ts';
import type { Latent, LatentData } from '../types.ts';
import { dpmUpdate, type DpmAlgorithm } from './dpmUpdate.ts';
import { noiseSlope } from './noiseSlope.ts';
import type { MakeStep, Step, StepRun } from './perCall.ts';

export interface DpmOptions {
  readonly order: 1 | 2 | 3;
  readonly algorithm: DpmAlgorithm;
  readonly rule: 'midpoint' | 'heun';
  /** The last steps of short schedules are of lower order. */
  readonly lowerOrderFinal: boolean;
  /** The last step is of first order, however long the schedule. */
  readonly eulerAtFinal: boolean;
}

/** Schedules shorter than this end in lower orders. */
export const shortSchedule = 15;

export function dpmMultistep(sigmas: readonly number[], options: DpmOptions): MakeStep {
  const calls = sigmas.length - 1;
  const { algorithm, rule } = options;
  const isStochastic = algorithm.startsWith('sde');
  return <A extends LatentData>({ noise, options: { sNoise = 1 } }: StepRun): Step<A> => {
    const past: Latent<A>[] = [];
    return ({ x, denoised, at }) => {
      const [from, to] = [sigmas[at]!, sigmas[at + 1]!];
      past.unshift(algorithm.endsWith('++') ? denoised : noiseSlope(x, denoised, from));
      past.length = Math.min(past.length, options.order);
      const order = Math.min(past.length, orderAt(at, calls, to, options));
      const fresh = isStochastic ? noise.next(from, to) : undefined;
      const differences = differencesOf(past.slice(0, order), sigmas.slice(at - order + 1, at + 2));
      const own = order === 3 || rule === 'heun' ? 'integral' : 'midpoint';
      return dpmUpdate({ algorithm, x, from, to, differences, rule: own, noise: fresh, sNoise });
    };
  };
}

/** The highest order at this call of all. */
function orderAt(at: number, calls: number, to: number, options: DpmOptions): number {
  const lowers = options.lowerOrderFinal && calls < shortSchedule;
  if (at === calls - 1 && (lowers || options.eulerAtFinal || to === 0)) return 1;
  return at === calls - 2 && lowers ? 2 : 3;
}

/**
 * The newest prediction, then its divided differences in ln sigma, scaled to the step ahead. `sigmas`:
 * of the predictions, oldest first, then where the step ends.
 */
function differencesOf<A extends LatentData>(
  [now, one, two]: readonly Latent<A>[],
  sigmas: readonly number[],
): Latent<A>[] {
  if (!now || !one) return now ? [now] : [];
  const [s2, s1, s0, end] = [sigmas.at(-4), sigmas.at(-3)!, sigmas.at(-2)!, sigmas.at(-1)!];
  const h = Math.log(s0 / end);
  const r0 = Math.log(s1 / s0) / h;
  const slope0 = mix(1 / r0, now, -1 / r0, one);
  if (!two || s2 === undefined) return [now, slope0];
  const r1 = Math.log(s2 / s1) / h;
  const slope1 = mix(1 / r1, one, -1 / r1, two);
  const share = r0 / (r0 + r1);
  const bend = 1 / (r0 + r1);
  return [now, mix(1 + share, slope0, -share, slope1), mix(bend, slope0, -bend, slope1)];
}
