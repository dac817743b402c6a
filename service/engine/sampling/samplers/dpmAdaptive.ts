/**
 * DPM-Solver of two neighbouring orders with steps as wide as their difference allows (Lu et al. 2022,
 * "DPM-Solver-12" and "-23"; k-diffusion sample_dpm_adaptive). The schedule gives its ends only; how
 * many steps there are shows on the way, so `steps` is an estimate that gets better.
 */
import { PentimentoError } from '../../../../shared/errors.ts';
import type { AdaptiveOptions, Denoise, Latent, LatentData, Sampler } from '../types.ts';
import {
  ancestralTime,
  evaluated,
  firstOrder,
  middle,
  noisedAfter,
  secondOrder,
  solverEnds,
  thirdOrder,
  type SolverPoint,
} from './dpmSolver.ts';
import { stepController } from './stepController.ts';

/** Nearer to the end than this, in log sigma, is arrived. */
const arrived = 1e-5;

/** Throws E_OUTPUT_NAN where the latent is no number any more: no step would be short enough. */
export const dpmAdaptive: Sampler = async function* (denoise, start, sigmas, noise, options) {
  if (sigmas.length < 2) return;
  const { tStart, tEnd, toZero } = solverEnds(sigmas);
  const { eta = 0, order = 3, adaptive = {} } = options;
  const finishing = toZero || (tStart === tEnd && eta > 0);
  const after = finishing ? 1 : 0;
  const controller = stepController(eta > 0 ? 1.5 : order, adaptive);
  let [x, kept, t, step] = [start, start, tStart, 0];
  while (t < tEnd - arrived) {
    const tNext = Math.min(tEnd, t + controller.width);
    const { tDown, up } = ancestralTime(t, tNext, { eta, tEnd });
    const from = await evaluated(denoise, x, t);
    const { low, high } = await twice(denoise, from, tDown, order);
    const error = errorOf(low, high, kept, adaptive);
    if (!Number.isFinite(error)) throw new PentimentoError('E_OUTPUT_NAN');
    if (!controller.accepts(error)) continue;
    kept = low;
    x = noisedAfter(high, { t, tNext, up }, noise, options);
    t = tNext;
    step++;
    // As if the way left took as many steps as the way so far: the share done never falls.
    const share = Math.min(1, (t - tStart) / (tEnd - arrived - tStart));
    const steps = Math.ceil(step / share) + after;
    const { denoised } = from;
    x = (yield { latent: x, denoised, step, steps, sigma: Math.exp(-t) }) ?? x;
  }
  if (!finishing) return;
  const denoised = await denoise(x, Math.exp(-tEnd));
  yield { latent: denoised, denoised, step: step + 1, steps: step + 1, sigma: 0 };
};

/** One step in the order below and in the order asked for, which share their evaluations. */
async function twice<A extends LatentData>(
  denoise: Denoise<A>,
  from: SolverPoint<A>,
  tNext: number,
  order: number,
): Promise<{ low: Latent<A>; high: Latent<A> }> {
  const r = order === 2 ? 1 / 2 : 1 / 3;
  const between = await middle(denoise, from, tNext, r);
  const second = secondOrder(from, tNext, r, between);
  if (order === 2) return { low: firstOrder(from, tNext), high: second };
  return { low: second, high: await thirdOrder(denoise, from, tNext, between) };
}

/** Root mean square of the difference, in units of what is allowed at each value. */
function errorOf<A extends LatentData>(
  low: Latent<A>,
  high: Latent<A>,
  kept: Latent<A>,
  { rtol = 0.05, atol = 0.0078 }: AdaptiveOptions,
): number {
  let sum = 0;
  for (let i = 0; i < low.data.length; i++) {
    const size = Math.max(Math.abs(low.data[i]!), Math.abs(kept.data[i]!));
    sum += ((low.data[i]! - high.data[i]!) / Math.max(atol, rtol * size)) ** 2;
  }
  return Math.sqrt(sum / low.data.length);
}
