/**
 * UniPC's own levels as AUTOMATIC1111 runs it: spread between two continuous times t = (timestep + 1)
 * / 1000, with log alpha linear between the training's (Zhao et al. 2023; DPM-Solver's discrete noise
 * schedule). Timesteps are fractional.
 */
import { linspace32 } from './linspace.ts';
import type { Levels } from './levels.ts';
import type { ModelSigmas } from './modelSigmas.ts';

const f = Math.fround;

/** How the times lie: even, even in their square root, or even in log sigma. */
export type UniPcSkip = 'time_uniform' | 'time_quadratic' | 'logSNR';

export interface UniPcLevels {
  readonly model: ModelSigmas;
  /** Steps, at least 1. */
  readonly n: number;
  /** Timestep of the first evaluation; absent: the model's last. */
  readonly from?: number;
  readonly skip?: UniPcSkip;
}

/** n + 1 levels down to the training's smallest sigma. */
export function uniPcLevels({ model, n, from, skip = 'time_uniform' }: UniPcLevels): Levels {
  const count = model.alphasCumprod.length;
  const logAlphas = Array.from(model.alphasCumprod, (alpha) => Math.log(alpha) / 2);
  const start = from === undefined ? 1 : f(f(from / count) + f(1 / count));
  const times = spread(skip, { start, end: 1 / count, n }, logAlphas);
  const timesteps = times.map((t) => f(f(t - f(1 / count)) * count));
  const sigmas = times.map((t) => sigmaAt(logAlphas, t));
  return { sigmas, timesteps, preserving: true, wholeVelocity: true };
}

function spread(
  skip: UniPcSkip,
  { start, end, n }: { readonly start: number; readonly end: number; readonly n: number },
  logAlphas: readonly number[],
): number[] {
  switch (skip) {
    case 'time_uniform':
      return Array.from(linspace32(start, end, n + 1));
    case 'time_quadratic':
      return Array.from(linspace32(Math.sqrt(start), Math.sqrt(end), n + 1), (root) =>
        f(root ** 2),
      );
    case 'logSNR': {
      const [high, low] = [start, end].map((t) => f(Math.log(sigmaAt(logAlphas, t))));
      return Array.from(linspace32(high!, low!, n + 1), (log) => timeOf(logAlphas, log));
    }
  }
}

/** Index among the training's levels, fractional, of a time. */
const position = (logAlphas: readonly number[], t: number): number => t * logAlphas.length - 1;

function sigmaAt(logAlphas: readonly number[], t: number): number {
  const at = position(logAlphas, t);
  const low = Math.min(Math.max(Math.floor(at), 0), logAlphas.length - 2);
  const logAlpha = logAlphas[low]! + (at - low) * (logAlphas[low + 1]! - logAlphas[low]!);
  return Math.sqrt(Math.expm1(-2 * logAlpha));
}

/** The time of a log sigma. */
function timeOf(logAlphas: readonly number[], logSigma: number): number {
  const wanted = -Math.log1p(Math.exp(2 * logSigma)) / 2;
  let low = 0;
  while (low < logAlphas.length - 2 && logAlphas[low + 1]! >= wanted) low++;
  const share = (wanted - logAlphas[low]!) / (logAlphas[low + 1]! - logAlphas[low]!);
  return f((low + share + 1) / logAlphas.length);
}
