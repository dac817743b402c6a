/** A selection: 8-bit coverage, kept only over its bounds. Document pixels throughout. */
import {
  boundsOfMask,
  intersectRects,
  isEmptyRect,
  rectOfSize,
  unionRects,
  type Rect,
  type Size,
} from '../../../shared/geometry.ts';

export interface Selection {
  readonly bounds: Rect;
  readonly data: Uint8Array;
}

export type Combine = 'replace' | 'add' | 'subtract';

/** Coverage of one document pixel, 0..255. */
export function coverageAt(selection: Selection, x: number, y: number): number {
  const { bounds, data } = selection;
  const column = x - bounds.x;
  const row = y - bounds.y;
  if (column < 0 || row < 0 || column >= bounds.width || row >= bounds.height) return 0;
  return data[row * bounds.width + column]!;
}

export function selectAll(size: Size): Selection {
  return { bounds: rectOfSize(size), data: new Uint8Array(size.width * size.height).fill(255) };
}

/** Selected becomes unselected; undefined when nothing is left. */
export function invertSelection(
  selection: Selection | undefined,
  size: Size,
): Selection | undefined {
  if (!selection) return selectAll(size);
  const full = crop(selection, rectOfSize(size));
  return trim({ bounds: rectOfSize(size), data: full.map((value) => 255 - value) });
}

/** The old selection and a new shape together, inside the document; undefined when nothing is left. */
export function combineSelections(
  old: Selection | undefined,
  shape: Selection | undefined,
  how: Combine,
  size: Size,
): Selection | undefined {
  if (!shape || isEmptyRect(shape.bounds)) return how === 'replace' ? undefined : old;
  const canvas = rectOfSize(size);
  if (how === 'replace' || !old) {
    if (how === 'subtract') return undefined;
    const bounds = intersectRects(shape.bounds, canvas);
    return trim({ bounds, data: crop(shape, bounds) });
  }
  const bounds =
    how === 'add' ? intersectRects(unionRects(old.bounds, shape.bounds), canvas) : old.bounds;
  const data = crop(old, bounds);
  const other = crop(shape, bounds);
  for (let i = 0; i < data.length; i++) {
    data[i] = how === 'add' ? Math.max(data[i]!, other[i]!) : Math.min(data[i]!, 255 - other[i]!);
  }
  return trim({ bounds, data });
}

/** Coverage over any rectangle, 0 where there is none. */
export function crop(selection: Selection, region: Rect): Uint8Array {
  const out = new Uint8Array(Math.max(0, region.width * region.height));
  const common = intersectRects(selection.bounds, region);
  for (let y = common.y; y < common.y + common.height; y++) {
    const from = (y - selection.bounds.y) * selection.bounds.width + common.x - selection.bounds.x;
    out.set(
      selection.data.subarray(from, from + common.width),
      (y - region.y) * region.width + common.x - region.x,
    );
  }
  return out;
}

/** Only as large as what is covered; undefined when nothing is. */
export function trim(selection: Selection): Selection | undefined {
  const inner = boundsOfMask(selection.data, selection.bounds);
  if (!inner) return undefined;
  const bounds = { ...inner, x: inner.x + selection.bounds.x, y: inner.y + selection.bounds.y };
  return { bounds, data: crop(selection, bounds) };
}
