import type { BetaSchedule } from '../weights/types.ts';

const trainingSteps = 1000;

export interface NoiseSchedule {
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly betaSchedule: BetaSchedule;
  readonly zeroTerminalSnr?: boolean | undefined;
}

/**
 * Cumulative products of 1 - beta: 1000 values in float64, rounded once to float32. With
 * zeroTerminalSnr the last step is pure noise (Lin et al. 2023, algorithm 1).
 */
export function alphasCumprodOf(schedule: NoiseSchedule): Float32Array {
  const beta = betaOf(schedule);
  let product = 1;
  const alphas = Float64Array.from({ length: trainingSteps }, (_, t) => (product *= 1 - beta(t)));
  return Float32Array.from(schedule.zeroTerminalSnr ? withZeroTerminalSnr(alphas) : alphas);
}

/**
 * Linear from betaStart to betaEnd, or so in the square root (scaled), or such that the products follow
 * a cosine (Nichol and Dhariwal 2021, formula 17), whose ends are its own.
 */
function betaOf({ betaStart, betaEnd, betaSchedule }: NoiseSchedule): (t: number) => number {
  const between = (from: number, to: number, t: number) =>
    from + ((to - from) * t) / (trainingSteps - 1);
  const cosine = (t: number) =>
    Math.cos((((t / trainingSteps + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  switch (betaSchedule) {
    case 'linear':
      return (t) => between(betaStart, betaEnd, t);
    case 'scaled_linear':
      return (t) => between(Math.sqrt(betaStart), Math.sqrt(betaEnd), t) ** 2;
    case 'squaredcos_cap_v2':
      return (t) => Math.min(0.999, 1 - cosine(t + 1) / cosine(t));
  }
}

/** Stands for the last alpha's zero, so that its sigma stays finite (as diffusers does). */
const nearlyZero = 2 ** -24;

function withZeroTerminalSnr(alphas: Float64Array): Float64Array {
  const [start, end] = [Math.sqrt(alphas[0]), Math.sqrt(alphas[trainingSteps - 1])];
  return alphas.map((alpha) =>
    Math.max(nearlyZero, (((Math.sqrt(alpha) - end) * start) / (start - end)) ** 2),
  );
}
