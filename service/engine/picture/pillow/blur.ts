/** Pillow's extended box blur and its Gaussian approximation by three of them, in integer arithmetic. */
import { type Image8, newImage8 } from './image8.ts';

interface BoxWeights {
  /** Whole pixels to either side. */
  readonly radius: number;
  /** Weight of a whole pixel and of the fractional pixel at either end, in 24 fractional bits. */
  readonly inner: number;
  readonly edge: number;
}

function boxWeights(radius: number): BoxWeights {
  const whole = Math.trunc(radius);
  const span = Math.fround(Math.fround(radius * 2) + 1);
  const inner = Math.trunc(Math.fround((1 << 24) / span));
  return { radius: whole, inner, edge: Math.trunc(((1 << 24) - (whole * 2 + 1) * inner) / 2) };
}

/**
 * Box radius whose `passes`-fold blur has the deviation `sigma`: Gwosdek, Grewenig, Bruhn, Weickert 2011,
 * "Theoretical foundations of Gaussian convolution by extended box filtering"; single precision as in Pillow.
 */
function extendedBoxRadius(sigma: number, passes: number): number {
  const f = Math.fround;
  const variance = f(f(f(sigma) * f(sigma)) / passes);
  const length = f(Math.sqrt(12 * variance + 1));
  const l = f(Math.floor((length - 1) / 2));
  const rise = f(f(l * f(l + 1)) - f(3 * variance));
  const a = f(f(2 * l + 1) * rise);
  const fall = f(6 * f(variance - f(f(l + 1) * f(l + 1))));
  return f(l + f(a / fall));
}

/**
 * One box blur of the `count` values that lie in `from` after radius + 1 places; the places at both ends
 * are filled with the end values first, so that the edges are repeated outwards (one place more at the far end,
 * which is read but not used). Same layout in `to`.
 */
function blurLine(from: Int32Array, to: Int32Array, count: number, w: BoxWeights): void {
  const { radius, inner, edge } = w;
  const pad = radius + 1;
  const window = 2 * radius + 1;
  from.fill(from[pad], 0, pad);
  from.fill(from[pad + count - 1], pad + count);
  let sum = 0;
  for (let i = 1; i <= window; i++) sum += from[i];
  // The two ends, one place outside the window on either side.
  let left = from[0];
  let right = from[window + 1];
  for (let i = 0; i < count; i++) {
    const bulk = (Math.imul(sum, inner) + Math.imul(left + right, edge)) | 0;
    to[pad + i] = (bulk + (1 << 23)) >>> 24;
    left = from[i + 1];
    sum = (sum + right - left) | 0;
    right = from[i + window + 2];
  }
}

/** Swaps rows and columns of pixels, in blocks that fit the cache. */
function transposePixels<T extends Uint8Array | Uint32Array>(
  from: T,
  to: T,
  width: number,
  height: number,
): T {
  const block = 32;
  for (let y0 = 0; y0 < height; y0 += block) {
    const yEnd = Math.min(height, y0 + block);
    for (let x0 = 0; x0 < width; x0 += block) {
      const xEnd = Math.min(width, x0 + block);
      for (let y = y0; y < yEnd; y++) {
        for (let x = x0; x < xEnd; x++) to[x * height + y] = from[y * width + x];
      }
    }
  }
  return to;
}

function transposeChannels(
  data: Uint8Array,
  width: number,
  height: number,
  channels: number,
): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const o = (x * height + y) * channels;
      for (let c = 0; c < channels; c++) out[o + c] = data[i++];
    }
  }
  return out;
}

/** `data` starts at offset 0 of its buffer. */
function transpose(data: Uint8Array, width: number, height: number, channels: number): Uint8Array {
  if (channels === 1) return transposePixels(data, new Uint8Array(data.length), width, height);
  if (channels !== 4) return transposeChannels(data, width, height, channels);
  const pixels = new Uint32Array(data.buffer, 0, width * height);
  const turned = transposePixels(pixels, new Uint32Array(pixels.length), width, height);
  return new Uint8Array(turned.buffer);
}

interface Rows {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

function blurRows(data: Uint8Array, size: Rows, weights: BoxWeights, passes: number): void {
  const { width, height, channels } = size;
  const pad = weights.radius + 1;
  let from = new Int32Array(width + 2 * pad + 1);
  let to = new Int32Array(width + 2 * pad + 1);
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < channels; c++) {
      const start = y * width * channels + c;
      for (let x = 0, i = start; x < width; x++, i += channels) from[pad + x] = data[i];
      for (let n = 0; n < passes; n++) {
        blurLine(from, to, width, weights);
        [from, to] = [to, from];
      }
      for (let x = 0, i = start; x < width; x++, i += channels) data[i] = from[pad + x];
    }
  }
}

/** `passes` box blurs of the given radius (fractions allowed) along rows, then along columns. */
export function boxBlur(image: Image8, radius: number, passes = 1): Image8 {
  const { width, height, channels } = image;
  const out = newImage8(width, height, channels, image.data.slice());
  if (!(radius > 0)) return out;
  const weights = boxWeights(radius);
  blurRows(out.data, { width, height, channels }, weights, passes);
  const columns = transpose(out.data, width, height, channels);
  blurRows(columns, { width: height, height: width, channels }, weights, passes);
  return newImage8(width, height, channels, transpose(columns, height, width, channels));
}

/**
 * Pillow's GaussianBlur(radius), `radius` being the standard deviation in pixels: three box blurs. Every
 * channel alike; pictures with alpha should be premultiplied first. Radius 0 answers a copy.
 */
export function gaussianBlurPillow(image: Image8, radius: number): Image8 {
  return boxBlur(image, radius > 0 ? extendedBoxRadius(radius, 3) : 0, 3);
}
