/** AUTOMATIC1111's masked content "fill" (modules/masking.py, fill; reference version 1.10.1). */
import { alphaComposite, premultipliedHole, unpremultiply } from '../pillow/alpha.ts';
import { gaussianBlurPillow } from '../pillow/blur.ts';
import { type Image8, newImage8, toChannels } from '../pillow/image8.ts';
import type { Mask } from '../raster.ts';

/** Blur radius in working pixels, and how often the result is laid over what is there. */
const layers: readonly (readonly [radius: number, repeats: number])[] = [
  [256, 1],
  [64, 1],
  [16, 2],
  [4, 4],
  [2, 2],
  [0, 1],
];

/**
 * Spreads the colours around the mask into it: ever smaller blurs of what is known, one over the other.
 * Black where nothing is known. Mask and picture (RGB) have the same size; the answer is RGB.
 */
export function fill(image: Image8, mask: Mask): Image8 {
  const known = premultipliedHole(image, mask);
  let result = newImage8(image.width, image.height, 4);
  for (const [radius, repeats] of layers) {
    const blurred = unpremultiply(gaussianBlurPillow(known, radius));
    for (let n = 0; n < repeats; n++) result = alphaComposite(result, blurred, result);
  }
  return toChannels(result, 3);
}
