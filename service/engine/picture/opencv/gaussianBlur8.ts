/** OpenCV's GaussianBlur of 8-bit values, bit for bit: fixed-point kernels with 8 fractional bits. */
import type { Mask } from '../raster.ts';

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

/**
 * Two 8-bit values share one 32-bit integer, 16 bits each: a kernel's sum is at most 256 * 255 + 128, so
 * that the lower one never runs over.
 */
const half = 128 | (128 << 16);

/** Sums of the rows around `y` times the kernel, `rows[y + radius]` being the middle one. */
function sumRows(
  rows: readonly Int32Array[],
  y: number,
  kernel: Int32Array,
  sums: Int32Array,
): void {
  const last = kernel.length - 1;
  const radius = last / 2;
  const middle = rows[y + radius];
  for (let i = 0; i < sums.length; i++) sums[i] = (half + Math.imul(middle[i], kernel[radius])) | 0;
  let k = 0;
  // Pairs with the same weight, two pairs at a time.
  for (; k + 2 <= radius; k += 2) {
    const [a, b, c, d] = [rows[y + k], rows[y + last - k], rows[y + k + 1], rows[y + last - k - 1]];
    const w = kernel[k];
    const v = kernel[k + 1];
    for (let i = 0; i < sums.length; i++) {
      sums[i] = (sums[i] + Math.imul(a[i] + b[i], w) + Math.imul(c[i] + d[i], v)) | 0;
    }
  }
  if (k < radius) {
    const [a, b] = [rows[y + k], rows[y + last - k]];
    for (let i = 0; i < sums.length; i++)
      sums[i] = (sums[i] + Math.imul(a[i] + b[i], kernel[k])) | 0;
  }
}

/** Rows and columns swapped. */
function transpose(mask: Mask): Mask {
  const { width, height, data } = mask;
  const out = new Uint8Array(data.length);
  const block = 64;
  for (let y0 = 0; y0 < height; y0 += block) {
    const yEnd = Math.min(height, y0 + block);
    for (let x = 0; x < width; x++) {
      for (let y = y0; y < yEnd; y++) out[x * height + y] = data[y * width + x];
    }
  }
  return { width: height, height: width, data: out };
}

function packRows(mask: Mask): Int32Array[] {
  const { width, height, data } = mask;
  const pairs = Math.ceil(width / 2);
  return Array.from({ length: height }, (_, y) => {
    const packed = new Int32Array(pairs);
    const row = y * width;
    for (let i = 0, x = row; i < pairs; i++, x += 2) packed[i] = data[x] | (data[x + 1] << 16);
    // The value after a row's odd end belongs to the next row; it is never unpacked.
    return packed;
  });
}

/**
 * For every row the end of the run of rows around it that all hold one and the same value, and its start;
 * an empty run for a row that is not flat.
 */
function flatRuns({ width, height, data }: Mask): { from: Int32Array; to: Int32Array } {
  const from = new Int32Array(height);
  const to = new Int32Array(height);
  const isFlat = (y: number): boolean => {
    const row = y * width;
    for (let x = 1; x < width; x++) if (data[row + x] !== data[row]) return false;
    return true;
  };
  for (let start = 0; start < height;) {
    let end = start;
    while (end < height && data[end * width] === data[start * width] && isFlat(end)) end++;
    const runEnd = end;
    end = Math.max(end, start + 1);
    from.fill(start, start, end);
    to.fill(runEnd, start, end);
    start = end;
  }
  return { from, to };
}

/** Vertical blur alone, rounded to 8 bits, borders mirrored (REFLECT_101). `size` is odd, sigma > 0 in pixels. */
export function blurColumns8(mask: Mask, size: number, sigma: number): Mask {
  const { width, height, data } = mask;
  const kernel = withoutZeroEnds(gaussianKernel8(size, sigma));
  const radius = (kernel.length - 1) / 2;
  const packed = packRows(mask);
  const rows = Array.from(
    { length: height + 2 * radius },
    (_, i) => packed[reflect101(i - radius, height)],
  );
  const runs = flatRuns(mask);
  const out = new Uint8Array(data.length);
  const sums = new Int32Array(Math.ceil(width / 2));
  for (let y = 0; y < height; y++) {
    // Where all that the kernel sees has one value, that value stays.
    if (runs.from[y] <= Math.max(0, y - radius) && runs.to[y] > Math.min(height - 1, y + radius)) {
      out.fill(data[y * width], y * width, (y + 1) * width);
      continue;
    }
    sumRows(rows, y, kernel, sums);
    const row = y * width;
    for (let i = 0, x = 0; x < width; i++, x += 2) {
      out[row + x] = sums[i] >>> 8;
      if (x + 1 < width) out[row + x + 1] = sums[i] >>> 24;
    }
  }
  return { width, height, data: out };
}

/** Horizontal blur alone; otherwise as blurColumns8. */
export function blurRows8(mask: Mask, size: number, sigma: number): Mask {
  return transpose(blurColumns8(transpose(mask), size, sigma));
}
