/**
 * Layers over each other, 8 bit, straight alpha, "normal" blending (Porter and Duff's over). Exact
 * where it must be: coverage 0 leaves the pixel below bit for bit, coverage 255 takes the one above.
 */
import { intersectRects, isEmptyRect, type Rect } from '../../../shared/geometry.ts';
import type { Layer, LayerMask, PixelLayer } from './layers.ts';

/** RGBA over `region` (document pixels; may reach past everything: transparent there). */
export function compositeLayers(layers: readonly Layer[], region: Rect): Uint8ClampedArray {
  const out = new Uint8ClampedArray(region.width * region.height * 4);
  for (const layer of layers) drawLayer(out, region, layer, 1);
  return out;
}

/** One layer alone, mask and opacity applied. */
export function compositeOne(layer: Layer, region: Rect): Uint8ClampedArray {
  const out = new Uint8ClampedArray(region.width * region.height * 4);
  drawLayer(out, region, { ...layer, isVisible: true }, 1);
  return out;
}

function drawLayer(out: Uint8ClampedArray, region: Rect, layer: Layer, opacity: number): void {
  if (!layer.isVisible) return;
  const through = opacity * layer.opacity;
  if (layer.kind === 'pixels') {
    drawPixels(out, region, layer, Math.round(through * 255));
    return;
  }
  for (const child of layer.children) drawLayer(out, region, child, through);
}

function drawPixels(
  out: Uint8ClampedArray,
  region: Rect,
  layer: PixelLayer,
  opacity: number,
): void {
  const common = intersectRects(region, layer.bounds);
  if (isEmptyRect(common) || opacity === 0) return;
  const { mask, bounds, rgba } = layer;
  for (let y = common.y; y < common.y + common.height; y++) {
    let from = ((y - bounds.y) * bounds.width + common.x - bounds.x) * 4;
    let to = ((y - region.y) * region.width + common.x - region.x) * 4;
    const row = rgba.subarray(from, from + common.width * 4);
    // Whole rows of a picture without holes, which is what lies at the bottom of most documents.
    if (!mask && opacity === 255 && isOpaque(row)) {
      out.set(row, to);
      continue;
    }
    for (let x = common.x; x < common.x + common.width; x++, from += 4, to += 4) {
      let cover = rgba[from + 3]!;
      if (opacity !== 255) cover = divide255(cover * opacity);
      if (mask && cover !== 0) cover = divide255(cover * maskAt(mask, x, y));
      if (cover !== 0) blend(out, to, rgba, from, cover);
    }
  }
}

/** The mask's value at a document pixel. */
export function maskAt(mask: LayerMask, x: number, y: number): number {
  if (!mask.isEnabled) return 255;
  const { bounds } = mask;
  const column = x - bounds.x;
  const row = y - bounds.y;
  if (column < 0 || row < 0 || column >= bounds.width || row >= bounds.height) return mask.outside;
  return mask.data[row * bounds.width + column]!;
}

function blend(
  out: Uint8ClampedArray,
  to: number,
  rgba: Uint8ClampedArray,
  from: number,
  cover: number,
): void {
  const below = out[to + 3]!;
  if (cover === 255 || below === 0) {
    out[to] = rgba[from]!;
    out[to + 1] = rgba[from + 1]!;
    out[to + 2] = rgba[from + 2]!;
    out[to + 3] = cover;
    return;
  }
  if (below === 255) {
    for (let c = 0; c < 3; c++) {
      out[to + c] = divide255(rgba[from + c]! * cover + out[to + c]! * (255 - cover));
    }
    return;
  }
  const kept = (below * (255 - cover)) / 255;
  const alpha = cover + kept;
  for (let c = 0; c < 3; c++) {
    out[to + c] = Math.round((rgba[from + c]! * cover + out[to + c]! * kept) / alpha);
  }
  out[to + 3] = Math.round(alpha);
}

/** True when no pixel lets anything through. */
export function isOpaque(rgba: Uint8ClampedArray): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return false;
  return true;
}

/** Rounded n / 255 for 0 <= n <= 65025. */
function divide255(n: number): number {
  return Math.floor((n + 127.5) / 255);
}
