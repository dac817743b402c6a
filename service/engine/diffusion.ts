/**
 * A loaded diffusion model as the pipeline sees it: four functions and the facts that decide how they
 * are used. networks.ts makes one from files; tests make one from arithmetic.
 */
import type { Tensor } from './tensor.ts';

export interface DiffusionFacts {
  /** 'sd1', 'sd2', 'sdxl', 'sdxl-refiner'. */
  readonly family: string;
  readonly prediction: 'epsilon' | 'v';
  /** UNet input channels: 4, 9 (inpainting: latent, mask, masked image), 8 (edit). */
  readonly inChannels: number;
  /** VAE latents times this are the scaled latents the UNet works on (SD1: 0.18215, SDXL: 0.13025). */
  readonly scalingFactor: number;
  /** Width of the text context (SD1: 768). */
  readonly contextWidth: number;
  /** Its parts, one for each text encoder (SDXL: 768 and 1280); absent: it is one encoder's. */
  readonly encoderWidths?: readonly number[];
  /**
   * Numbers that a context must have as `sizes`: 6 (SDXL: original height and width, top and left of
   * the crop, target height and width) or 5 (its refiner: an aesthetic score in place of the target).
   */
  readonly sizeNumbers?: 5 | 6;
  /** An empty negative prompt is told as zeros (SDXL). */
  readonly zeroEmptyNegative?: boolean;
  /** Cumulative alphas of the training schedule, 1000 float32 values. */
  readonly alphasCumprod: Float32Array;
  /** What they come from, for programs that compute them in another precision (scaled linear betas). */
  readonly betas?: {
    readonly start: number;
    readonly end: number;
    /** How they lie between the two (scaled linear). */
    readonly schedule?: 'scaled_linear' | 'linear' | 'squaredcos_cap_v2';
    readonly zeroTerminalSnr?: boolean | undefined;
  };
  /** scheduler_config.json of a diffusers folder, which says how its author places steps. */
  readonly scheduler?: Readonly<Record<string, unknown>> | undefined;
  /** Id the tokenizer pads with after the end token (SD1: 49407). */
  readonly padId: number;
  /** Picture pixels per latent pixel (8). */
  readonly downscale: number;
  /** Side the model was trained at, picture pixels. */
  readonly nativeSide: number;
  /** It comes with a tiny autoencoder (TAESD). */
  readonly hasTinyDecoder?: boolean;
  /** Of all its weights when loaded, bytes; absent: nobody counted. */
  readonly weightBytes?: number;
}

/** Hidden states `[B,T,C]` of a text, and what SDXL's networks are told besides. */
export interface TextContext extends Tensor {
  /** One vector for the whole text, `[B,P]`: the first chunk's. */
  readonly pooled?: Tensor;
  /** Sizes in pixels and the like, `[B,sizeNumbers]`. */
  readonly sizes?: Tensor;
}

/** An embedding's vectors in a text, for each encoder: `[n,width]`. */
export interface InsertedVectors {
  /** Which chunk of ids. */
  readonly chunk: number;
  /** The first token they replace; 0 is the start token. Those replaced have the id 0. */
  readonly position: number;
  readonly parts: readonly Tensor[];
}

/** What ControlNets add to a UNet's skip connections, from the largest on, and to its middle. */
export interface ControlResiduals {
  readonly down: readonly Tensor[];
  readonly mid: Tensor;
}

export interface DiffusionModel {
  readonly facts: DiffusionFacts;
  /**
   * Token ids `[B,77]` to a context `[B,77,C]` float32, for SDXL with its pooled vectors. SD 1 and 2:
   * the hidden state after all but the last clipSkip - 1 layers, then the final norm; SDXL: the state
   * one layer earlier as it is. A list has a clip skip for each encoder. What follows the first end token is each encoder's own filler.
   */
  encodeText(
    ids: readonly Int32Array[],
    clipSkip: number | readonly number[],
    inserted?: readonly InsertedVectors[],
  ): Promise<TextContext>;
  /**
   * One UNet evaluation: latents `[B,inChannels,h,w]`, one timestep (may be fractional) per batch
   * item, context `[B,T,C]` (for SDXL with pooled vectors and sizes); answers the raw prediction
   * `[B,4,h,w]` (epsilon or v).
   */
  predict(
    latents: Tensor,
    timesteps: Float32Array,
    context: TextContext,
    control?: ControlResiduals,
  ): Promise<Tensor>;
  /**
   * Picture `[B,3,H,W]` in -1..1 to the posterior's mean and log variance `[B,4,H/8,W/8]`, not yet
   * scaled. Log variance is clamped to -30..20.
   */
  encode(picture: Tensor): Promise<{ mean: Tensor; logVariance: Tensor }>;
  /** VAE latents (unscaled) `[B,4,h,w]` to a picture `[B,3,8h,8w]`, about -1..1, not clamped. */
  decode(latents: Tensor): Promise<Tensor>;
  /**
   * Scaled latents `[1,4,h,w]` to a picture `[1,3,8h,8w]` in -1..1 by the tiny autoencoder; absent where
   * there is none.
   */
  readonly decodeTiny?: (latents: Tensor) => Promise<Tensor>;
  /** Scaled latents `[1,4,h,w]` to a small RGB picture `[1,3,?,?]` in 0..1; fast. */
  preview(latents: Tensor): Promise<Tensor>;
  dispose(): Promise<void>;
}

/** How the UNet's upsampling meets skip connections of odd sizes (they differ by 20-30 %). */
export type OddSizes = 'webui' | 'diffusers';
