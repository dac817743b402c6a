/**
 * Keeping known latents while the rest is generated. Masks are 1 where the picture is generated, 0
 * where it is kept; one value per latent pixel, `[h,w]` for all images or `[B,h,w]`.
 */
import { softBlend, softMaskAt, type SoftBlendOptions } from './softBlend.ts';
import type { Latent } from './types.ts';

/**
 * - `denoised`: denoised x mask + known x (1 - mask) after every prediction (AUTOMATIC1111 with
 *   k-diffusion samplers).
 * - `input`: the network sees latents whose known part is the clean picture (AUTOMATIC1111 with
 *   DDIM-like samplers).
 * - `differential`: a pixel is kept while the share of timesteps left is above its mask value, so grey
 *   values are strengths (Levin and Fried 2023, by timestep).
 * - `soft`: grey values are freed by the noise level, with the contrast of both sides (softBlend.ts).
 */
export type Blend =
  | { readonly kind: 'none' }
  | KnownBlend<'denoised'>
  | KnownBlend<'input'>
  | (KnownBlend<'differential'> & {
      /** Timestep of the first evaluation: the whole of the way. */
      readonly firstTimestep: number;
    })
  | (KnownBlend<'soft'> & {
      readonly options: SoftBlendOptions;
      /**
       * What is blended, and by what: the prediction by its sigma, or, as AUTOMATIC1111 has it with
       * DDIM-like samplers, what the network sees by the timestep.
       */
      readonly at: 'prediction' | 'input';
    });

interface KnownBlend<K extends string> {
  readonly kind: K;
  readonly mask: Float32Array;
  /** Scaled clean latents, `[1|B,4,h,w]`. */
  readonly known: Float32Array;
}

/**
 * values x mask + known x (1 - mask), in place, for latents `[B,C,h,w]`; mask and known may be of one
 * image for all.
 */
export function blendKnown(
  latent: Latent,
  mask: Float32Array,
  known: Float32Array,
  weightOf: (mask: number) => number = (m) => m,
): void {
  const { data, shape } = latent;
  const plane = shape[2] * shape[3];
  const image = shape[1] * plane;
  for (let i = 0; i < data.length; i++) {
    const pixel = i % plane;
    const batch = Math.floor(i / image);
    const weight = weightOf(mask[(batch * plane + pixel) % mask.length]!);
    if (weight === 1) continue;
    const clean = known[i % known.length]!;
    data[i] = weight === 0 ? clean : data[i]! * weight + clean * (1 - weight);
  }
}

/** Whether the network sees known latents instead of the noisy ones. */
export function blendsInput(blend: Blend | undefined): boolean {
  return blend?.kind === 'input' || (blend?.kind === 'soft' && blend.at === 'input');
}

/** What the network is to see, in place: clean known latents where the blend is one of the input. */
export function blendInput(input: Latent, timestep: number, blend: Blend | undefined): void {
  if (!blend || !blendsInput(blend)) return;
  if (blend.kind === 'input') blendKnown(input, blend.mask, blend.known);
  if (blend.kind === 'soft') blendSoft(input, timestep, blend);
}

/** Known latents in a prediction, in place. */
export function blendPrediction(
  denoised: Latent,
  at: { readonly sigma: number; readonly timestep: number },
  blend: Blend | undefined,
): void {
  if (blend?.kind === 'denoised') blendKnown(denoised, blend.mask, blend.known);
  if (blend?.kind === 'soft' && blend.at === 'prediction') blendSoft(denoised, at.sigma, blend);
  if (blend?.kind === 'differential') {
    const left = at.timestep / blend.firstTimestep;
    blendKnown(denoised, blend.mask, blend.known, (mask) => (isFree(mask, left) ? 1 : 0));
  }
}

function blendSoft(latent: Latent, sigma: number, blend: Extract<Blend, { kind: 'soft' }>): void {
  const { mask, known, options } = blend;
  softBlend(latent, softMaskAt(mask, sigma, options), known, options);
}

/** Whether a pixel of this mask value is generated when `left` (0..1) of the timesteps are left. */
function isFree(mask: number, left: number): boolean {
  return mask > 0 && mask >= Math.min(1, left);
}
