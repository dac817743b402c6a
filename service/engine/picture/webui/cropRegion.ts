/** Where "only masked" looks: AUTOMATIC1111's region around a mask (modules/masking.py; reference version 1.10.1). */
import type { Box } from '../pillow/image8.ts';
import type { Mask } from '../raster.ts';

/** Bounding box of all values above 0, ends exclusive; undefined for an empty mask. */
export function maskBounds(mask: Mask): Box | undefined {
  const { width, height, data } = mask;
  const filled = (from: number, to: number): boolean => {
    for (let i = from; i < to; i++) if (data[i] !== 0) return true;
    return false;
  };
  let top = 0;
  while (top < height && !filled(top * width, (top + 1) * width)) top++;
  if (top === height) return undefined;
  let bottom = height;
  while (!filled((bottom - 1) * width, bottom * width)) bottom--;
  let left = width;
  let right = 0;
  for (let y = top; y < bottom; y++) {
    const row = y * width;
    for (let x = 0; x < left; x++) if (data[row + x] !== 0) left = x;
    for (let x = width - 1; x >= right; x--) if (data[row + x] !== 0) right = x + 1;
  }
  return [left, top, right, bottom];
}

function padded(box: Box, padding: number, mask: Mask): Box {
  return [
    Math.max(box[0] - padding, 0),
    Math.max(box[1] - padding, 0),
    Math.min(box[2] + padding, mask.width),
    Math.min(box[3] + padding, mask.height),
  ];
}

/** Bounds of the mask with `padding` pixels on every side, kept inside the picture; undefined for an empty mask. */
export function cropRegion(mask: Mask, padding: number): Box | undefined {
  const bounds = maskBounds(mask);
  return bounds && padded(bounds, padding, mask);
}

/** The older rule that scripts still call: an empty mask is answered with an inverted box. */
export function cropRegionOld(mask: Mask, padding: number): Box {
  return padded(maskBounds(mask) ?? [mask.width, mask.height, 0, 0], padding, mask);
}

/** Adds `extra` to a range on both sides, then moves and cuts it to 0..limit. */
function grow(from: number, to: number, extra: number, limit: number): [number, number] {
  const before = Math.floor(extra / 2);
  let start = from - before;
  let end = to + extra - before;
  if (end >= limit) {
    start -= end - limit;
    end = limit;
  }
  if (start < 0) {
    end -= start;
    start = 0;
  }
  return [start, Math.min(end, limit)];
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Grows a region in one direction towards the aspect ratio of the working size, moved rather than cut at
 * the picture's edge; the picture's own size limits it, so that the ratio may be missed. Pixels.
 */
export function expandCropRegion(region: Box, working: Size, picture: Size): Box {
  const [x1, y1, x2, y2] = region;
  const wanted = working.width / working.height;
  if ((x2 - x1) / (y2 - y1) > wanted) {
    const extra = Math.trunc((x2 - x1) / wanted - (y2 - y1));
    const [top, bottom] = grow(y1, y2, extra, picture.height);
    return [x1, top, x2, bottom];
  }
  const extra = Math.trunc((y2 - y1) * wanted - (x2 - x1));
  const [left, right] = grow(x1, x2, extra, picture.width);
  return [left, y1, right, y2];
}
