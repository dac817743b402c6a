/** What both of AUTOMATIC1111's outpainting scripts share: the larger canvas (reference version 1.10.1). */
import type { Size } from '../../../../shared/geometry.ts';
import type { Mask } from '../raster.ts';

export const directions = ['left', 'right', 'up', 'down'] as const;
export type Direction = (typeof directions)[number];

const canvasStepPx = 64;

/** Pixels added on each side. */
export type Expansion = Readonly<Record<Direction, number>>;

/** Up to the next multiple of 64. */
export function onCanvasStep(px: number): number {
  return Math.ceil(px / canvasStepPx) * canvasStepPx;
}

/**
 * How far each chosen side grows so that the canvas becomes a multiple of 64: what is missing to it is
 * shared out, the right and lower side taking the rest. Sides of which none is chosen do not grow.
 */
export function expansionOf(size: Size, px: number, chosen: readonly Direction[]): Expansion {
  const wish = (d: Direction) => (chosen.includes(d) ? px : 0);
  const [left, right] = shared(size.width, wish('left'), wish('right'));
  const [up, down] = shared(size.height, wish('up'), wish('down'));
  return { left, right, up, down };
}

function shared(length: number, before: number, after: number): [number, number] {
  const missing = onCanvasStep(length + before + after) - length;
  const first = before > 0 ? Math.floor((before * missing) / (before + after)) : 0;
  return [first, after > 0 ? missing - first : 0];
}

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
