/**
 * Heun++ 2: Heun's method with a third evaluation one step further, the slopes weighted by their
 * sigmas (ComfyUI sample_heunpp2).
 */
import type { Denoise, Latent, LatentData, Sampler } from '../types.ts';
import { mix, weightedSum } from './arithmetic.ts';
import { churned } from './churn.ts';

export const heunpp2: Sampler = async function* (denoise, start, sigmas, noise, options) {
  let x = start;
  const steps = sigmas.length - 1;
  for (let i = 0; i < steps; i++) {
    const raised = churned(
      x,
      { sigma: sigmas[i]!, sigmaNext: sigmas[i + 1]!, steps },
      noise,
      options,
    );
    const denoised = await denoise(raised.x, raised.sigmaHat);
    // One slope more for each step that is left, three at most.
    const ahead = sigmas.slice(i + 1, Math.min(i + 3, steps));
    const slopes = await slopesAhead(denoise, { ...raised, denoised }, ahead);
    const weights = ahead.map((sigma) => sigma / (slopes.length * sigmas[0]!));
    const first = 1 - weights.reduce((sum, weight) => sum + weight, 0);
    const dt = sigmas[i + 1]! - raised.sigmaHat;
    x = weightedSum([
      [1, raised.x],
      ...slopes.map((slope, k) => [dt * (k === 0 ? first : weights[k - 1]!), slope] as const),
    ]);
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};

/** The slope here, and where Euler's steps lead one after another. */
async function slopesAhead<A extends LatentData>(
  denoise: Denoise<A>,
  from: { readonly x: Latent<A>; readonly sigmaHat: number; readonly denoised: Latent<A> },
  ahead: readonly number[],
): Promise<Latent<A>[]> {
  let { x, sigmaHat: sigma } = from;
  const slopes = [mix(1 / sigma, x, -1 / sigma, from.denoised)];
  for (const next of ahead) {
    x = mix(1, x, next - sigma, slopes.at(-1)!);
    sigma = next;
    const denoised = await denoise(x, sigma);
    slopes.push(mix(1 / sigma, x, -1 / sigma, denoised));
  }
  return slopes;
}
