/** AUTOMATIC1111's mask arithmetic: 255 = repaint (modules/processing.py; reference version 1.10.1). */
import { blurColumns8, blurRows8 } from '../opencv/gaussianBlur8.ts';
import { type Image8, maskImage, toChannels } from '../pillow/image8.ts';
import { resizePillow } from '../pillow/resample.ts';
import type { Mask, SoftMask } from '../raster.ts';

/** The luma of a picture as a mask (Pillow's L); of a gray picture its values. */
export function lumaMask(image: Image8): Mask {
  return { width: image.width, height: image.height, data: toChannels(image, 1).data };
}

/**
 * A picture read as a mask: its alpha where that is not opaque everywhere (with `round`, white above
 * 128), else its luma, which is not made binary.
 */
export function createBinaryMask(image: Image8, round = true): Mask {
  const { width, height, data } = image;
  if (image.channels !== 4) return lumaMask(image);
  const alpha = new Uint8Array(width * height);
  let opaque = true;
  for (let p = 0; p < alpha.length; p++) {
    const a = data[p * 4 + 3];
    opaque &&= a === 255;
    alpha[p] = a > 128 ? 255 : 0;
    if (!round) alpha[p] = a;
  }
  return opaque ? lumaMask(image) : { width, height, data: alpha };
}

/** 255 - v. */
export function invertMask(mask: Mask): Mask {
  return { width: mask.width, height: mask.height, data: mask.data.map((v) => 255 - v) };
}

function blurSize(sigma: number): number {
  return 2 * Math.trunc(2.5 * sigma + 0.5) + 1;
}

/**
 * The slider "mask blur": OpenCV's 8-bit Gaussian along rows, then along columns, rounded to 8 bits in
 * between. Sigmas in pixels of the mask; 0 leaves that direction alone.
 */
export function maskBlur(mask: Mask, sigmaX: number, sigmaY: number): Mask {
  const across = sigmaX > 0 ? blurRows8(mask, blurSize(sigmaX), sigmaX) : mask;
  return sigmaY > 0 ? blurColumns8(across, blurSize(sigmaY), sigmaY) : across;
}

/** min(255, 2 v): what covers the original when the whole picture is repainted. */
export function doubledMask(mask: Mask): Mask {
  return {
    width: mask.width,
    height: mask.height,
    data: mask.data.map((v) => Math.min(255, v * 2)),
  };
}

/** How much an 8-bit level paints, 0..1; with `round` 0 or 1 (half to even, as numpy and torch round). */
export function paintShare(level: number, round: boolean): number {
  if (!round) return level / 255;
  return level / 255 > 0.5 ? 1 : 0;
}

/**
 * The mask at latent size, 1 = repaint: Pillow's bicubic to width x height cells, / 255, with `round` to 0
 * or 1. Sizes in latent cells.
 */
export function latentMask(mask: Mask, width: number, height: number, round = true): SoftMask {
  const small = resizePillow(maskImage(mask), width, height, 'bicubic');
  const data = Float32Array.from(small.data, (v) => paintShare(v, round));
  return { width, height, data };
}

/**
 * The mask that an inpainting model gets as its extra channel: / 255, with `round` to 0 or 1, then the
 * nearest pixel of every latent cell (torch's "nearest": the upper left one).
 */
export function conditioningMask(
  mask: Mask,
  width: number,
  height: number,
  round = true,
): SoftMask {
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * mask.height) / height) * mask.width;
    for (let x = 0; x < width; x++) {
      const level = mask.data[row + Math.floor((x * mask.width) / width)];
      data[y * width + x] = paintShare(level, round);
    }
  }
  return { width, height, data };
}
