/**
 * DEIS: the noise of earlier steps is extrapolated as a polynomial in ln sigma and integrated over sigma
 * (Zhang and Chen 2023, log-rho multistep; diffusers DEISMultistepScheduler).
 */
import { weightedSum } from '../samplers/arithmetic.ts';
import type { Latent, LatentData } from '../types.ts';
import { shortSchedule, type DpmOptions } from './dpmMultistep.ts';
import { noiseSlope } from './noiseSlope.ts';
import type { MakeStep, Step } from './perCall.ts';

export type DeisOptions = Pick<DpmOptions, 'order' | 'lowerOrderFinal'>;

export function deis(sigmas: readonly number[], options: DeisOptions): MakeStep {
  const calls = sigmas.length - 1;
  return <A extends LatentData>(): Step<A> => {
    const past: Latent<A>[] = [];
    return ({ x, denoised, at }) => {
      past.unshift(noiseSlope(x, denoised, sigmas[at]!));
      past.length = Math.min(past.length, options.order);
      const lowers = options.lowerOrderFinal && calls < shortSchedule;
      const order = Math.min(past.length, lowers ? calls - at : past.length);
      const nodes = past.slice(0, order).map((_, i) => sigmas[at - i]!);
      const weights = nodes.map((_, i) => integral(nodes, i, sigmas[at + 1]!));
      return weightedSum([[1, x], ...weights.map((w, i) => [w, past[i]!] as const)]);
    };
  };
}

/**
 * Integral over sigma, from nodes[0] to `end`, of the polynomial in ln sigma that is 1 at nodes[i] and 0 at
 * the others: the difference of its antiderivative at both, in float32 as diffusers has it, where the
 * third order loses digits.
 */
function integral(nodes: readonly number[], i: number, end: number): number {
  const from = nodes[0]!;
  // A sigma of 0 is infinitely far in ln sigma: what is left is the first-order step.
  if (end === 0) return i === 0 ? -from : 0;
  if (nodes.length === 1) return end - from;
  const others = [...nodes.slice(i + 1), ...nodes.slice(0, i)].map(log);
  const antiderivative = (sigma: number) => primitive(sigma, log(nodes[i]!), others);
  return f(antiderivative(through(end)) - antiderivative(through(from)));
}

const f = Math.fround;
const log = (sigma: number) => f(Math.log(through(sigma)));

/** A level by way of its variance-preserving pair. */
function through(sigma: number): number {
  const alpha = f(1 / f(Math.sqrt(f(f(sigma * sigma) + 1))));
  return f(f(sigma * alpha) / alpha);
}

/** At t, for the node whose logarithm is b and one or two others' (Zhang and Chen 2023, log-rho). */
function primitive(t: number, b: number, [c, d]: readonly number[]): number {
  const own = f(Math.log(t));
  if (c === undefined) return t;
  if (d === undefined) return f(f(t * f(f(-c + own) - 1)) / f(b - c));
  const cross = f(c * f(f(d - own) + 1));
  const square = f(f(f(f(f(cross - f(d * own)) + d) + f(own * own)) - f(2 * own)) + 2);
  return f(f(t * square) / f(f(b - c) * f(b - d)));
}
