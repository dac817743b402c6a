/** AUTOMATIC1111's way back: the original, with a hole, over the result (modules/processing.py; reference version 1.10.1). */
import {
  alphaComposite,
  blendThroughMask,
  premultipliedHole,
  premultiply,
  unpremultiply,
} from '../pillow/alpha.ts';
import { type Image8, newImage8, pasteImage, toChannels } from '../pillow/image8.ts';
import type { Mask } from '../raster.ts';
import { resizeImage } from './resizeImage.ts';

/** (x, y, width, height) in pixels of the original. */
export type PasteTo = readonly [x: number, y: number, width: number, height: number];

/** The original (RGB) with alpha 255 - mask, as RGB + alpha; colours as they survive premultiplication in 8 bits. */
export function buildOverlay(image: Image8, maskForOverlay: Mask): Image8 {
  return unpremultiply(premultipliedHole(image, maskForOverlay));
}

/** The picture brought to the size of `pasteTo` (crop and resize) on a clear canvas of width x height. */
export function uncrop(image: Image8, width: number, height: number, pasteTo: PasteTo): Image8 {
  const canvas = newImage8(width, height, 4);
  pasteImage(canvas, resizeImage(1, image, pasteTo[2], pasteTo[3]), pasteTo[0], pasteTo[1]);
  return canvas;
}

export interface Overlaid {
  /** The finished picture, RGB. */
  readonly picture: Image8;
  /** What the model made, in place, before the original came over it. */
  readonly denoised: Image8;
}

/** Puts the model's picture in its place and the overlay on top; without an overlay the picture itself. */
export function applyOverlay(image: Image8, overlay?: Image8, pasteTo?: PasteTo): Overlaid {
  if (!overlay) return { picture: image, denoised: image };
  const placed = pasteTo ? uncrop(image, overlay.width, overlay.height, pasteTo) : image;
  const picture = toChannels(alphaComposite(toChannels(placed, 4), overlay), 3);
  return { picture, denoised: placed };
}

/** The option "return mask composite": what the model made, visible only under the mask. RGB + alpha. */
export function maskComposite(denoised: Image8, maskForOverlay: Mask): Image8 {
  const { width, height } = denoised;
  const fitted = resizeImage(2, { ...newImage8(1, 1, 1), ...maskForOverlay }, width, height);
  const mask = { width, height, data: toChannels(fitted, 1).data };
  return unpremultiply(
    blendThroughMask(newImage8(width, height, 4), premultiply(toChannels(denoised, 4)), mask),
  );
}
