/** DPM-Solver++(3M) for the SDE (k-diffusion sample_dpmpp_3m_sde). */
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

export const dpmpp3mSde: Sampler = async function* <A extends LatentData>(
  denoise: Denoise<A>,
  start: Latent<A>,
  sigmas: readonly number[],
  noise: NoiseSource,
  { eta = 1, sNoise = 1 }: SamplerOptions,
): SamplerRun<A> {
  let x = start;
  /** Earlier predictions, the newest first, and the widths of the steps that followed them. */
  const past: { denoised: Latent<A>; h: number }[] = [];
  for (let i = 0; i < sigmas.length - 1; i++) {
    const sigma = sigmas[i]!;
    const sigmaNext = sigmas[i + 1]!;
    const denoised = await denoise(x, sigma);
    if (sigmaNext === 0) {
      x = denoised;
    } else {
      const h = Math.log(sigma / sigmaNext);
      const reach = h * (1 + eta);
      x = mix(Math.exp(-reach), x, -Math.expm1(-reach), denoised);
      const phi2 = Math.expm1(-reach) / reach + 1;
      const [one, two] = past;
      if (one && two) x = thirdOrder(x, [denoised, one, two], { h, reach, phi2 });
      else if (one) {
        const weight = (phi2 * h) / one.h;
        x = weightedSum([
          [1, x],
          [weight, denoised],
          [-weight, one.denoised],
        ]);
      }
      if (eta > 0) {
        const fresh = sigmaNext * Math.sqrt(-Math.expm1(-2 * h * eta)) * sNoise;
        x = addNoise(x, noise.next(sigma, sigmaNext), fresh);
      }
      past.unshift({ denoised, h });
      past.length = Math.min(past.length, 2);
    }
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};

interface Past<A extends LatentData> {
  readonly denoised: Latent<A>;
  readonly h: number;
}

function thirdOrder<A extends LatentData>(
  x: Latent<A>,
  [now, one, two]: readonly [Latent<A>, Past<A>, Past<A>],
  { h, reach, phi2 }: { h: number; reach: number; phi2: number },
): Latent<A> {
  const r0 = one.h / h;
  const r1 = two.h / h;
  const slope0 = mix(1 / r0, now, -1 / r0, one.denoised);
  const slope1 = mix(1 / r1, one.denoised, -1 / r1, two.denoised);
  const phi3 = phi2 / reach - 0.5;
  const share = r0 / (r0 + r1);
  const bend = 1 / (r0 + r1);
  // d1 = s0 + (s0 - s1) share, d2 = (s0 - s1) bend; x + phi2 d1 - phi3 d2.
  return weightedSum([
    [1, x],
    [phi2 * (1 + share) - phi3 * bend, slope0],
    [-phi2 * share + phi3 * bend, slope1],
  ]);
}
