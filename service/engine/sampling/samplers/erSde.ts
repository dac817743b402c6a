/**
 * The extended reverse-time SDE solver of third order (Cui et al. 2023, "ER-SDE-Solver-3"; ComfyUI
 * sample_er_sde).
 */
import type {
  Denoise,
  Latent,
  LatentData,
  NoiseSource,
  Sampler,
  SamplerOptions,
  SamplerRun,
} from '../types.ts';
import { addNoise, mix, weightedSum } from './arithmetic.ts';

/** How much fresh noise: the paper's fifth function. */
const scaled = (sigma: number): number => sigma * (Math.exp(sigma ** 0.3) + 10);

const points = 200;

export const erSde: Sampler = async function* <A extends LatentData>(
  denoise: Denoise<A>,
  start: Latent<A>,
  sigmas: readonly number[],
  noise: NoiseSource,
  { sNoise = 1 }: SamplerOptions,
): SamplerRun<A> {
  let x = start;
  let past: { readonly denoised: Latent<A>; readonly slope: Latent<A> | undefined } | undefined;
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    let slope: Latent<A> | undefined;
    if (sigmaNext === 0) x = denoised;
    else {
      const r = scaled(sigmaNext) / scaled(sigma);
      const terms: (readonly [number, Latent<A>])[] = [
        [r, x],
        [1 - r, denoised],
      ];
      if (past) {
        const { first, second } = integrals(sigma, sigmaNext);
        const width = sigma - sigmas[i - 1]!;
        slope = mix(1 / width, denoised, -1 / width, past.denoised);
        terms.push([first, slope]);
        if (past.slope) {
          const half = (sigma - sigmas[i - 2]!) / 2;
          terms.push([second / half, slope], [-second / half, past.slope]);
        }
      }
      const fresh = Math.sqrt(Math.max(0, sigmaNext ** 2 - (sigma * r) ** 2));
      x = addNoise(weightedSum(terms), noise.next(sigma, sigmaNext), sNoise * fresh);
    }
    past = { denoised, slope };
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};

/** Weights of the prediction's first and second derivative, by sums over the step. */
function integrals(sigma: number, sigmaNext: number): { first: number; second: number } {
  const dt = sigmaNext - sigma;
  const width = -dt / points;
  let sum = 0;
  let moment = 0;
  for (let k = 0; k < points; k++) {
    const at = sigmaNext + k * width;
    sum += width / scaled(at);
    moment += (width * (at - sigma)) / scaled(at);
  }
  const end = scaled(sigmaNext);
  return { first: dt + sum * end, second: dt ** 2 / 2 + moment * end };
}
