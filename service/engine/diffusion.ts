/**
 * A loaded diffusion model as the pipeline sees it: four functions and the facts that decide how they
 * are used. networks.ts makes one from files; tests make one from arithmetic.
 */
import type { Tensor } from './tensor.ts';

export interface DiffusionFacts {
  /** 'sd1', ... */
  readonly family: string;
  readonly prediction: 'epsilon' | 'v';
  /** UNet input channels: 4, 9 (inpainting: latent, mask, masked image), 8 (edit). */
  readonly inChannels: number;
  /** VAE latents times this are the scaled latents the UNet works on (SD1: 0.18215). */
  readonly scalingFactor: number;
  /** Width of the text context (SD1: 768). */
  readonly contextWidth: number;
  /** Cumulative alphas of the training schedule, 1000 float32 values. */
  readonly alphasCumprod: Float32Array;
  /** What they come from, for programs that compute them in another precision (scaled linear betas). */
  readonly betas?: {
    readonly start: number;
    readonly end: number;
    readonly zeroTerminalSnr?: boolean | undefined;
  };
  /** Id the tokenizer pads with after the end token (SD1: 49407). */
  readonly padId: number;
  /** Picture pixels per latent pixel (8). */
  readonly downscale: number;
  /** Side the model was trained at, picture pixels. */
  readonly nativeSide: number;
}

export interface DiffusionModel {
  readonly facts: DiffusionFacts;
  /**
   * Token ids `[B,77]` to context `[B,77,C]` float32: the hidden state after all but the last
   * clipSkip - 1 layers, then the final norm.
   */
  encodeText(ids: readonly Int32Array[], clipSkip: number): Promise<Tensor>;
  /**
   * One UNet evaluation: latents `[B,inChannels,h,w]`, one timestep (may be fractional) per batch
   * item, context `[B,T,C]`; answers the raw prediction `[B,4,h,w]` (epsilon or v).
   */
  predict(latents: Tensor, timesteps: Float32Array, context: Tensor): Promise<Tensor>;
  /**
   * Picture `[B,3,H,W]` in -1..1 to the posterior's mean and log variance `[B,4,H/8,W/8]`, not yet
   * scaled. Log variance is clamped to -30..20.
   */
  encode(picture: Tensor): Promise<{ mean: Tensor; logVariance: Tensor }>;
  /** VAE latents (unscaled) `[B,4,h,w]` to a picture `[B,3,8h,8w]`, about -1..1, not clamped. */
  decode(latents: Tensor): Promise<Tensor>;
  /** Scaled latents `[1,4,h,w]` to a small RGB picture `[1,3,?,?]` in 0..1; fast. */
  preview(latents: Tensor): Promise<Tensor>;
  dispose(): Promise<void>;
}

/** How the UNet's upsampling meets skip connections of odd sizes (they differ by 20-30 %). */
export type OddSizes = 'webui' | 'diffusers';
