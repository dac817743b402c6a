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
  const out = newImage8(width, height, channels, under.data.slice());
  const { data } = mask;
  const fours = fourBytesEach(data);
  const count = data.length;
  for (let p = 0; p < count; p++) {
    if ((p & 3) === 0) while (fours[p >> 2] === 0) p += 4;
    const m = data[p];
    if (m === 0 || p >= count) continue;
    if (m === 255) {
      const start = p;
      p = endOfFull(data, fours, p);
      out.data.set(over.data.subarray(start * channels, p * channels), start * channels);
      p--;
      continue;
    }
    for (let i = p * channels; i < (p + 1) * channels; i++) {
      out.data[i] = divide255(out.data[i] * (255 - m) + over.data[i] * m);
    }
  }
  return out;
}

/** The bytes four at a time, without those left over; nothing where they do not lie as words do. */
function fourBytesEach({ buffer, byteOffset, length }: Uint8Array): Int32Array {
  return byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, length >> 2) : new Int32Array(0);
}

/** Where the run of 255 ends that `from` belongs to. */
function endOfFull(mask: Uint8Array, fours: Int32Array, from: number): number {
  let p = from;
  while ((p & 3) !== 0 && mask[p] === 255) p++;
  if ((p & 3) === 0) while (fours[p >> 2] === -1) p += 4;
  while (mask[p] === 255) p++;
  return p;
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
  const out = target ?? newImage8(under.width, under.height, 4, under.data.slice());
  if (target && under !== out) out.data.set(under.data);
  const aligned = over.data.byteOffset % 4 === 0 ? over.data : over.data.slice();
  const pixels = fourBytesEach(aligned);
  const count = pixels.length;
  let p = 0;
  while (p < count) {
    p = endOfClear(pixels, p);
    const start = p;
    p = endOfOpaque(pixels, p);
    if (p > start) out.data.set(aligned.subarray(start * 4, p * 4), start * 4);
    for (; p < count && isSoft(pixels[p]); p++) compositePixel(out.data, aligned, p * 4);
  }
  return out;
}

/** Alpha is a pixel's uppermost byte. */
function isSoft(pixel: number): boolean {
  const alpha = pixel >>> 24;
  return alpha !== 0 && alpha !== 255;
}

/** Where the run of clear pixels ends that begins at `from`. */
function endOfClear(pixels: Int32Array, from: number): number {
  let p = from;
  const last = pixels.length - 4;
  while (p <= last && (pixels[p] | pixels[p + 1] | pixels[p + 2] | pixels[p + 3]) >>> 24 === 0)
    p += 4;
  while (p < pixels.length && pixels[p] >>> 24 === 0) p++;
  return p;
}

function endOfOpaque(pixels: Int32Array, from: number): number {
  let p = from;
  const last = pixels.length - 4;
  while (p <= last && (pixels[p] & pixels[p + 1] & pixels[p + 2] & pixels[p + 3]) >>> 24 === 255)
    p += 4;
  while (p < pixels.length && pixels[p] >>> 24 === 255) p++;
  return p;
}

/** The pixel at byte `i`, its alpha neither 0 nor 255. */
function compositePixel(o: Uint8Array, b: Uint8Array, i: number): void {
  const alpha = b[i + 3];
  const outAlpha = alpha * 255 + o[i + 3] * (255 - alpha);
  const weight = ((alpha * (255 * 255 * 128)) / outAlpha) | 0;
  const rest = 255 * 128 - weight;
  o[i] = shift255(b[i] * weight + o[i] * rest + (0x80 << 7)) >> 7;
  o[i + 1] = shift255(b[i + 1] * weight + o[i + 1] * rest + (0x80 << 7)) >> 7;
  o[i + 2] = shift255(b[i + 2] * weight + o[i + 2] * rest + (0x80 << 7)) >> 7;
  o[i + 3] = shift255(outAlpha + 0x80);
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
