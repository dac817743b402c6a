/** Pixels from Photoshop's layouts into planes and back; pure. */
import type { PixelData, PixelDepth } from '../../../shared/frame.ts';
import { intersectRects, isEmptyRect, relativeTo, type Rect } from '../../../shared/geometry.ts';

/** Zeros for `count` samples at that depth. */
export function emptyPixels(depth: PixelDepth, count: number): PixelData {
  if (depth === 8) return new Uint8Array(count);
  if (depth === 16) return new Uint16Array(count);
  return new Float32Array(count);
}

/** By the size of its elements: arrays that Photoshop makes may come from another realm. */
export function depthOfData(data: PixelData): PixelDepth {
  if (data.BYTES_PER_ELEMENT === 1) return 8;
  return data.BYTES_PER_ELEMENT === 2 ? 16 : 32;
}

const opaque: Record<PixelDepth, number> = { 8: 255, 16: 65535, 32: 1 };

/**
 * Interleaved RGBA from 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGBA) components. Photoshop leaves
 * alpha out where everything is opaque; it becomes opaque here, before any padding, so that what
 * padding adds stays transparent.
 */
export function toRgba(data: PixelData, components: number): PixelData {
  if (components === 4) return data;
  const depth = depthOfData(data);
  const pixels = data.length / components;
  const out = emptyPixels(depth, pixels * 4);
  const isGray = components < 3;
  const full = opaque[depth];
  for (let i = 0, s = 0, t = 0; i < pixels; i++, s += components, t += 4) {
    out[t] = data[s];
    out[t + 1] = data[isGray ? s : s + 1];
    out[t + 2] = data[isGray ? s : s + 2];
    out[t + 3] = components === 2 ? data[s + 1] : full;
  }
  return out;
}

export interface PaddedSource {
  readonly data: PixelData;
  readonly channels: number;
  /** Where the pixels lie, document pixels. */
  readonly at: Rect;
}

/** The source's pixels inside a zeroed buffer that covers exactly `region`; parts outside are cut. */
export function padToRegion(source: PaddedSource, region: Rect): PixelData {
  const { data, channels, at } = source;
  const out = emptyPixels(depthOfData(data), region.width * region.height * channels);
  const common = intersectRects(at, region);
  if (isEmptyRect(common)) return out;
  const from = relativeTo(common, at);
  const to = relativeTo(common, region);
  const length = common.width * channels;
  for (let y = 0; y < common.height; y++) {
    const start = ((from.y + y) * at.width + from.x) * channels;
    const target = ((to.y + y) * region.width + to.x) * channels;
    // Copied row by row within one depth, so the two arrays are of the same kind.
    (out as Uint8Array).set(data.subarray(start, start + length) as Uint8Array, target);
  }
  return out;
}

/** A sample of `from` bits as one of `to` bits; 32 bit is 0..1, integers are full range. */
export function convertDepth(data: PixelData, to: PixelDepth): PixelData {
  const from = depthOfData(data);
  if (from === to) return data;
  const out = emptyPixels(to, data.length);
  const scale = opaque[to] / opaque[from];
  if (to === 32) {
    for (let i = 0; i < data.length; i++) out[i] = data[i] * scale;
    return out;
  }
  const full = opaque[to];
  for (let i = 0; i < data.length; i++) {
    out[i] = Math.min(full, Math.max(0, Math.round(data[i] * scale)));
  }
  return out;
}

/**
 * 32-bit documents hold linear light (imaging.md); planes hold sRGB values. Encodes the colour of
 * RGBA pixels in place with the sRGB curve (IEC 61966-2-1), clamped to 0..1; alpha is only clamped.
 */
export function encodeSrgbInPlace(rgba: PixelData): void {
  for (let i = 0; i < rgba.length; i++) {
    const v = Math.min(1, Math.max(0, rgba[i]));
    rgba[i] = i % 4 === 3 || v === 0 ? v : srgbFromLinear(v);
  }
}

/** The way back: linear light from sRGB values 0..1, in place; alpha untouched. */
export function decodeSrgbInPlace(rgba: PixelData): void {
  for (let i = 0; i < rgba.length; i++) {
    if (i % 4 !== 3) rgba[i] = linearFromSrgb(rgba[i]);
  }
}

function srgbFromLinear(v: number): number {
  return v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055;
}

function linearFromSrgb(v: number): number {
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}
