/**
 * DPM-Solver in groups of one to three calls, each group one step from where it began (diffusers
 * DPMSolverSinglestepScheduler).
 */
import { mix } from '../samplers/arithmetic.ts';
import type { Latent, LatentData } from '../types.ts';
import type { DpmOptions } from './dpmMultistep.ts';
import { dpmUpdate } from './dpmUpdate.ts';
import { noiseSlope } from './noiseSlope.ts';
import type { MakeStep, Step, StepRun } from './perCall.ts';

export function dpmSinglestep(
  sigmas: readonly number[],
  options: Omit<DpmOptions, 'eulerAtFinal'>,
): MakeStep {
  const { algorithm, rule } = options;
  const orders = ordersOf(sigmas, options);
  const isStochastic = algorithm.startsWith('sde');
  return <A extends LatentData>({ noise, options: { sNoise = 1 } }: StepRun): Step<A> => {
    const past: Latent<A>[] = [];
    let base: Latent<A> | undefined;
    return ({ x, denoised, at }) => {
      const sigma = sigmas[at]!;
      past.unshift(algorithm.endsWith('++') ? denoised : noiseSlope(x, denoised, sigma));
      past.length = Math.min(past.length, options.order);
      // A strength may begin within a group.
      const order = Math.min(past.length, orders[at] ?? 1);
      const from = order === 1 ? x : (base ?? x);
      base = from;
      const to = sigmas[at + 1]!;
      const inside = sigmas.slice(at - order + 1, at + 2);
      const fresh = isStochastic ? noise.next(sigma, to) : undefined;
      return dpmUpdate({
        algorithm,
        x: from,
        from: sigmas[at - order + 1]!,
        to,
        differences: differencesOf(past.slice(0, order), inside, rule),
        rule: order === 3 || rule === 'heun' ? 'integral' : 'midpoint',
        noise: fresh,
        sNoise,
      });
    };
  };
}

/** The order of each call's step: 1, 2, 3, 1, 2, 3, ... with lower ones at the end where asked or needed. */
function ordersOf(
  sigmas: readonly number[],
  { order, lowerOrderFinal }: Pick<DpmOptions, 'order' | 'lowerOrderFinal'>,
): number[] {
  const calls = sigmas.length - 1;
  const orders = Array.from({ length: calls }, (_, i) => (i % order) + 1);
  const endsAtZero = sigmas.at(-1) === 0;
  if (lowerOrderFinal || endsAtZero || calls % order !== 0) {
    // The last group does not reach the full order.
    if (calls % order === 0 && order > 1) orders.splice(-2, 2, ...(order === 3 ? [2, 1] : [1, 1]));
  }
  if (endsAtZero) orders[calls - 1] = 1;
  return orders;
}

/** The group's first prediction, then its differences in ln sigma over the whole step. */
function differencesOf<A extends LatentData>(
  past: readonly Latent<A>[],
  sigmas: readonly number[],
  rule: DpmOptions['rule'],
): Latent<A>[] {
  const first = past.at(-1)!;
  const [s0, s1, s2] = [sigmas[0]!, sigmas[1]!, sigmas[2]!];
  const h = Math.log(s0 / sigmas.at(-1)!);
  const slopeTo = (later: Latent<A>, r: number) => mix(1 / r, later, -1 / r, first);
  const [newest, middle] = past;
  if (past.length === 1 || !newest || !middle) return [first];
  if (past.length === 2) return [first, slopeTo(newest, Math.log(s0 / s1) / h)];
  const near = Math.log(s0 / s1) / h;
  const far = Math.log(s0 / s2) / h;
  const [nearSlope, farSlope] = [slopeTo(middle, near), slopeTo(newest, far)];
  if (rule === 'midpoint') return [first, farSlope];
  const width = far - near;
  return [
    first,
    mix(far / width, nearSlope, -near / width, farSlope),
    mix(2 / width, farSlope, -2 / width, nearSlope),
  ];
}
