/**
 * DPM-Solver++(2M) with CFG++ (Chung et al. 2024; ComfyUI sample_dpmpp_2m_cfg_pp): the clean latent is
 * the guided one, the noise kept is the unconditional one.
 */
import type { Denoise, Latent, LatentData, Sampler, SamplerRun } from '../types.ts';
import { weightedSum } from './arithmetic.ts';

export const dpmpp2mCfgpp: Sampler = async function* <A extends LatentData>(
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
    const { unconditional = denoised } = denoised;
    const share = sigmaNext / sigma;
    const terms: (readonly [number, Latent<A>])[] = [
      [1, denoised],
      [share, x],
      [-share, unconditional],
    ];
    if (previous && sigmaNext > 0) {
      const r = Math.log(sigmas[i - 1]! / sigma) / -Math.log(share);
      const bend = (1 - share) / (2 * r);
      terms.push([bend, denoised], [-bend, previous]);
    }
    x = weightedSum(terms);
    previous = unconditional;
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};
