/** OpenCV's resize of 8-bit pictures: its integer coefficients, 11 bits. */
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { averageArea, type Taps } from './areaAverage8.ts';
import { interpolateRows } from './interpolateRows.ts';
import { roundEven } from './roundEven.ts';

export type OpencvKernel = 'nearest' | 'linear' | 'area' | 'cubic' | 'lanczos4';

const coefficientBits = 11;

// Keys' cubic with a = -0.75; the last weight completes the sum.
function cubicWeights(x: number): number[] {
  const a = -0.75;
  const outer = (t: number): number => ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
  const inner = (t: number): number => ((a + 2) * t - (a + 3)) * t * t + 1;
  const w = [outer(x + 1), inner(x), inner(1 - x)];
  return [...w, 1 - w[0] - w[1] - w[2]];
}

function sinc(x: number): number {
  return Math.abs(x) < 1e-6 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function lanczos4Weights(x: number): number[] {
  const w = Array.from({ length: 8 }, (_, i) => sinc(x + 3 - i) * sinc((x + 3 - i) / 4));
  const sum = w.reduce((total, v) => total + v, 0);
  return w.map((v) => v / sum);
}

type Interpolation = 'linear' | 'area' | 'cubic' | 'lanczos4';

/** Source position and fraction; `area` is the linear variant for enlarging. */
function position(
  at: number,
  scale: number,
  kernel: Interpolation,
): { readonly at: number; readonly x: number } {
  if (kernel === 'area') {
    const whole = Math.floor(at * scale);
    const fraction = Math.fround(at + 1 - (whole + 1) / scale);
    return { at: whole, x: fraction <= 0 ? 0 : Math.fround(fraction - Math.floor(fraction)) };
  }
  const exact = Math.fround((at + 0.5) * scale - 0.5);
  const whole = Math.floor(exact);
  return { at: whole, x: Math.fround(exact - whole) };
}

/** Source positions and exact weights of an interpolation along one side. */
export function interpolationTaps(inSize: number, outSize: number, kernel: Interpolation): Taps {
  const count = kernel === 'lanczos4' ? 8 : kernel === 'cubic' ? 4 : 2;
  const scale = 1 / (outSize / inSize);
  const index = new Int32Array(outSize * count);
  const weight = new Float64Array(outSize * count);
  const weights = count === 8 ? lanczos4Weights : count === 4 ? cubicWeights : undefined;
  for (let i = 0; i < outSize; i++) {
    const { at, x } = position(i, scale, kernel);
    const first = i * count;
    for (let k = 0; k < count; k++)
      index[first + k] = Math.min(inSize - 1, Math.max(0, at - count / 2 + 1 + k));
    if (weights) weight.set(weights(x).map(Math.fround), first);
    else {
      weight[first] = Math.fround(1 - x);
      weight[first + 1] = x;
    }
  }
  return { count, index, weight };
}

function fixedTaps({ count, index, weight }: Taps): Taps {
  const fixed = new Float64Array(weight.length);
  for (let i = 0; i < fixed.length; i++) fixed[i] = roundEven(weight[i] * (1 << coefficientBits));
  return { count, index, weight: fixed };
}

function fromFixed(sum: number): number {
  const v = Math.floor(sum / (1 << (2 * coefficientBits)) + 0.5);
  return v < 0 ? 0 : v > 255 ? 255 : v;
}

interface SumRows {
  readonly data: Float64Array;
  readonly length: number;
}

/** Weighted sums along every row, not rounded. */
function sumRows(image: Image8, xs: Taps): SumRows {
  const { channels, data, height } = image;
  const { count, index, weight } = xs;
  const length = (index.length / count) * channels;
  const sums = new Float64Array(height * length);
  for (let y = 0, o = 0; y < height; y++) {
    const row = y * image.width * channels;
    for (let tap = 0; tap < index.length; tap += count) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = tap; k < tap + count; k++)
          sum += data[row + index[k] * channels + c] * weight[k];
        sums[o++] = sum;
      }
    }
  }
  return { data: sums, length };
}

function convolve(image: Image8, xs: Taps, ys: Taps): Image8 {
  const rows = sumRows(image, xs);
  const height = ys.index.length / ys.count;
  const out = newImage8(xs.index.length / xs.count, height, image.channels);
  const sums = new Float64Array(rows.length);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let k = y * ys.count; k < (y + 1) * ys.count; k++) {
      const row = ys.index[k] * rows.length;
      const weight = ys.weight[k];
      if (weight !== 0)
        for (let i = 0; i < rows.length; i++) sums[i] += rows.data[row + i] * weight;
    }
    for (let i = 0; i < rows.length; i++) out.data[y * rows.length + i] = fromFixed(sums[i]);
  }
  return out;
}

/** The two-tap case drops four bits of the row sums and sixteen of either product before it adds them. */
function interpolateLinearly(image: Image8, xs: Taps, ys: Taps): Image8 {
  const rows = sumRows(image, xs);
  const height = ys.index.length / ys.count;
  const out = newImage8(xs.index.length / xs.count, height, image.channels);
  for (let y = 0, o = 0; y < height; y++) {
    const above = ys.index[2 * y] * rows.length;
    const below = ys.index[2 * y + 1] * rows.length;
    const weightAbove = ys.weight[2 * y];
    const weightBelow = ys.weight[2 * y + 1];
    for (let i = 0; i < rows.length; i++) {
      const upper = (weightAbove * (rows.data[above + i] >> 4)) >> 16;
      const lower = (weightBelow * (rows.data[below + i] >> 4)) >> 16;
      out.data[o++] = (upper + lower + 2) >> 2;
    }
  }
  return out;
}

/** The source position of every output position without interpolation. */
export function nearestPositions(inSize: number, outSize: number): Int32Array {
  const scale = 1 / (outSize / inSize);
  return Int32Array.from({ length: outSize }, (_, i) =>
    Math.min(inSize - 1, Math.floor(i * scale)),
  );
}

function nearest(image: Image8, width: number, height: number): Image8 {
  const out = newImage8(width, height, image.channels);
  const c = image.channels;
  const xs = nearestPositions(image.width, width);
  const ys = nearestPositions(image.height, height);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = (ys[y] * image.width + xs[x]) * c;
      for (let k = 0; k < c; k++) out.data[o++] = image.data[i + k];
    }
  }
  return out;
}

/**
 * cv2.resize of 8-bit values, any channels: equal for nearest, linear and area; lanczos4 and cubic within one
 * level of its vectorised code. No antialiasing but for `area` when both directions shrink; `area` enlarges linearly.
 */
export function resizeOpencv(
  image: Image8,
  width: number,
  height: number,
  kernel: OpencvKernel,
): Image8 {
  if (width === image.width && height === image.height) return image;
  if (kernel === 'nearest') return nearest(image, width, height);
  if (kernel === 'area' && width <= image.width && height <= image.height) {
    return averageArea(image, width, height);
  }
  const xs = fixedTaps(interpolationTaps(image.width, width, kernel));
  const ys = fixedTaps(interpolationTaps(image.height, height, kernel));
  if (image.channels >= 3) return interpolateRows(image, xs, ys);
  return xs.count === 2 ? interpolateLinearly(image, xs, ys) : convolve(image, xs, ys);
}
