/** 8-bit pictures: the form in which Pillow's and OpenCV's integer algorithms are stated. */
import type { Mask, Raster } from '../raster.ts';

/** A Raster of depth 8: Uint8Array, interleaved, rows from the top, alpha not premultiplied. */
export interface Image8 extends Raster {
  readonly depth: 8;
  readonly data: Uint8Array;
}

export type Channels = Raster['channels'];

/** [x1, y1, x2, y2], ends exclusive. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** A picture of the given size; all zero (black, clear) when no data is given. */
export function newImage8(
  width: number,
  height: number,
  channels: Channels,
  data?: Uint8Array,
): Image8 {
  return {
    width,
    height,
    channels,
    depth: 8,
    data: data ?? new Uint8Array(width * height * channels),
  };
}

/** The raster in 8 bits, rounded to the nearest level; the raster itself when it has 8 bits already. */
export function toImage8(raster: Raster): Image8 {
  const { width, height, channels, data } = raster;
  if (data instanceof Uint8Array) return { width, height, channels, depth: 8, data };
  const scale = raster.depth === 16 ? 255 / 65535 : 255;
  const bytes = new Uint8Array(data.length);
  // NaN compares false and becomes 0.
  for (let i = 0; i < bytes.length; i++) {
    const v = data[i] * scale;
    bytes[i] = v > 0 ? Math.min(255, v + 0.5) : 0;
  }
  return { width, height, channels, depth: 8, data: bytes };
}

/** A mask as a picture of one channel; the data is shared. */
export function maskImage(mask: Mask): Image8 {
  return newImage8(mask.width, mask.height, 1, mask.data);
}

/** The rectangle cut out; what lies outside the picture is 0 (Pillow's Image.crop). */
export function cropImage(image: Image8, box: Box): Image8 {
  const [x1, y1, x2, y2] = box;
  const out = newImage8(x2 - x1, y2 - y1, image.channels);
  pasteImage(out, image, -x1, -y1);
  return out;
}

/**
 * Copies `source` into `target` with its upper left corner at (x, y), clipped to the target (Pillow's
 * Image.paste without a mask). A source with more colour channels loses them from the end (its alpha),
 * one with fewer is expanded: gray to RGB, opaque alpha.
 */
export function pasteImage(target: Image8, source: Image8, x: number, y: number): void {
  const left = Math.max(0, x);
  const right = Math.min(target.width, x + source.width);
  const top = Math.max(0, y);
  const bottom = Math.min(target.height, y + source.height);
  if (left >= right) return;
  const from = source.channels === target.channels ? source : toChannels(source, target.channels);
  const c = target.channels;
  for (let row = top; row < bottom; row++) {
    const start = ((row - y) * from.width + left - x) * c;
    target.data.set(
      from.data.subarray(start, start + (right - left) * c),
      (row * target.width + left) * c,
    );
  }
}

/**
 * Another number of channels, as Pillow converts between L, LA, RGB and RGBA: colour to gray by ITU-R
 * 601-2 luma in 16 fractional bits, new alpha opaque, removed alpha ignored. Same count: the image itself.
 */
export function toChannels(image: Image8, channels: Channels): Image8 {
  if (image.channels === channels) return image;
  const out = newImage8(image.width, image.height, channels);
  const from = image.channels;
  const pixels = image.width * image.height;
  const sourceColour = from >= 3;
  const targetColour = channels >= 3;
  for (let p = 0, i = 0, o = 0; p < pixels; p++, i += from, o += channels) {
    const { data } = image;
    if (targetColour) {
      out.data[o] = data[i];
      out.data[o + 1] = sourceColour ? data[i + 1] : data[i];
      out.data[o + 2] = sourceColour ? data[i + 2] : data[i];
    } else {
      out.data[o] = sourceColour ? luma601(data[i], data[i + 1], data[i + 2]) : data[i];
    }
    if (channels % 2 === 0) out.data[o + channels - 1] = from % 2 === 0 ? data[i + from - 1] : 255;
  }
  return out;
}

/** Pillow's L of an RGB colour: (19595 R + 38470 G + 7471 B) / 65536, rounded half up. */
function luma601(r: number, g: number, b: number): number {
  return (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16;
}
