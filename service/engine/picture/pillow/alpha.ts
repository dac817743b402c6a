/** Pillow's integer arithmetic with alpha: premultiplication, paste through a mask, alpha compositing. */
import type { Mask } from '../raster.ts';
import { type Image8, newImage8 } from './image8.ts';

/** t / 255 rounded, for 0 <= t <= 65025 (Blinn's formula). */
function divide255(t: number): number {
  const v = t + 128;
  return ((v >> 8) + v) >> 8;
}

/** Colour times alpha in 8 bits, for gray + alpha and RGB + alpha (Pillow's RGBA to RGBa). */
export function premultiply(image: Image8): Image8 {
  const { data, channels } = image;
  const out = newImage8(image.width, image.height, channels);
  const colours = channels - 1;
  for (let i = 0; i < data.length; i += channels) {
    const alpha = data[i + colours];
    for (let c = 0; c < colours; c++) out.data[i + c] = divide255(data[i + c] * alpha);
    out.data[i + colours] = alpha;
  }
  return out;
}

/** By alpha * 256 + colour. */
const plainColours = new Uint8Array(65536);
for (let alpha = 0; alpha < 256; alpha++) {
  const asIs = alpha === 0 || alpha === 255;
  for (let v = 0; v < 256; v++) {
    plainColours[(alpha << 8) | v] = asIs ? v : Math.min(255, Math.trunc((255 * v) / alpha));
  }
}

function unpremultiplyRgb(from: Uint8Array, to: Uint8Array): void {
  for (let i = 0; i < from.length; i += 4) {
    const alpha = from[i + 3];
    const row = alpha << 8;
    to[i] = plainColours[row | from[i]];
    to[i + 1] = plainColours[row | from[i + 1]];
    to[i + 2] = plainColours[row | from[i + 2]];
    to[i + 3] = alpha;
  }
}

/** The inverse of `premultiply`: 255 * colour / alpha cut to an integer, at most 255; unchanged where alpha is 0 or 255. */
export function unpremultiply(image: Image8): Image8 {
  const { data, channels } = image;
  const out = newImage8(image.width, image.height, channels);
  if (channels === 4) {
    unpremultiplyRgb(data, out.data);
    return out;
  }
  const colours = channels - 1;
  for (let i = 0; i < data.length; i += channels) {
    const alpha = data[i + colours];
    for (let c = 0; c < colours; c++) out.data[i + c] = plainColours[(alpha << 8) | data[i + c]];
    out.data[i + colours] = alpha;
  }
  return out;
}

/** RGB cut out through a mask: colour * (255 - mask), alpha 255 - mask; premultiplied RGB + alpha. */
export function premultipliedHole(image: Image8, mask: Mask): Image8 {
  const out = newImage8(image.width, image.height, 4);
  const step = image.channels;
  for (let p = 0, i = 0, o = 0; p < mask.data.length; p++, i += step, o += 4) {
    const alpha = 255 - mask.data[p];
    out.data[o] = divide255(image.data[i] * alpha);
    out.data[o + 1] = divide255(image.data[i + 1] * alpha);
    out.data[o + 2] = divide255(image.data[i + 2] * alpha);
    out.data[o + 3] = alpha;
  }
  return out;
}

/** `under` * (255 - mask) + `over` * mask, per value: Pillow's Image.composite(over, under, mask) of one format and size. */
export function blendThroughMask(under: Image8, over: Image8, mask: Mask): Image8 {
  const { width, height, channels } = under;
  const out = newImage8(width, height, channels);
  for (let p = 0, i = 0; p < mask.data.length; p++) {
    const m = mask.data[p];
    for (let c = 0; c < channels; c++, i++) {
      out.data[i] = divide255(under.data[i] * (255 - m) + over.data[i] * m);
    }
  }
  return out;
}

/** t / 255 as alpha compositing divides it: no rounding of its own. */
function shift255(t: number): number {
  return ((t >> 8) + t) >> 8;
}

/**
 * `over` composited on `under`, both RGB + alpha and not premultiplied (Porter and Duff's "over" in
 * Pillow's Image.alpha_composite: 7 fractional bits). `target` may be `under` itself.
 */
export function alphaComposite(under: Image8, over: Image8, target?: Image8): Image8 {
  const out = target ?? newImage8(under.width, under.height, 4);
  const a = under.data;
  const b = over.data;
  const o = out.data;
  for (let i = 0; i < a.length; i += 4) {
    const alpha = b[i + 3];
    if (alpha === 0 || alpha === 255) {
      const from = alpha === 0 ? a : b;
      o[i] = from[i];
      o[i + 1] = from[i + 1];
      o[i + 2] = from[i + 2];
      o[i + 3] = from[i + 3];
      continue;
    }
    const outAlpha = alpha * 255 + a[i + 3] * (255 - alpha);
    const weight = ((alpha * (255 * 255 * 128)) / outAlpha) | 0;
    const rest = 255 * 128 - weight;
    o[i] = shift255(b[i] * weight + a[i] * rest + (0x80 << 7)) >> 7;
    o[i + 1] = shift255(b[i + 1] * weight + a[i + 1] * rest + (0x80 << 7)) >> 7;
    o[i + 2] = shift255(b[i + 2] * weight + a[i + 2] * rest + (0x80 << 7)) >> 7;
    o[i + 3] = shift255(outAlpha + 0x80);
  }
  return out;
}

/** RGB + alpha over one opaque colour, as RGB (Pillow's paste of an RGBA picture through itself). */
export function flattenOnto(image: Image8, background: readonly [number, number, number]): Image8 {
  const out = newImage8(image.width, image.height, 3);
  for (let i = 0, o = 0; i < image.data.length; i += 4, o += 3) {
    const alpha = image.data[i + 3];
    for (let c = 0; c < 3; c++) {
      out.data[o + c] = divide255(background[c] * (255 - alpha) + image.data[i + c] * alpha);
    }
  }
  return out;
}
