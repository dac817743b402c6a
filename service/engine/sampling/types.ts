/**
 * The shapes every sampler shares. A sampler sees one denoiser and knows nothing of networks, masks
 * or prompts. Sigmas and latents are in the k-diffusion ("variance exploding") convention:
 * x = clean + sigma * noise. Samplers defined on timesteps (DDIM, ...) are written in this
 * convention too, with eps = (x - denoised) / sigma.
 *
 * The product computes on float32 latents. The samplers themselves are written for either precision,
 * so that a solver can be compared with a double-precision run of the published algorithm.
 */

export type LatentData = Float32Array | Float64Array;

/** `[B,4,H/8,W/8]` scaled latents (VAE latents times the scaling factor); float32 in the product. */
export interface Latent<A extends LatentData = Float32Array> {
  readonly data: A;
  readonly shape: readonly [number, number, number, number];
}

/** Predicts the clean latent from a noisy one; eps and v models, guidance and masks are inside. */
export type Denoise<A extends LatentData = Float32Array> = (
  noisy: Latent<A>,
  sigma: number,
) => Promise<Latent<A>>;

/** Standard normal noise of the latent's shape for the step from sigma to sigmaNext. */
export interface NoiseSource {
  next(sigma: number, sigmaNext: number): Float32Array;
}

export interface SamplerOptions {
  /** Share of ancestral noise; 0 is deterministic. Undefined: the sampler's default. */
  readonly eta?: number;
  readonly sNoise?: number;
  readonly sChurn?: number;
  readonly sTmin?: number;
  readonly sTmax?: number;
  /** Order of a linear multistep sampler (LMS: 4). */
  readonly order?: number;
  /** Where DPM++ SDE evaluates inside its step, 0..1 (1/2). */
  readonly r?: number;
  /** Correction of DPM++ 2M SDE. */
  readonly solver?: 'midpoint' | 'heun';
}

/** What is yielded after each step. */
export interface SamplerStep<A extends LatentData = Float32Array> {
  readonly latent: Latent<A>;
  /** The newest prediction of the clean latent, for previews. */
  readonly denoised: Latent<A>;
  /** Steps finished, from 1. */
  readonly step: number;
}

/**
 * One run: yields after each step, the last yield holds the result; the caller drives, previews and
 * stops. A latent sent back with `next(latent)` takes the place of the step's own.
 */
export type SamplerRun<A extends LatentData = Float32Array> = AsyncGenerator<
  SamplerStep<A>,
  void,
  Latent<A> | undefined
>;

/**
 * Steps a latent down the sigmas. `sigmas` are descending and may end with 0; with fewer than two of
 * them nothing is yielded: the start is the result.
 */
export type Sampler = <A extends LatentData>(
  denoise: Denoise<A>,
  start: Latent<A>,
  sigmas: readonly number[],
  noise: NoiseSource,
  options: SamplerOptions,
) => SamplerRun<A>;
