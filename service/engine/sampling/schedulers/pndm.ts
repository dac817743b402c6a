/**
 * Pseudo numerical methods (Liu et al. 2022; diffusers PNDMScheduler): Adams-Bashforth over predicted
 * noise, begun by a second look at the first step or by three Runge-Kutta steps of four calls.
 */
import { mix, weightedSum } from '../samplers/arithmetic.ts';
import type { Levels } from '../sigmas/levels.ts';
import type { Latent, LatentData } from '../types.ts';
import { atLevel } from './atLevel.ts';
import { noiseSlope } from './noiseSlope.ts';
import type { MakeStep, Step } from './perCall.ts';

export interface PndmTable {
  readonly levels: Levels;
  /** Calls of the Runge-Kutta steps, at the front of the schedule; 0 leaves them out. */
  readonly rungeKutta: number;
  /** Timesteps between two steps. */
  readonly stride: number;
  /** Of a timestep of training; of one below 0 where the schedule ends. */
  readonly sigmaOf: (timestep: number) => number;
  /** What is extrapolated is the network's own answer: noise, or v. */
  readonly isV: boolean;
}

/** A latent and the level it is written at. */
interface Held<A extends LatentData> {
  readonly latent: Latent<A>;
  readonly sigma: number;
}

/** Adams-Bashforth, the newest first. */
const adams = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
] as const;

/** Runge-Kutta's shares of its four calls. */
const shares = [1 / 6, 1 / 3, 1 / 3, 1 / 6] as const;

export function pndm(table: PndmTable): MakeStep {
  const { levels, rungeKutta } = table;
  const { sigmas, timesteps = [] } = levels;
  return <A extends LatentData>(): Step<A> => {
    /** Calls so far: the run's, also where a strength left the first ones out. */
    let count = 0;
    const past: Latent<A>[] = [];
    let group: Latent<A>[] = [];
    let base: Held<A> | undefined;

    function rungeKuttaStep(held: Held<A>, answer: Latent<A>, timestep: number): Held<A> {
      const phase = count % 4;
      if (phase === 0) {
        past.unshift(answer);
        base = held;
        group = [];
      }
      group.push(answer);
      const half = count % 2 === 0 ? Math.floor(table.stride / 2) : 0;
      const mixed =
        phase === 3 ? weightedSum(group.map((e, i) => [shares[i]!, e] as const)) : answer;
      const between = { from: timesteps[count - phase]!, to: timestep - half };
      return moved(table, base ?? held, mixed, between);
    }

    function multistep(held: Held<A>, answer: Latent<A>, timestep: number): Held<A> {
      const newest = past[0];
      if (count === 1 && base && newest) {
        // The first step again, with the mean of both its ends.
        const between = { from: timestep + table.stride, to: timestep };
        return moved(table, base, mix(1 / 2, answer, 1 / 2, newest), between);
      }
      past.unshift(answer);
      past.length = Math.min(past.length, adams.length);
      if (count === 0) base = held;
      const weights = adams[past.length - 1]!;
      const mixed = weightedSum(past.map((e, i) => [weights[i]!, e] as const));
      return moved(table, held, mixed, { from: timestep, to: timestep - table.stride });
    }

    return ({ x, predicted, at }) => {
      const sigma = sigmas[at]!;
      const answer = table.isV ? vOf(x, predicted, sigma) : noiseSlope(x, predicted, sigma);
      const step = count < rungeKutta ? rungeKuttaStep : multistep;
      const reached = step({ latent: x, sigma }, answer, timesteps[at]!);
      count++;
      return atLevel(reached.latent, reached.sigma, sigmas[at + 1]!);
    };
  };
}

/** v = (x / (1 + sigma^2) - clean) sqrt(1 + sigma^2) / sigma (Salimans and Ho 2022). */
function vOf<A extends LatentData>(x: Latent<A>, clean: Latent<A>, sigma: number): Latent<A> {
  const root = Math.hypot(1, sigma);
  return mix(1 / (root * sigma), x, -root / sigma, clean);
}

/** Between two timesteps along an answer, whatever the level at which it was given. */
function moved<A extends LatentData>(
  table: PndmTable,
  held: Held<A>,
  answer: Latent<A>,
  between: { readonly from: number; readonly to: number },
): Held<A> {
  const [from, to] = [table.sigmaOf(between.from), table.sigmaOf(between.to)];
  const x = atLevel(held.latent, held.sigma, from);
  const square = 1 + from ** 2;
  const noise = table.isV ? mix(1 / Math.sqrt(square), answer, from / square, x) : answer;
  return { latent: mix(1, x, to - from, noise), sigma: to };
}
