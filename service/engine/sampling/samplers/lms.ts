/** Linear multistep of order 4 on sigma (k-diffusion sample_lms). */
import type {
  Latent,
  LatentData,
  Denoise,
  NoiseSource,
  Sampler,
  SamplerOptions,
  SamplerRun,
} from '../types.ts';
import { mix, weightedSum } from './arithmetic.ts';

export const lms: Sampler = async function* <A extends LatentData>(
  denoise: Denoise<A>,
  start: Latent<A>,
  sigmas: readonly number[],
  _noise: NoiseSource,
  { order = 4 }: SamplerOptions,
): SamplerRun<A> {
  let x = start;
  const slopes: Latent<A>[] = [];
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const denoised = await denoise(x, sigma);
    slopes.unshift(mix(1 / sigma, x, -1 / sigma, denoised));
    slopes.length = Math.min(slopes.length, order);
    const weights = slopes.map((_, j) => adamsWeight(sigmas, i, slopes.length, j));
    x = weightedSum([[1, x], ...slopes.map((slope, j) => [weights[j]!, slope] as const)]);
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};

/**
 * Integral over [sigma_i, sigma_i+1] of the Lagrange polynomial that is 1 at sigma_(i-j) and 0 at the
 * other of the last `order` sigmas; exact, the polynomial is expanded.
 */
export function adamsWeight(
  sigmas: readonly number[],
  i: number,
  order: number,
  j: number,
): number {
  const from = sigmas[i]!;
  const to = sigmas[i + 1]!;
  // In t = sigma - sigma_i, so that the powers stay small.
  let polynomial = [1];
  for (let k = 0; k < order; k++) {
    if (k === j) continue;
    const scale = 1 / (sigmas[i - j]! - sigmas[i - k]!);
    const root = sigmas[i - k]! - from;
    polynomial = [0, ...polynomial].map((c, p) => (c - root * (polynomial[p] ?? 0)) * scale);
  }
  const end = to - from;
  return polynomial.reduce((sum, c, p) => sum + (c * end ** (p + 1)) / (p + 1), 0);
}
