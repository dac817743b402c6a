/** What the model sees: the rectangle around a selection that is cropped, scaled and sent. Pure. */
import {
  intersectRects,
  padRect,
  rectOfSize,
  shiftInside,
  type Rect,
  type Size,
} from '../../../shared/geometry.ts';
import type { Area } from '../../../shared/request.ts';

/** A feather of f document pixels is visible up to about 2.5 f outside the edge. */
const featherReach = 2.5;

/** How far outside the selection a result layer can show anything, document pixels. */
export function visibleReachPx(featherPx: number, growPx: number): number {
  return Math.max(0, Math.ceil(growPx + featherReach * featherPx)) + 1;
}

export interface ContextInput {
  readonly document: Size;
  /** Bounds of the selection, document pixels. */
  readonly bounds: Rect;
  readonly area: Area;
  readonly paddingPx: number;
  readonly featherPx: number;
  readonly growPx: number;
  /** Side the model was trained at, pixels. */
  readonly nativeSide: number;
}

/**
 * `whole`: the document. `masked`: what can show, plus `paddingPx`. `context` (ours): what can show,
 * plus half its longer side on each side (so the model sees as much surroundings as hole), at least
 * `paddingPx`, at least the model's native side, and no side more than twice the other where the
 * document allows it. Always inside the document.
 */
export function contextRect(input: ContextInput): Rect {
  const canvas = rectOfSize(input.document);
  if (input.area === 'whole') return canvas;
  const shown = intersectRects(
    padRect(input.bounds, visibleReachPx(input.featherPx, input.growPx)),
    canvas,
  );
  if (input.area === 'masked') return intersectRects(padRect(shown, input.paddingPx), canvas);
  const padding = Math.max(input.paddingPx, Math.ceil(Math.max(shown.width, shown.height) / 2));
  const wanted = padRect(shown, padding);
  const least = Math.max(input.nativeSide, Math.ceil(Math.max(wanted.width, wanted.height) / 2));
  return shiftInside(grownAround(wanted, { width: least, height: least }), canvas);
}

/** Grown to at least `size`, keeping its centre. */
export function grownAround(r: Rect, size: Size): Rect {
  const width = Math.max(r.width, size.width);
  const height = Math.max(r.height, size.height);
  return {
    x: r.x - Math.floor((width - r.width) / 2),
    y: r.y - Math.floor((height - r.height) / 2),
    width,
    height,
  };
}
