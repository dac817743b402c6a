/**
 * Restart (Xu et al. 2023): Heun's method down the schedule, with ways back up by fresh noise that
 * take the gathered error away (a1111: sd_samplers_extra.py restart_sampler).
 */
import { karrasSigmas } from '../sigmas/karrasSigmas.ts';
import type { Restart, Sampler } from '../types.ts';
import { addNoise } from './arithmetic.ts';
import { heunStep } from './heun.ts';

/** Steps from which it goes back by itself. */
export const restartSteps = 20;

export const restart: Sampler = async function* (denoise, start, sigmas, noise, options) {
  const { sNoise = 1, restarts } = options;
  const precision = start.data instanceof Float32Array ? 'float32' : 'float64';
  const ways = restartWays(sigmas, { precision, ...(restarts ? { restarts } : {}) });
  const steps = ways.length;
  let x = start;
  let reached = ways[0]?.[0] ?? 0;
  for (const [i, [from, to]] of ways.entries()) {
    if (from > reached) {
      x = addNoise(x, noise.next(reached, from), sNoise * Math.sqrt(from ** 2 - reached ** 2));
    }
    const denoised = await denoise(x, from);
    x = await heunStep(denoise, { x, denoised }, from, to);
    reached = to;
    x = (yield { latent: x, denoised, step: i + 1, steps, sigma: to }) ?? x;
  }
};

export interface RestartPlan {
  readonly precision: 'float32' | 'float64';
  readonly restarts?: readonly Restart[];
}

/** Every step as [from, to]; a step that begins above the end of the one before goes up first. */
export function restartWays(
  sigmas: readonly number[],
  { precision, restarts }: RestartPlan,
): [number, number][] {
  const own = restarts ? { levels: sigmas, restarts } : chosen(sigmas, precision);
  const { levels } = own;
  const byEnd = new Map(own.restarts.map((each) => [nearest(levels, each.at), each]));
  const out: [number, number][] = [];
  for (let i = 1; i < levels.length; i++) {
    out.push([levels[i - 1]!, levels[i]!]);
    const each = byEnd.get(i);
    const top = each ? nearest(levels, each.to) : i;
    if (!each || top >= i) continue;
    const ends = { sigmaMin: levels[i]!, sigmaMax: levels[top]! };
    const way = karrasSigmas(each.levels, ends, precision);
    for (let k = 0; k < each.times; k++) {
      for (let j = 1; j < way.length; j++) out.push([way[j - 1]!, way[j]!]);
    }
  }
  return out;
}

/** Two ways back from 36 steps on, one from 20, none below; the steps stay as many as asked for. */
function chosen(
  sigmas: readonly number[],
  precision: RestartPlan['precision'],
): { readonly levels: readonly number[]; readonly restarts: readonly Restart[] } {
  const steps = sigmas.length - 1;
  if (steps < restartSteps) return { levels: sigmas, restarts: [] };
  const [times, each] = steps >= 36 ? [2, Math.floor(steps / 4)] : [1, 9];
  const ends = { sigmaMin: sigmas.at(-2)!, sigmaMax: sigmas[0]! };
  const levels = [...karrasSigmas(steps - times * each, ends, precision), 0];
  return { levels, restarts: [{ at: 0.1, to: 2, times, levels: each + 1 }] };
}

/** Index of the nearest sigma, the first of equals. */
function nearest(sigmas: readonly number[], wanted: number): number {
  let best = 0;
  for (const [i, sigma] of sigmas.entries()) {
    if (Math.abs(sigma - wanted) < Math.abs(sigmas[best]! - wanted)) best = i;
  }
  return best;
}
