/**
 * Improved PNDM (Zhang and Chen 2023, DEIS): Adams and Bashforth's rules over the predicted noise from
 * the first step on, as if the steps were even (ComfyUI sample_ipndm).
 */
import type { Denoise, Latent, LatentData, Sampler, SamplerRun } from '../types.ts';
import { adamsBashforth, adamsBashforthSlopes } from './adamsBashforth.ts';
import { mix, weightedSum } from './arithmetic.ts';

export const ipndm: Sampler = async function* <A extends LatentData>(
  denoise: Denoise<A>,
  start: Latent<A>,
  sigmas: readonly number[],
): SamplerRun<A> {
  let x = start;
  const past: Latent<A>[] = [];
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    past.unshift(mix(1 / sigma, x, -1 / sigma, denoised));
    past.length = Math.min(past.length, adamsBashforthSlopes);
    const dt = sigmaNext - sigma;
    const rule = adamsBashforth(past.length);
    const slopes = past.map((eps, k) => [dt * rule[k]!, eps] as const);
    x = sigmaNext === 0 ? denoised : weightedSum([[1, x], ...slopes]);
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
