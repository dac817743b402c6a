/**
 * The shapes every sampler shares. A sampler sees one denoiser and knows nothing of networks, masks
 * or prompts. Sigmas and latents are in the k-diffusion ("variance exploding") convention:
 * x = clean + sigma * noise. Samplers defined on timesteps (DDIM, ...) are written in this
 * convention too, with eps = (x - denoised) / sigma.
 */

/** `[B,4,H/8,W/8]` float32, scaled latents (VAE latents times the scaling factor). */
export interface Latent {
  readonly data: Float32Array;
  readonly shape: readonly [number, number, number, number];
}

/** Predicts the clean latent from a noisy one; eps and v models, guidance and masks are inside. */
export type Denoise = (noisy: Latent, sigma: number) => Promise<Latent>;

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
}

/** What is yielded after each step. */
export interface SamplerStep {
  readonly latent: Latent;
  /** The newest prediction of the clean latent, for previews. */
  readonly denoised: Latent;
  /** Steps finished, from 1. */
  readonly step: number;
}

/** Yields after each step; the caller drives, previews and stops. The last yield holds the result. */
export type Sampler = (
  denoise: Denoise,
  start: Latent,
  sigmas: readonly number[],
  noise: NoiseSource,
  options: SamplerOptions,
) => AsyncGenerator<SamplerStep>;
