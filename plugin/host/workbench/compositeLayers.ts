/**
 * Layers over each other, 8 or 16 bit, straight alpha, "normal" blending (Porter and Duff's over). Exact
 * where it must be: coverage 0 leaves the pixel below bit for bit, full coverage takes the one above.
 */
import { intersectRects, isEmptyRect, type Rect } from '../../../shared/geometry.ts';
import { deepPixels } from './layerPixels.ts';
import type { Layer, LayerMask, PixelLayer } from './layers.ts';

type Samples = Uint8ClampedArray | Uint16Array;

/** RGBA over `region` (document pixels; may reach past everything: transparent there). */
export function compositeLayers(layers: readonly Layer[], region: Rect): Uint8ClampedArray {
  return over(new Uint8ClampedArray(region.width * region.height * 4), layers, region);
}

/** The same with 16 bits per channel: layers that have only 8 are widened. */
export function compositeDeep(layers: readonly Layer[], region: Rect): Uint16Array {
  return over(new Uint16Array(region.width * region.height * 4), layers, region);
}

function over<T extends Samples>(out: T, layers: readonly Layer[], region: Rect): T {
  for (const layer of layers) drawLayer(out, region, layer, 1);
  return out;
}

/** One layer alone, mask and opacity applied. */
export function compositeOne(layer: Layer, region: Rect): Uint8ClampedArray {
  return compositeLayers([{ ...layer, isVisible: true }], region);
}

function drawLayer(out: Samples, region: Rect, layer: Layer, opacity: number): void {
  if (!layer.isVisible) return;
  const through = opacity * layer.opacity;
  if (layer.kind === 'pixels') {
    drawPixels(out, region, layer, Math.round(through * 255));
    return;
  }
  for (const child of layer.children) drawLayer(out, region, child, through);
}

function drawPixels(out: Samples, region: Rect, layer: PixelLayer, opacity: number): void {
  const common = intersectRects(region, layer.bounds);
  if (isEmptyRect(common) || opacity === 0) return;
  const { mask, bounds } = layer;
  const rowLength = bounds.width * 4;
  const start = (common.y - bounds.y) * rowLength;
  const end = start + common.height * rowLength;
  const pixels =
    out instanceof Uint16Array ? deepPixels(layer, start, end) : layer.rgba.subarray(start, end);
  const full = fullOf(out);
  for (let y = common.y; y < common.y + common.height; y++) {
    let from = (y - common.y) * rowLength + (common.x - bounds.x) * 4;
    let to = ((y - region.y) * region.width + common.x - region.x) * 4;
    const row = pixels.subarray(from, from + common.width * 4);
    // Whole rows of a picture without holes, which is what lies at the bottom of most documents.
    if (!mask && opacity === 255 && isOpaque(row)) {
      out.set(row, to);
      continue;
    }
    for (let x = common.x; x < common.x + common.width; x++, from += 4, to += 4) {
      let cover = pixels[from + 3]!;
      if (opacity !== 255) cover = divide(cover * opacity, 255);
      if (mask && cover !== 0) cover = divide(cover * maskAt(mask, x, y), 255);
      if (cover !== 0) blend(out, to, { pixels, from, cover, full });
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

interface Above {
  readonly pixels: Samples;
  readonly from: number;
  /** 1..full: how much of it is seen. */
  readonly cover: number;
  readonly full: number;
}

function blend(out: Samples, to: number, { pixels, from, cover, full }: Above): void {
  const below = out[to + 3]!;
  if (cover === full || below === 0) {
    out[to] = pixels[from]!;
    out[to + 1] = pixels[from + 1]!;
    out[to + 2] = pixels[from + 2]!;
    out[to + 3] = cover;
    return;
  }
  if (below === full) {
    for (let c = 0; c < 3; c++) {
      out[to + c] = divide(pixels[from + c]! * cover + out[to + c]! * (full - cover), full);
    }
    return;
  }
  const kept = (below * (full - cover)) / full;
  const alpha = cover + kept;
  for (let c = 0; c < 3; c++) {
    out[to + c] = Math.round((pixels[from + c]! * cover + out[to + c]! * kept) / alpha);
  }
  out[to + 3] = Math.round(alpha);
}

/** The value that stands for 1. */
function fullOf(samples: Samples): number {
  return samples instanceof Uint16Array ? 65535 : 255;
}

/** True when no pixel lets anything through. */
export function isOpaque(rgba: Samples): boolean {
  const full = fullOf(rgba);
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== full) return false;
  return true;
}

/** Rounded n / full for 0 <= n <= full * full. */
function divide(n: number, full: number): number {
  return Math.floor((n + full / 2) / full);
}
