/** What both of AUTOMATIC1111's outpainting scripts share: what is kept (reference version 1.10.1). */
import type { Size } from '../../../../shared/geometry.ts';
import type { Mask } from '../raster.ts';

/** White (255 = repaint) with a black rectangle, both ends of it included; clipped to the mask. */
export function keptMask(
  size: Size,
  kept: readonly [left: number, top: number, right: number, bottom: number],
): Mask {
  const { width, height } = size;
  const data = new Uint8Array(width * height).fill(255);
  const [left, top, right, bottom] = kept;
  const end = Math.min(width - 1, right);
  for (let y = Math.max(0, top); y <= Math.min(height - 1, bottom); y++) {
    if (end >= left) data.fill(0, y * width + Math.max(0, left), y * width + end + 1);
  }
  return { width, height, data };
}
