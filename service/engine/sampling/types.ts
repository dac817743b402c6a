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

export interface Denoised<A extends LatentData = Float32Array> extends Latent<A> {
  /** What is to be avoided alone, before guidance and masks; only where the denoiser was asked for it. */
  readonly unconditional?: Latent<A>;
}

/** Predicts the clean latent from a noisy one; eps and v models, guidance and masks are inside. */
export type Denoise<A extends LatentData = Float32Array> = (
  noisy: Latent<A>,
  sigma: number,
) => Promise<Denoised<A>>;

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
  /** Order of LMS (4), DPM adaptive (3: 2 or 3) and UniPC (3). */
  readonly order?: number;
  /** Where DPM++ SDE evaluates inside its step, 0..1 (1/2). */
  readonly r?: number;
  /** Correction of DPM++ 2M SDE. */
  readonly solver?: 'midpoint' | 'heun';
  /** UniPC's B(h) (bh1), or coefficients that vary. */
  readonly variant?: 'bh1' | 'bh2' | 'vary_coeff';
  /** UniPC ends with steps of lower order (true). */
  readonly lowerOrderFinal?: boolean;
  /** Evaluations of DPM fast; absent: one for each step of the schedule. */
  readonly evaluations?: number;
  /** Where Restart goes back up; absent: its own choice by the number of steps. */
  readonly restarts?: readonly Restart[];
  readonly adaptive?: AdaptiveOptions;
}

/** On arriving at the sigma nearest to `at`, `times` times back up to the one nearest to `to`. */
export interface Restart {
  readonly at: number;
  readonly to: number;
  readonly times: number;
  /** Levels of each way down, both ends counted. */
  readonly levels: number;
}

/** How DPM adaptive chooses its steps. */
export interface AdaptiveOptions {
  /** Error allowed, relative to the latent (0.05) and absolute (0.0078). */
  readonly rtol?: number;
  readonly atol?: number;
  /** Width of the first step in log sigma (0.05). */
  readonly firstWidth?: number;
  /** Weights of the step size controller: proportional (0), integral (1), derivative (0). */
  readonly proportional?: number;
  readonly integral?: number;
  readonly derivative?: number;
  /** A step is kept if the next one may be at least this much of it (0.81). */
  readonly acceptSafety?: number;
}

/** What is yielded after each step. */
export interface SamplerStep<A extends LatentData = Float32Array> {
  readonly latent: Latent<A>;
  /** The newest prediction of the clean latent, for previews. */
  readonly denoised: Latent<A>;
  /** Steps finished, from 1; samplers with steps of several evaluations may count those. */
  readonly step: number;
  /** Steps in all as far as is known now; absent: one less than the sigmas. */
  readonly steps?: number;
  /** Noise level of the latent, as known latents are noised to it; absent: sigmas[step]. */
  readonly sigma?: number;
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
