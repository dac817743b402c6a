/** Pillow's paste through a mask. */
import type { Mask } from '../raster.ts';
import { blendThroughMask } from './alpha.ts';
import { cropImage, type Image8, pasteImage } from './image8.ts';

/**
 * Pastes `source` into `target` in place at a corner that may lie outside, mixed by the mask's levels in
 * 8 bits (Image.paste(source, at, mask)). Source and mask have one size, both pictures the same channels.
 */
export function pasteThroughMask(
  target: Image8,
  source: Image8,
  mask: Mask,
  { x, y }: { readonly x: number; readonly y: number },
): void {
  const { width, height } = source;
  if (width === 0 || height === 0) return;
  const under = cropImage(target, [x, y, x + width, y + height]);
  pasteImage(target, blendThroughMask(under, source, mask), x, y);
}
