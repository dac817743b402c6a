/**
 * UniPC (Zhao et al. 2023): a multistep predictor whose step is corrected by the prediction made at
 * its end. Written in log sigma, for predictions of the clean latent.
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
import { weightedSum } from './arithmetic.ts';
import { uniPcWeights, type UniPcVariant } from './uniPcWeights.ts';

/** The order where none is asked for: the newest prediction and two before. */
export const uniPcOrder = 3;

export const uniPc: Sampler = async function* <A extends LatentData>(
  denoise: Denoise<A>,
  start: Latent<A>,
  sigmas: readonly number[],
  _noise: NoiseSource,
  { order: asked = uniPcOrder, variant = 'bh1', lowerOrderFinal = true }: SamplerOptions,
): SamplerRun<A> {
  const steps = sigmas.length - 1;
  const order = Math.min(asked, steps);
  const past: Past<A>[] = [];
  let x = start;
  let going: Going<A> | undefined;
  for (let i = 0; i < steps; i++) {
    const sigma = sigmas[i]!;
    const denoised = await denoise(x, sigma);
    if (going) x = uniPcStep(going, past, { sigma, denoised });
    past.unshift({ sigma, denoised });
    past.length = Math.min(past.length, order);
    const left = lowerOrderFinal && i + 1 >= order ? steps - i : order;
    going = { x, variant, order: Math.min(order, i + 1, left) };
    x = sigmas[i + 1] === 0 ? denoised : uniPcStep(going, past, { sigma: sigmas[i + 1]! });
    x = (yield { latent: x, denoised, step: i + 1 }) ?? x;
  }
};

interface Past<A extends LatentData> {
  readonly sigma: number;
  readonly denoised: Latent<A>;
}

/** A step under way: where it started, and how it is made. */
interface Going<A extends LatentData> {
  readonly x: Latent<A>;
  readonly variant: UniPcVariant;
  readonly order: number;
}

/**
 * From the newest of `past` to a sigma: the predictor, or the corrector where the prediction there is
 * known.
 */
function uniPcStep<A extends LatentData>(
  { x, variant, order }: Going<A>,
  past: readonly Past<A>[],
  to: { readonly sigma: number; readonly denoised?: Latent<A> },
): Latent<A> {
  const [now, ...earlier] = past.slice(0, order);
  const h = Math.log(now!.sigma / to.sigma);
  const others = earlier.map(({ sigma, denoised }) => ({
    r: Math.log(now!.sigma / sigma) / h,
    denoised,
  }));
  if (to.denoised) others.push({ r: 1, denoised: to.denoised });
  const weights = uniPcWeights(variant, {
    h: -h,
    ratios: others.map(({ r }) => r),
    corrects: to.denoised !== undefined,
  });
  // Each difference to the newest prediction is (denoised - newest) / r.
  const shares = others.map(({ r }, i) => weights[i]! / r);
  const rest = shares.reduce((sum, share) => sum + share, 0);
  return weightedSum([
    [to.sigma / now!.sigma, x],
    [-Math.expm1(-h) + rest, now!.denoised],
    ...others.map(({ denoised }, i) => [-shares[i]!, denoised] as const),
  ]);
}
