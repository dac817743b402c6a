/**
 * One update of DPM-Solver and DPM-Solver++, ordinary or stochastic, up to third order (Lu et al.
 * 2022; diffusers scheduling_dpmsolver_multistep.py and ..._singlestep.py).
 */
import { addNoise, weightedSum } from '../samplers/arithmetic.ts';
import type { Latent, LatentData } from '../types.ts';

/** Over clean latents (`++`) or over noise; `sde`: with fresh noise at every step. */
export type DpmAlgorithm = 'dpmsolver' | 'dpmsolver++' | 'sde-dpmsolver' | 'sde-dpmsolver++';

export interface DpmStep<A extends LatentData> {
  readonly algorithm: DpmAlgorithm;
  /** The latent at `from`. */
  readonly x: Latent<A>;
  readonly from: number;
  readonly to: number;
  /** The prediction at `from`, then its first and second differences, as many as the order asks. */
  readonly differences: readonly Latent<A>[];
  /** How the first difference is weighed: half of a first-order step, or by its own integral. */
  readonly rule: 'midpoint' | 'integral';
  /** Standard normal, for the stochastic ones. */
  readonly noise: Float32Array | undefined;
  /** Factor of that noise. */
  readonly sNoise: number;
}

interface Weights {
  readonly keep: number;
  readonly zeroth: number;
  readonly half: number;
  readonly first: number;
  readonly second: number;
  readonly fresh: number;
}

export function dpmUpdate<A extends LatentData>(step: DpmStep<A>): Latent<A> {
  // Schedules may end where they are.
  if (step.from === step.to) return step.x;
  const w = weightsOf(step.algorithm, step.from, step.to);
  const [d0, d1, d2] = step.differences;
  const terms: (readonly [number, Latent<A>])[] = [[w.keep, step.x]];
  if (d0) terms.push([w.zeroth, d0]);
  if (d1) terms.push([step.rule === 'midpoint' ? w.half : w.first, d1]);
  if (d2) terms.push([w.second, d2]);
  const x = weightedSum(terms);
  return step.noise ? addNoise(x, step.noise, w.fresh * step.sNoise) : x;
}

/** Integrals of exponentials over h = ln(from / to); endless where `to` is 0. */
function weightsOf(algorithm: DpmAlgorithm, from: number, to: number): Weights {
  const h = Math.log(from / to);
  switch (algorithm) {
    case 'dpmsolver++':
      return { ...cleanWeights(h), keep: to / from, fresh: 0 };
    case 'sde-dpmsolver++':
      return {
        ...cleanWeights(2 * h),
        // Half a second difference less than the integral has: as diffusers computes it.
        second: cleanWeights(2 * h).second - 1,
        keep: (to / from) * Math.exp(-h),
        fresh: to * Math.sqrt(-Math.expm1(-2 * h)),
      };
    case 'dpmsolver':
      return { ...noiseWeights(h, to), fresh: 0 };
    case 'sde-dpmsolver':
      return { ...noiseWeights(h, 2 * to), fresh: to * Math.sqrt(Math.expm1(2 * h)) };
  }
}

function cleanWeights(h: number) {
  const gain = -Math.expm1(-h);
  return {
    zeroth: gain,
    half: gain / 2,
    first: 1 - gain / h,
    second: (gain - h) / h ** 2 + 0.5,
  };
}

function noiseWeights(h: number, scale: number) {
  const gain = Math.expm1(h);
  return {
    keep: 1,
    zeroth: -scale * gain,
    half: (-scale * gain) / 2,
    first: -scale * (gain / h - 1),
    second: -scale * ((gain - h) / h ** 2 - 0.5),
  };
}
