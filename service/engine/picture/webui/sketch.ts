/** AUTOMATIC1111's inpaint sketch: what was painted over becomes the mask (modules/img2img.py, mode 3). */
import { blendThroughMask } from '../pillow/alpha.ts';
import { gaussianBlurPillow } from '../pillow/blur.ts';
import { type Image8, maskImage } from '../pillow/image8.ts';
import type { Mask } from '../raster.ts';

export interface SketchOptions {
  /** Percent 0..100: 40 makes the mask 60 % white. */
  readonly maskTransparency: number;
  /** Pillow blur radius in pixels. */
  readonly maskBlur: number;
}

/**
 * From the original and the painted copy (RGB, same size): the mask of changed pixels, and the picture with
 * the blurred paint laid over the original through the blurred mask.
 */
export function sketchInpaint(
  original: Image8,
  painted: Image8,
  options: SketchOptions,
): { picture: Image8; mask: Mask } {
  const { width, height, channels } = original;
  const strength = Math.fround(1 - options.maskTransparency / 100);
  const level = Math.trunc(Math.fround(strength * 255));
  const data = new Uint8Array(width * height);
  for (let i = 0; i < original.data.length; i++) {
    if (original.data[i] !== painted.data[i]) data[Math.floor(i / channels)] = level;
  }
  const mask: Mask = { width, height, data };
  const soft = gaussianBlurPillow(maskImage(mask), options.maskBlur);
  const paint = gaussianBlurPillow(painted, options.maskBlur);
  return { picture: blendThroughMask(original, paint, soft), mask };
}
