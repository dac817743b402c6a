/**
 * Single steps of DPM-Solver, orders 1 to 3 (Lu et al. 2022, algorithms 1 and 2, in k-diffusion's
 * form): time is t = -log sigma, the model is its predicted noise.
 */
import type { Denoise, Latent, LatentData, NoiseSource, SamplerOptions } from '../types.ts';
import { addNoise, mix, weightedSum } from './arithmetic.ts';
import { ancestralStep } from './ancestral.ts';

/** A latent at a time, and what was predicted there. */
export interface SolverPoint<A extends LatentData> {
  readonly x: Latent<A>;
  readonly t: number;
  readonly denoised: Latent<A>;
  readonly eps: Latent<A>;
}

export async function evaluated<A extends LatentData>(
  denoise: Denoise<A>,
  x: Latent<A>,
  t: number,
): Promise<SolverPoint<A>> {
  const sigma = Math.exp(-t);
  const denoised = await denoise(x, sigma);
  return { x, t, denoised, eps: mix(1 / sigma, x, -1 / sigma, denoised) };
}

/** Order 1, the same as DDIM. */
export function firstOrder<A extends LatentData>(from: SolverPoint<A>, tNext: number): Latent<A> {
  return mix(1, from.x, -Math.exp(-tNext) * Math.expm1(tNext - from.t), from.eps);
}

/** The latent a share r of the way, evaluated. */
export function middle<A extends LatentData>(
  denoise: Denoise<A>,
  from: SolverPoint<A>,
  tNext: number,
  r: number,
): Promise<SolverPoint<A>> {
  const t = from.t + r * (tNext - from.t);
  return evaluated(denoise, firstOrder(from, t), t);
}

/** Order 2, with the point evaluated a share r of the way. */
export function secondOrder<A extends LatentData>(
  from: SolverPoint<A>,
  tNext: number,
  r: number,
  between: SolverPoint<A>,
): Latent<A> {
  const gain = Math.exp(-tNext) * Math.expm1(tNext - from.t);
  const bend = gain / (2 * r);
  return weightedSum([
    [1, from.x],
    [bend - gain, from.eps],
    [-bend, between.eps],
  ]);
}

/** Order 3, with the point evaluated a third of the way; one more evaluation at two thirds. */
export async function thirdOrder<A extends LatentData>(
  denoise: Denoise<A>,
  from: SolverPoint<A>,
  tNext: number,
  third: SolverPoint<A>,
): Promise<Latent<A>> {
  const h = tNext - from.t;
  const reach = (2 / 3) * h;
  const t = from.t + reach;
  const sigma = Math.exp(-t);
  const bend = 2 * sigma * (Math.expm1(reach) / reach - 1);
  const x2 = weightedSum([
    [1, from.x],
    [bend - sigma * Math.expm1(reach), from.eps],
    [-bend, third.eps],
  ]);
  const late = await evaluated(denoise, x2, t);
  const sigmaNext = Math.exp(-tNext);
  const curve = (3 / 2) * sigmaNext * (Math.expm1(h) / h - 1);
  return weightedSum([
    [1, from.x],
    [curve - sigmaNext * Math.expm1(h), from.eps],
    [-curve, late.eps],
  ]);
}

/** The time to solve down to, and the noise that leads back up to tNext. */
export function ancestralTime(
  t: number,
  tNext: number,
  { eta, tEnd }: { readonly eta: number; readonly tEnd: number },
): { tDown: number; up: number } {
  if (eta === 0) return { tDown: tNext, up: 0 };
  const { down } = ancestralStep(Math.exp(-t), Math.exp(-tNext), eta);
  const tDown = Math.min(tEnd, -Math.log(down));
  return { tDown, up: Math.sqrt(Math.max(0, Math.exp(-2 * tNext) - Math.exp(-2 * tDown))) };
}

/** Noise is drawn at every step, used or not, as k-diffusion does. */
export function noisedAfter<A extends LatentData>(
  x: Latent<A>,
  step: { readonly t: number; readonly tNext: number; readonly up: number },
  noise: NoiseSource,
  { sNoise = 1 }: SamplerOptions,
): Latent<A> {
  const eps = noise.next(Math.exp(-step.t), Math.exp(-step.tNext));
  return addNoise(x, eps, step.up * sNoise);
}

/**
 * Solvers that step between the ends of a schedule: from its first sigma to its last, or to the last but
 * one where it ends at 0, which has no logarithm; then the way to 0 is one more prediction.
 */
export function solverEnds(sigmas: readonly number[]): {
  readonly tStart: number;
  readonly tEnd: number;
  readonly toZero: boolean;
} {
  const toZero = sigmas.at(-1) === 0;
  const last = toZero ? sigmas.at(-2)! : sigmas.at(-1)!;
  return { tStart: -Math.log(sigmas[0]!), tEnd: -Math.log(last), toZero };
}
