/**
 * Schedulers with two calls a step, the last step excepted: Heun's method, DPM-Solver-2 and its
 * ancestral form, DPM-Solver++ for the SDE (diffusers HeunDiscrete-, KDPM2Discrete-,
 * KDPM2AncestralDiscrete-, DPMSolverSDEScheduler). Each takes the plain levels apart into its calls'.
 */
import { ancestralStep } from '../samplers/ancestral.ts';
import { addNoise, eulerStep, mix, weightedSum } from '../samplers/arithmetic.ts';
import type { Levels } from '../sigmas/levels.ts';
import type { Latent, LatentData } from '../types.ts';
import type { MakeStep, Step, StepRun } from './perCall.ts';

const f = Math.fround;

/** Plain levels with the second call of each step between them, or at the step's end. */
export function withSecondCalls(
  levels: Levels,
  second: (sigma: number, next: number) => number,
  timestepOf: (sigma: number, index: number) => number,
): Levels {
  const { timesteps = [] } = levels;
  const end = levels.sigmas.at(-1)!;
  const plain = levels.sigmas.slice(0, -1);
  const between = plain.slice(1).map((next, i) => second(plain[i]!, next));
  return {
    ...levels,
    sigmas: [...plain.flatMap((s, i) => (i === 0 ? [s] : [between[i - 1]!, s])), end],
    timesteps: timesteps.flatMap((t, i) => (i === 0 ? [t] : [timestepOf(between[i - 1]!, i), t])),
    callsPerStep: 2,
  };
}

/** Half way between two levels in their logarithms. */
export function middleOf(sigma: number, next: number): number {
  return halfWay(next, sigma);
}

/**
 * Where the ancestral form's first call leads: half way to the level before fresh noise, which but for
 * rounding is the next level. The two are kept apart, as timesteps are looked up by their sigma.
 */
export function middleBelow(sigma: number, next: number): number {
  const middle = halfWay(sigma, ancestralStep32(sigma, next).down);
  return middle === next ? middle * (1 + leastShare) : middle;
}

const leastShare = 1e-12;

/** torch's lerp of the logarithms, in float32. */
function halfWay(start: number, end: number): number {
  const [from, to] = [f(Math.log(start)), f(Math.log(end))];
  return f(Math.exp(f(to - f(f(to - from) * 0.5))));
}

/** In float32, as diffusers has it: digits are lost where the levels are far apart. */
function ancestralStep32(sigma: number, next: number): { down: number; up: number } {
  const square = (value: number) => f(value * value);
  const share = f(square(next) * f(square(sigma) - square(next)));
  const up = f(Math.sqrt(f(share / square(sigma))));
  const left = f(square(next) - square(up));
  return { up, down: left > 0 ? f(Math.sqrt(left)) : square(next) / sigma };
}

/** Levels of the calls: of the first in even places, of the second in odd ones. */
export function heun(sigmas: readonly number[]): MakeStep {
  return <A extends LatentData>(): Step<A> => {
    let first: { readonly x: Latent<A>; readonly denoised: Latent<A> } | undefined;
    return ({ x, denoised, at }) => {
      const sigma = sigmas[at]!;
      if (!first) {
        // A last call has no second.
        if (at < sigmas.length - 2) first = { x, denoised };
        return eulerStep(x, denoised, sigma, sigmas[at + 1]!);
      }
      const { x: base, denoised: before } = first;
      first = undefined;
      const from = sigmas[at - 1]!;
      const half = (sigma - from) / 2;
      return weightedSum([
        [1 + half / from, base],
        [-half / from, before],
        [half / sigma, x],
        [-half / sigma, denoised],
      ]);
    };
  };
}

/** Ends at the next call's level, or below it with fresh noise on top. */
export function kdpm2(sigmas: readonly number[], isAncestral: boolean): MakeStep {
  return <A extends LatentData>({ noise, options: { sNoise = 1 } }: StepRun): Step<A> => {
    let base: Latent<A> | undefined;
    return ({ x, denoised, at }) => {
      const [sigma, next] = [sigmas[at]!, sigmas[at + 1]!];
      if (!base) {
        if (at < sigmas.length - 2) base = x;
        return eulerStep(x, denoised, sigma, next);
      }
      const from = sigmas[at - 1]!;
      const { down, up } = isAncestral ? ancestralStep32(from, next) : { down: next, up: 0 };
      const share = (down - from) / sigma;
      const stepped = weightedSum([
        [1, base],
        [share, x],
        [-share, denoised],
      ]);
      base = undefined;
      return isAncestral ? addNoise(stepped, noise.next(from, next), up * sNoise) : stepped;
    };
  };
}

/** Fresh noise after both calls; the second one's step starts where the first one's did. */
export function dpmSolverSde(sigmas: readonly number[]): MakeStep {
  return <A extends LatentData>({ noise, options: { sNoise = 1 } }: StepRun): Step<A> => {
    let base: Latent<A> | undefined;
    return ({ x, denoised, at }) => {
      const next = sigmas[at + 1]!;
      if (next === 0) return denoised;
      const from = sigmas[base ? at - 1 : at]!;
      const { down, up } = ancestralStep(from, next, 1);
      const stepped = mix(down / from, base ?? x, 1 - down / from, denoised);
      // Asked for by levels that went through a logarithm, as the middle has already.
      const fresh = noise.next(throughLog(from), base ? throughLog(next) : next);
      base = base ? undefined : x;
      return addNoise(stepped, fresh, up * sNoise);
    };
  };
}

const throughLog = (sigma: number) => f(Math.exp(-f(-Math.log(sigma))));

/** The middle of a step of DPM-Solver++ for the SDE, in float32. */
export function middleThroughLog(sigma: number, next: number): number {
  const [t, end] = [f(-Math.log(sigma)), f(-Math.log(next))];
  return f(Math.exp(-f(t + f(f(end - t) * 0.5))));
}
