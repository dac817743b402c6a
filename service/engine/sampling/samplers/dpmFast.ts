/**
 * DPM-Solver with a fixed number of evaluations (Lu et al. 2022, "DPM-Solver-fast"; k-diffusion
 * sample_dpm_fast): steps of order 3, the last ones of what is left over, even in log sigma between
 * the ends of the schedule. Steps are counted in evaluations.
 */
import type { Denoise, Latent, LatentData, Sampler } from '../types.ts';
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

export const dpmFast: Sampler = async function* (denoise, start, sigmas, noise, options) {
  if (sigmas.length < 2) return;
  const { tStart, tEnd, toZero } = solverEnds(sigmas);
  const steps = options.evaluations ?? sigmas.length - 1;
  const eta = options.eta ?? 0;
  const finishing = toZero || (tStart === tEnd && eta > 0);
  const orders = solverOrders(finishing ? steps - 1 : steps);
  const width = (tEnd - tStart) / orders.length;
  let x = start;
  let step = 0;
  for (const [i, order] of orders.entries()) {
    const t = tStart + i * width;
    const tNext = i === orders.length - 1 ? tEnd : tStart + (i + 1) * width;
    const { tDown, up } = ancestralTime(t, tNext, { eta, tEnd });
    const from = await evaluated(denoise, x, t);
    x = await ordered(denoise, from, tDown, order);
    x = noisedAfter(x, { t, tNext, up }, noise, options);
    step += order;
    const { denoised } = from;
    x = (yield { latent: x, denoised, step, steps, sigma: Math.exp(-tNext) }) ?? x;
  }
  if (!finishing) return;
  const denoised = await denoise(x, Math.exp(-tEnd));
  yield { latent: denoised, denoised, step: steps, steps, sigma: 0 };
};

/** Orders that sum up to a number of evaluations. */
function solverOrders(evaluations: number): number[] {
  if (evaluations < 1) return [];
  const threes = Math.floor(evaluations / 3);
  const left = evaluations % 3;
  const full = Array.from({ length: left === 0 ? threes - 1 : threes }, () => 3);
  return left === 0 ? [...full, 2, 1] : [...full, left];
}

async function ordered<A extends LatentData>(
  denoise: Denoise<A>,
  from: SolverPoint<A>,
  tNext: number,
  order: number,
): Promise<Latent<A>> {
  if (order === 1) return firstOrder(from, tNext);
  const r = order === 2 ? 1 / 2 : 1 / 3;
  const between = await middle(denoise, from, tNext, r);
  if (order === 2) return secondOrder(from, tNext, r, between);
  return thirdOrder(denoise, from, tNext, between);
}
