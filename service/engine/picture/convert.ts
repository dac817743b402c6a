/** Between stored pixels, the working form of picture arithmetic, and what the networks take. */
import type { PixelData, PixelDepth } from '../../../shared/frame.ts';
import { tensor, type Tensor } from '../tensor.ts';
import type { FloatImage, Mask, Raster, SoftMask } from './raster.ts';
import type { WriteRow } from './resample.ts';

/** Luma weights of ITU-R BT.601, on code values: how colour becomes gray. Equal R, G, B stay what they are. */
const lumaRed = 0.299;
const lumaGreen = 0.587;
const lumaBlue = 0.114;

/** Largest stored value of a depth: 255, 65535, or 1 for float. */
export function maxOfDepth(depth: PixelDepth): number {
  return depth === 8 ? 255 : depth === 16 ? 65535 : 1;
}

/** An empty store of `length` values at a depth. */
export function pixelData(depth: PixelDepth, length: number): PixelData {
  if (depth === 8) return new Uint8Array(length);
  return depth === 16 ? new Uint16Array(length) : new Float32Array(length);
}

/**
 * Code values 0..1 in RGB, and the alpha plane where the raster has one (not multiplied in). Gray is
 * repeated. Float input is clamped to 0..1 and NaN becomes 0.
 */
export function toFloatImage(raster: Raster): { image: FloatImage; alpha?: SoftMask } {
  const { width, height, channels } = raster;
  const count = width * height;
  const data = new Float32Array(count * 3);
  const writeRow = colorRows(raster);
  for (let y = 0; y < height; y++) writeRow(y, data, y * width * 3);
  const image = { width, height, data };
  if (channels === 1 || channels === 3) return { image };
  const scale = 1 / maxOfDepth(raster.depth);
  const source = raster.depth === 32 ? cleaned(raster.data) : raster.data;
  const alpha = new Float32Array(count);
  for (let i = 0, at = channels - 1; i < count; i++, at += channels) alpha[i] = source[at] * scale;
  return { image, alpha: { width, height, data: alpha } };
}

/** The rows of what `toFloatImage` makes, alpha left out. */
function colorRows(raster: Raster): WriteRow {
  const { width, channels } = raster;
  const scale = 1 / maxOfDepth(raster.depth);
  const step = channels >= 3 ? 1 : 0;
  return (y, out, at) => {
    const stored = raster.data.subarray(y * width * channels, (y + 1) * width * channels);
    const source = raster.depth === 32 ? cleaned(stored) : stored;
    for (let from = 0, to = at; from < source.length; from += channels, to += 3) {
      out[to] = source[from] * scale;
      out[to + 1] = source[from + step] * scale;
      out[to + 2] = source[from + 2 * step] * scale;
    }
  };
}

/**
 * The rows of a raster in RGB 0..1, clear parts over mid gray: what a network sees of it, for which there
 * is no "nothing there". The same as `overBackground` of `toFloatImage`, row by row.
 */
export function rowsOverGray(raster: Raster): WriteRow {
  const { width, channels, depth, data } = raster;
  const writeColors = colorRows(raster);
  if (channels === 1 || channels === 3) return writeColors;
  const max = maxOfDepth(depth);
  const scale = 1 / max;
  return (y, out, at) => {
    writeColors(y, out, at);
    const first = y * width * channels + channels - 1;
    for (let x = 0, from = first, to = at; x < width; x++, from += channels, to += 3) {
      const alpha = data[from];
      if (alpha >= max) continue;
      const a = Math.fround(alpha > 0 ? alpha * scale : 0);
      for (let c = to; c < to + 3; c++) out[c] = out[c] * a + 0.5 * (1 - a);
    }
  };
}

function cleaned(data: PixelData): Float32Array {
  const out = new Float32Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = data[i] > 0 ? Math.min(1, data[i]) : 0;
  return out;
}

/** Stored pixels of 1 (gray by BT.601 luma) or 3 channels, rounded to the nearest level and clamped; NaN becomes 0. */
export function fromFloatImage(
  image: FloatImage,
  form: { readonly channels: 1 | 3; readonly depth: PixelDepth },
): Raster {
  const { width, height, data } = image;
  const count = width * height;
  const out = pixelData(form.depth, count * form.channels);
  const max = maxOfDepth(form.depth);
  const half = form.depth === 32 ? 0 : 0.5;
  if (form.channels === 3) {
    storeAll(data, out, max);
  } else {
    for (let i = 0; i < count; i++) {
      const at = i * 3;
      const luma = lumaRed * data[at] + lumaGreen * data[at + 1] + lumaBlue * data[at + 2];
      out[i] = stored(luma, max, half);
    }
  }
  return { width, height, channels: form.channels, depth: form.depth, data: out };
}

function storeAll(values: Float32Array, out: PixelData, max: number): void {
  const half = max === 1 ? 0 : 0.5;
  for (let i = 0; i < out.length; i++) {
    const v = values[i];
    if (v >= 1) out[i] = max;
    else if (v > 0) out[i] = v * max + half;
  }
}

function stored(value: number, max: number, half: number): number {
  if (!(value > 0)) return 0;
  return value >= 1 ? max : value * max + half;
}

/**
 * What a network sees of a picture with clear parts: the colour over a plain background (0..1 per
 * channel, mid gray unless told), so that hidden colours of clear pixels never show.
 */
export function overBackground(
  image: FloatImage,
  alpha: SoftMask,
  background: readonly [number, number, number] = [0.5, 0.5, 0.5],
): FloatImage {
  const data = new Float32Array(image.data.length);
  const [r, g, b] = background;
  for (let i = 0, at = 0; i < alpha.data.length; i++, at += 3) {
    const a = alpha.data[i];
    data[at] = image.data[at] * a + r * (1 - a);
    data[at + 1] = image.data[at + 1] * a + g * (1 - a);
    data[at + 2] = image.data[at + 2] * a + b * (1 - a);
  }
  return { width: image.width, height: image.height, data };
}

/** RGB 0..1 interleaved to a tensor [1, 3, H, W] in -1..1, as the VAE encoder takes it. */
export function toTensor(image: FloatImage): Tensor {
  const { width, height, data } = image;
  const count = width * height;
  const out = new Float32Array(count * 3);
  for (let i = 0; i < count; i++) {
    out[i] = data[i * 3] * 2 - 1;
    out[count + i] = data[i * 3 + 1] * 2 - 1;
    out[2 * count + i] = data[i * 3 + 2] * 2 - 1;
  }
  return tensor(out, [1, 3, height, width]);
}

/** A tensor [1, 3, H, W] in -1..1 to RGB 0..1, clamped; NaN becomes 0. Throws a RangeError for another shape. */
export function fromTensor(t: Tensor): FloatImage {
  const [batch, channels, height, width] = t.shape;
  if (t.shape.length !== 4 || batch !== 1 || channels !== 3) {
    throw new RangeError(`Expected [1,3,H,W] but received [${t.shape.join(',')}]`);
  }
  const count = width * height;
  const out = new Float32Array(count * 3);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) {
      const value = t.data[c * count + i] * 0.5 + 0.5;
      out[i * 3 + c] = value > 0 ? Math.min(1, value) : 0;
    }
  }
  return { width, height, data: out };
}

/** 0..255 to 0..1. */
export function toSoftMask(mask: Mask): SoftMask {
  const data = new Float32Array(mask.data.length);
  for (let i = 0; i < data.length; i++) data[i] = mask.data[i] / 255;
  return { width: mask.width, height: mask.height, data };
}

/** 0..1 to 0..255, to the nearest level and clamped; NaN becomes 0. */
export function toMask(mask: SoftMask): Mask {
  const data = new Uint8Array(mask.data.length);
  storeAll(mask.data, data, 255);
  return { width: mask.width, height: mask.height, data };
}
