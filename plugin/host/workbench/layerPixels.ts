/** Samples of layers: the 8 bits that a browser can show, and beside them the 16 that a file had. */
import type { Plane } from '../../../shared/frame.ts';
import { allLayers, type Layer, type LayerPixels } from './layers.ts';

/** True when any layer has 16 bits: then the document is read and saved with as many. */
export function isDeep(layers: readonly Layer[]): boolean {
  return allLayers(layers).some((layer) => layer.kind === 'pixels' && layer.deep !== undefined);
}

/** RGBA of 16 bits, samples from `start` to `end`; of a layer with 8, widened so that 255 is 65535. */
export function deepPixels({ deep, rgba }: LayerPixels, start = 0, end = rgba.length): Uint16Array {
  return deep ? deep.subarray(start, end) : widened(rgba.subarray(start, end));
}

/** 8-bit samples so that 255 is 65535. */
export function widened(samples: Uint8Array | Uint8ClampedArray): Uint16Array {
  const wide = new Uint16Array(samples.length);
  for (let i = 0; i < samples.length; i++) wide[i] = samples[i]! * 257;
  return wide;
}

/** Gray or RGB, with alpha or without, as RGBA of 8 bits; of a plane with more bits those as well. */
export function pixelsOf(picture: Plane): LayerPixels {
  const rgba = rgbaOf(picture);
  return picture.depth === 8 ? { rgba } : { rgba, deep: deepOf(picture) };
}

/** Opaque, whatever alpha the plane has. */
export function opaquePixelsOf(color: Plane): LayerPixels {
  const rgba = opaqueRgba(color);
  if (color.depth === 8) return { rgba };
  const deep = deepOf(color);
  for (let i = 3; i < deep.length; i += 4) deep[i] = 65535;
  return { rgba, deep };
}

/** 16-bit samples as they are, floating ones rounded to as many. */
function deepOf({ width, height, channels, depth, data }: Plane): Uint16Array {
  const out = new Uint16Array(width * height * 4);
  const factor = depth === 16 ? 1 : 65535;
  const isGray = channels < 3;
  const hasAlpha = channels === 2 || channels === 4;
  const sample = (at: number) => Math.round(Math.min(65535, Math.max(0, data[at]! * factor)));
  for (let from = 0, to = 0; to < out.length; from += channels, to += 4) {
    for (let c = 0; c < 3; c++) out[to + c] = sample(from + (isGray ? 0 : c));
    out[to + 3] = hasAlpha ? sample(from + channels - 1) : 65535;
  }
  return out;
}

/** Gray or RGB of any depth as opaque 8-bit RGBA. */
function opaqueRgba(color: Plane): Uint8ClampedArray {
  const pixels = color.width * color.height;
  const out = new Uint8ClampedArray(pixels * 4);
  if (color.depth === 8 && color.channels === 3 && color.data instanceof Uint8Array) {
    copyRgb(color.data, out);
    return out;
  }
  const factor = color.depth === 8 ? 1 : color.depth === 16 ? 255 / 65535 : 255;
  const isGray = color.channels < 3;
  for (let i = 0; i < pixels; i++) {
    const at = i * color.channels;
    for (let c = 0; c < 3; c++) out[i * 4 + c] = color.data[at + (isGray ? 0 : c)]! * factor;
    out[i * 4 + 3] = 255;
  }
  return out;
}

/** 8-bit RGB as opaque RGBA: the common case, without arithmetic. */
function copyRgb(rgb: Uint8Array, rgba: Uint8ClampedArray): void {
  for (let from = 0, to = 0; to < rgba.length; from += 3, to += 4) {
    rgba[to] = rgb[from]!;
    rgba[to + 1] = rgb[from + 1]!;
    rgba[to + 2] = rgb[from + 2]!;
    rgba[to + 3] = 255;
  }
}

/** RGBA of a plane with or without alpha, any depth. */
function rgbaOf(picture: Plane): Uint8ClampedArray {
  const out = opaqueRgba(picture);
  if (picture.channels === 1 || picture.channels === 3) return out;
  const factor = picture.depth === 8 ? 1 : picture.depth === 16 ? 255 / 65535 : 255;
  const alpha = picture.channels - 1;
  for (let i = 0; i < picture.width * picture.height; i++) {
    out[i * 4 + 3] = picture.data[i * picture.channels + alpha]! * factor;
  }
  return out;
}
