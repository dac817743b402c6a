/**
 * Soft inpainting while sampling, as AUTOMATIC1111's extension of that name has it (reference version
 * 1.10.1): grey mask values are freed as the noise goes, and the mix of known and generated keeps the
 * contrast that plain mixing loses. The end of it, what is laid over the picture, is softMask.ts.
 */
import type { Latent } from './types.ts';

export interface SoftBlendOptions {
  /** Power of sigma, 0..8 (1): above 1 the original is held longer. */
  readonly scheduleBias: number;
  /** 0..8 (0.5): how strongly partly masked content is kept. */
  readonly preservationStrength: number;
  /** 1..32 (4): how much of the stronger side's contrast the mix has. */
  readonly transitionContrastBoost: number;
}

/**
 * The mask (0..1, 1 = generated) as it counts at this sigma: mask ^ (sigma ^ bias x strength). `sigma` is
 * the number that the sampler hands over: of DDIM, PLMS and UniPC the timestep.
 */
export function softMaskAt(
  mask: Float32Array,
  sigma: number,
  { scheduleBias, preservationStrength }: SoftBlendOptions,
): Float32Array {
  const exponent = sigma ** scheduleBias * preservationStrength;
  return mask.map((m) => m ** exponent);
}

/**
 * generated x mask + known x (1 - mask), in place, for latents `[B,C,h,w]`, every pixel's length over the
 * channels set to the power mean of both sides' lengths (exponent: the contrast boost). `mask` is `[h,w]`
 * for all images or `[B,h,w]`; `known` may be of one image for all.
 */
export function softBlend(
  generated: Latent,
  mask: Float32Array,
  known: Float32Array,
  { transitionContrastBoost }: SoftBlendOptions,
): void {
  const { data, shape } = generated;
  const [batch, channels] = shape;
  const plane = shape[2] * shape[3];
  for (let n = 0; n < batch * plane; n++) {
    const share = mask[n % mask.length]!;
    const first = Math.floor(n / plane) * channels * plane + (n % plane);
    let ofKnown = 0;
    let ofGenerated = 0;
    let ofMix = 0;
    for (let c = 0, i = first; c < channels; c++, i += plane) {
      const a = known[i % known.length]!;
      const b = data[i]!;
      const mix = a * (1 - share) + b * share;
      ofKnown += a * a;
      ofGenerated += b * b;
      ofMix += mix * mix;
      data[i] = mix;
    }
    const wanted =
      Math.sqrt(ofKnown) ** transitionContrastBoost * (1 - share) +
      Math.sqrt(ofGenerated) ** transitionContrastBoost * share;
    const factor = wanted ** (1 / transitionContrastBoost) / (Math.sqrt(ofMix) + 1e-5);
    for (let c = 0, i = first; c < channels; c++, i += plane) data[i] = data[i]! * factor;
  }
}
