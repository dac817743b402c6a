/**
 * The end of soft inpainting: the original is laid over the result where the latents have hardly changed
 * (AUTOMATIC1111's extension of that name; reference version 1.10.1). What happens while sampling is
 * softBlend.ts.
 */
import type { Size } from '../../../../shared/geometry.ts';
import { gaussianBlurPillow } from '../pillow/blur.ts';
import { type Image8, maskImage } from '../pillow/image8.ts';
import type { Mask, SoftMask } from '../raster.ts';
import { lumaMask } from './mask.ts';
import { buildOverlay, type PasteTo, uncrop } from './overlay.ts';
import { resizeImage } from './resizeImage.ts';
import { taperedGaussian, weightedHistogramFilter } from './weightedHistogram.ts';

export interface SoftMaskOptions {
  /** 0..8 (0.5): how strongly partly masked content is kept. */
  readonly preservationStrength: number;
  /** 0..1 (0): how much the mask itself says what is kept; 0 only the change does. */
  readonly maskInfluence: number;
  /** 0..8 (0.5): how much latents must have changed to be shown. */
  readonly differenceThreshold: number;
  /** 0..8 (2): how sharply. */
  readonly differenceContrast: number;
}

const overlayBlurPx = 4;

/** x^2 (3 - 2x), for x in 0..1. */
export function smoothstep(x: number): number {
  return x * x * (3 - 2 * x);
}

// The original computes in single precision, and a level more or less of the mask shows in the overlay.
const f = Math.fround;

/** x^3 (6x^2 - 15x + 10) in single precision, for x in 0..1. */
export function smootherstep(x: number): number {
  const cube = f(f(f(x) * f(x)) * f(x));
  return f(cube * f(f(f(x) * f(f(6 * f(x)) - 15)) + 10));
}

/** One image's latents, `[channels,h,w]`. */
export interface LatentChange {
  readonly original: Float32Array;
  readonly processed: Float32Array;
}

interface SoftLatents extends LatentChange {
  /** One value per latent pixel, 1 = generated, before it is bent by sigma. */
  readonly mask: SoftMask;
}

/**
 * What is seen of the generated picture at latent size, 255 = all of it: by how far the latents have moved,
 * held against the threshold, which the mask raises where it is low.
 */
export function softDifferenceMask(latents: SoftLatents, options: SoftMaskOptions): Mask {
  const { mask } = latents;
  const { width, height } = mask;
  const kernel = taperedGaussian(1.5, 2);
  const moved = { width, height, data: movedBy(latents) };
  const most = weightedHistogramFilter(moved, kernel, { from: 0.9, to: 1, minWidth: 1 });
  const even = weightedHistogramFilter(most, kernel, { from: 0.25, to: 0.75, minWidth: 1 });
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const limit = f(options.differenceThreshold * thresholdFactor(mask.data[i], options));
    const kept = f(1 / f(1 + f(f(even.data[i] / limit) ** options.differenceContrast)));
    // 0 / 0 becomes 0: nothing has changed.
    data[i] = Math.trunc(f(255 * f(1 - smootherstep(kept))));
  }
  return { width, height, data };
}

/** Length over the channels of what the latents have moved. */
function movedBy({ mask, original, processed }: SoftLatents): Float32Array {
  const plane = mask.data.length;
  return mask.data.map((_, i) => {
    let sum = 0;
    for (let k = i; k < original.length; k += plane) {
      const d = f(processed[k] - original[k]);
      sum = f(sum + f(d * d));
    }
    return Math.sqrt(sum);
  });
}

function thresholdFactor(mask: number, options: SoftMaskOptions): number {
  const { maskInfluence, preservationStrength } = options;
  const kept = f(1 - f(Math.min(1, Math.max(0, mask)) ** (preservationStrength / 2)));
  const mixed = f(0.5 * (1 - maskInfluence) + f(kept * maskInfluence));
  return f(mixed / f(f(1.00001) - mixed));
}

export interface SoftOverlay {
  /** Of the overlay's size; RGB + alpha, clear outside, where only a crop was worked on. */
  readonly mask: Image8;
  readonly overlay: Image8;
}

/** The working size, and where in the picture that is; undefined: all of it. */
interface SoftPlace extends Size {
  readonly pasteTo: PasteTo | undefined;
}

/**
 * What is seen: the difference mask enlarged to the working size, blurred, and put where the crop was in
 * a picture of `size`.
 */
export function softSeen(difference: Mask, size: Size, place: SoftPlace): Image8 {
  const enlarged = resizeImage(2, maskImage(difference), place.width, place.height);
  const blurred = gaussianBlurPillow(maskImage(lumaMask(enlarged)), overlayBlurPx);
  return place.pasteTo ? uncrop(blurred, size.width, size.height, place.pasteTo) : blurred;
}

/**
 * What is seen, and the original with that hole. `picture`: RGB, all of the original; without `pasteTo`
 * at the working size.
 */
export function softOverlay(difference: Mask, picture: Image8, place: SoftPlace): SoftOverlay {
  const mask = softSeen(difference, picture, place);
  return { mask, overlay: buildOverlay(picture, lumaMask(mask)) };
}
