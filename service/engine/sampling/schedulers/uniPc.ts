/**
 * UniPC: a predictor of any order, and a corrector that uses the next call's prediction as well (Zhao et
 * al. 2023; diffusers UniPCMultistepScheduler).
 */
import { mix, weightedSum } from '../samplers/arithmetic.ts';
import type { Latent, LatentData } from '../types.ts';
import { noiseSlope } from './noiseSlope.ts';
import type { MakeStep, Step } from './perCall.ts';
import { solveLinear } from './solveLinear.ts';

export interface UniPcOptions {
  readonly order: number;
  /** B(h): h itself, or e^h - 1. */
  readonly variant: 'bh1' | 'bh2';
  /** Over clean latents, or over noise. */
  readonly overClean: boolean;
  /** The last steps are of lower order. */
  readonly lowerOrderFinal: boolean;
  /** Calls after which nothing is corrected. */
  readonly uncorrected: readonly number[];
}

interface Prediction<A extends LatentData> {
  readonly value: Latent<A>;
  readonly sigma: number;
}

export function uniPc(sigmas: readonly number[], options: UniPcOptions): MakeStep {
  const calls = sigmas.length - 1;
  return <A extends LatentData>(): Step<A> => {
    /** The newest first. */
    const past: Prediction<A>[] = [];
    let last: { readonly x: Latent<A>; readonly order: number } | undefined;
    return ({ x: seen, denoised, predicted, at }) => {
      const sigma = sigmas[at]!;
      // Over noise nothing is clipped.
      const value = options.overClean ? denoised : noiseSlope(seen, predicted, sigma);
      const now: Prediction<A> = { value, sigma };
      const corrects = last !== undefined && !options.uncorrected.includes(at - 1);
      const x =
        last && corrects
          ? update(options, last.x, { past: past.slice(0, last.order), now }, sigma)
          : seen;
      past.unshift(now);
      past.length = Math.min(past.length, options.order);
      const most = options.lowerOrderFinal ? calls - at : options.order;
      const order = Math.min(past.length, most);
      last = { x, order };
      return update(options, x, { past: past.slice(0, order) }, sigmas[at + 1]!);
    };
  };
}

/**
 * From the newest of `past` to sigma `to`, by differences to its prediction; `now`, a prediction at `to`
 * itself, makes it the corrector.
 */
function update<A extends LatentData>(
  options: UniPcOptions,
  x: Latent<A>,
  known: { readonly past: readonly Prediction<A>[]; readonly now?: Prediction<A> },
  to: number,
): Latent<A> {
  const [newest, ...older] = known.past;
  if (!newest) return x;
  const from = newest.sigma;
  const h = Math.log(from / to);
  const step = options.overClean ? -h : h;
  const gain = Math.expm1(step);
  // Over noise sqrt(alpha) is the only factor of x, and cancels.
  const keep = options.overClean ? to / from : 1;
  const scale = options.overClean ? 1 : to;
  const base = mix(keep, x, options.overClean ? -gain : to - from, newest.value);
  const others = [...older, ...(known.now ? [known.now] : [])];
  // A step of no width has nothing to add, and an endless one only its own prediction.
  if (others.length === 0 || h === 0 || to === 0) return base;
  const b = options.variant === 'bh1' ? step : gain;
  const ratios = others.map((other) => Math.log(from / other.sigma) / h);
  const weights = weightsOf(ratios, { step, gain, b });
  const terms = others.map((other, i) => {
    const weight = (-scale * b * weights[i]!) / ratios[i]!;
    return { weight, value: other.value };
  });
  const total = terms.reduce((sum, { weight }) => sum + weight, 0);
  return weightedSum([
    [1, base],
    [-total, newest.value],
    ...terms.map(({ weight, value }) => [weight, value] as const),
  ]);
}

/** Weights of the differences: the powers of the ratios are to meet the integrals of the exponential. */
function weightsOf(
  ratios: readonly number[],
  { step, gain, b }: { readonly step: number; readonly gain: number; readonly b: number },
): number[] {
  // As published: the lowest orders take one half whatever the step.
  if (ratios.length === 1) return [0.5];
  const right: number[] = [];
  let factorial = 1;
  let phi = gain / step - 1;
  for (let i = 1; i <= ratios.length; i++) {
    right.push((phi * factorial) / b);
    factorial *= i + 1;
    phi = phi / step - 1 / factorial;
  }
  const rows = right.map((_, power) => ratios.map((ratio) => ratio ** power));
  return solveLinear(rows, right);
}
