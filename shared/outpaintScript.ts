/**
 * How far AUTOMATIC1111's outpainting scripts let a picture grow: to multiples of 64 (scripts/poor_mans_outpainting.py,
 * scripts/outpainting_mk_2.py; reference version 1.10.1). Pixels.
 */
import type { Sides } from './expand.ts';
import type { Size } from './geometry.ts';

export const directions = ['left', 'right', 'up', 'down'] as const;
export type Direction = (typeof directions)[number];

const canvasStepPx = 64;
/** What the scripts' slider offers. */
const leastPx = 8;
const mostPx = 256;

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

/** The scripts' two questions: how many pixels, on which sides. Undefined where they could not be answered so. */
export function askedOfScript(
  sides: Sides,
): { readonly expandPx: number; readonly directions: readonly Direction[] } | undefined {
  const { left, right, top: up, bottom: down } = sides;
  const wanted = { left, right, up, down };
  const chosen = directions.filter((side) => wanted[side] > 0);
  const [first] = chosen;
  if (first === undefined || chosen.some((side) => wanted[side] !== wanted[first]))
    return undefined;
  const expandPx = wanted[first];
  return expandPx < leastPx || expandPx > mostPx ? undefined : { expandPx, directions: chosen };
}
