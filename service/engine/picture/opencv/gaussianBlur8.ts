/** OpenCV's GaussianBlur of 8-bit values, bit for bit: fixed-point kernels with 8 fractional bits. */
import {
  boundsOfMask,
  intersectRects,
  rectOfSize,
  type Rect,
} from '../../../../shared/geometry.ts';
import type { Mask } from '../raster.ts';
import { pictureKernels, type PictureKernels } from '../simd/pictureKernels.ts';

/**
 * Gaussian weights in 256ths, symmetric, their sum 256: rounding errors are carried from the ends
 * inwards and the middle takes what is left. `size` is odd; sigma in pixels.
 */
export function gaussianKernel8(size: number, sigma: number): Int32Array {
  const half = (size - 1) / 2;
  const exact = new Float64Array(half);
  let sum = 0;
  for (let i = 0; i < half; i++) {
    const x = half - i;
    exact[i] = Math.exp(-(x * x) / (2 * sigma * sigma));
    sum += exact[i];
  }
  const scale = 256 / (2 * sum + 1);
  const kernel = new Int32Array(size);
  let carried = 0;
  let used = 0;
  for (let i = 0; i < half; i++) {
    const wanted = exact[i] * scale + carried;
    const weight = Math.round(wanted);
    carried = wanted - weight;
    kernel[i] = weight;
    kernel[size - 1 - i] = weight;
    used += 2 * weight;
  }
  kernel[half] = 256 - used;
  return kernel;
}

/** Index of a position beyond the ends, mirrored without repeating the end itself (BORDER_REFLECT_101). */
export function reflect101(position: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const p = ((position % period) + period) % period;
  return p < length ? p : period - p;
}

function withoutZeroEnds(kernel: Int32Array): Int32Array {
  const first = kernel.findIndex((w) => w !== 0);
  return kernel.subarray(first, kernel.length - first);
}

/** Bytes of a row in the kernels' memory, with room for vectors that reach past its end. */
const stride = (bytes: number): number => Math.ceil(bytes / 32) * 32 + 32;
const tapWords = 3;

/** The kernel's taps, the farthest pair first, as addresses around `middle` that lie `step` bytes apart. */
function writeTaps(
  words: Int32Array,
  at: number,
  kernel: Int32Array,
  row: { readonly middle: number; readonly step: number; readonly zeros: number },
): void {
  const radius = (kernel.length - 1) / 2;
  for (let k = 0, o = at / 4; k <= radius; k++, o += tapWords) {
    const away = (radius - k) * row.step;
    words[o] = row.middle - away;
    words[o + 1] = k === radius ? row.zeros : row.middle + away;
    words[o + 2] = kernel[k] | (kernel[k] << 16);
  }
}

interface Room {
  readonly kernels: PictureKernels;
  /** Where the rows begin, and as many bytes of 0 as one has. */
  readonly rows: number;
  readonly zeros: number;
  readonly output: number;
  readonly taps: number;
  readonly tapsEnd: number;
}

function roomFor(rows: number, rowBytes: number, kernel: Int32Array): Room {
  const taps = 0;
  const tapsEnd = ((kernel.length + 1) / 2) * tapWords * 4;
  const zeros = stride(tapsEnd);
  const output = zeros + rowBytes;
  const kernels = pictureKernels(output + rowBytes * (rows + 1));
  kernels.bytes.fill(0, zeros, output);
  return { kernels, rows: output + rowBytes, zeros, output, taps, tapsEnd };
}

/** What a blur can change: the content and `across` and `down` pixels around it. Outside all stays 0. */
function areaOf(mask: Mask, across: number, down: number): Rect | undefined {
  const bounds = boundsOfMask(mask.data, mask);
  if (!bounds) return undefined;
  const { x, y, width, height } = bounds;
  const wide = { x: x - across, y: y - down, width: width + 2 * across, height: height + 2 * down };
  return intersectRects(wide, rectOfSize(mask));
}

/** Vertical blur alone, rounded to 8 bits, borders mirrored (REFLECT_101). `size` is odd, sigma > 0 in pixels. */
export function blurColumns8(mask: Mask, size: number, sigma: number): Mask {
  const { width, height } = mask;
  const data = new Uint8Array(mask.data.length);
  const kernel = withoutZeroEnds(gaussianKernel8(size, sigma));
  const radius = (kernel.length - 1) / 2;
  const area = areaOf(mask, 0, radius);
  if (!area) return { width, height, data };
  const step = stride(area.width);
  const { kernels, rows, zeros, output, taps, tapsEnd } = roomFor(
    area.height + 2 * radius,
    step,
    kernel,
  );
  for (let i = 0; i < area.height + 2 * radius; i++) {
    const from = reflect101(area.y - radius + i, height) * width + area.x;
    kernels.bytes.set(mask.data.subarray(from, from + area.width), rows + i * step);
  }
  for (let y = 0; y < area.height; y++) {
    const middle = rows + (y + radius) * step;
    writeTaps(kernels.words, taps, kernel, { middle, step, zeros });
    kernels.run['pairSums'](taps, tapsEnd, output, output + area.width);
    const row = kernels.bytes.subarray(output, output + area.width);
    data.set(row, (area.y + y) * width + area.x);
  }
  return { width, height, data };
}

/** Horizontal blur alone; otherwise as blurColumns8. */
export function blurRows8(mask: Mask, size: number, sigma: number): Mask {
  const { width, height } = mask;
  const data = new Uint8Array(mask.data.length);
  const kernel = withoutZeroEnds(gaussianKernel8(size, sigma));
  const radius = (kernel.length - 1) / 2;
  const area = areaOf(mask, radius, 0);
  if (!area) return { width, height, data };
  const room = roomFor(1, stride(area.width + 2 * radius), kernel);
  const { kernels, rows, zeros, output, taps, tapsEnd } = room;
  writeTaps(kernels.words, taps, kernel, { middle: rows + radius, step: 1, zeros });
  const left = area.x - radius;
  const right = area.x + area.width + radius;
  for (let y = area.y; y < area.y + area.height; y++) {
    const row = mask.data.subarray(y * width, (y + 1) * width);
    kernels.bytes.set(row.subarray(Math.max(0, left), right), rows + Math.max(0, -left));
    for (let x = left; x < 0; x++) kernels.bytes[rows + x - left] = row[reflect101(x, width)];
    for (let x = width; x < right; x++) kernels.bytes[rows + x - left] = row[reflect101(x, width)];
    kernels.run['pairSums'](taps, tapsEnd, output, output + area.width);
    data.set(kernels.bytes.subarray(output, output + area.width), y * width + area.x);
  }
  return { width, height, data };
}
