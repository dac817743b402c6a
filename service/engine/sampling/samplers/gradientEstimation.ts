/**
 * Gradient estimation (Permenter and Yuan 2024, algorithm 2): Euler's method whose slope is carried on
 * by its last change (ComfyUI sample_gradient_estimation, gamma 2).
 */
import type { Denoise, Latent, LatentData, Sampler, SamplerRun } from '../types.ts';
import { mix, weightedSum } from './arithmetic.ts';

const gamma = 2;

export const gradientEstimation: Sampler = async function* <A extends LatentData>(
  denoise: Denoise<A>,
  start: Latent<A>,
  sigmas: readonly number[],
): SamplerRun<A> {
  let x = start;
  let previous: Latent<A> | undefined;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    const slope = mix(1 / sigma, x, -1 / sigma, denoised);
    const dt = sigmaNext - sigma;
    const [own, change] = previous ? [gamma * dt, (1 - gamma) * dt] : [dt, 0];
    const terms = [[1, x] as const, [own, slope] as const, [change, previous ?? slope] as const];
    x = sigmaNext === 0 ? denoised : weightedSum(terms);
    previous = slope;
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
