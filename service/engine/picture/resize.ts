/**
 * Resampling in float32, never through 8 bits: separable, widened by the scale when reducing so that
 * it does not alias. Pixel centres are at half coordinates, weights are normalised at the edges.
 */
import { rectOfSize, type Rect, type Size } from '../../../shared/geometry.ts';
import type { FloatImage, SoftMask } from './raster.ts';

type ResizeFilter = 'lanczos3' | 'triangle';

interface ResizeOptions {
  readonly filter?: ResizeFilter;
  /** Average light instead of code values (sRGB transfer curve taken off and put back). */
  readonly linearLight?: boolean;
}

/**
 * RGB 0..1 to another size, clamped to 0..1; Lanczos with three lobes unless told. Equal sizes give an
 * exact copy. Throws a RangeError for an empty size.
 */
export function resizeImage(
  image: FloatImage,
  size: Size,
  options: ResizeOptions = {},
): FloatImage {
  if (size.width === image.width && size.height === image.height) {
    return { ...image, data: image.data.slice() };
  }
  const source = options.linearLight ? image.data.map(toLinear) : image.data;
  const data = resample(source, image, { size, channels: 3, filter: options.filter ?? 'lanczos3' });
  clamp(data);
  if (options.linearLight) for (let i = 0; i < data.length; i++) data[i] = fromLinear(data[i]);
  return { width: size.width, height: size.height, data };
}

/**
 * The part under `window` of what `resizeImage` would make at `size`, without making the rest. Throws a
 * RangeError for an empty size.
 */
export function resizeImageWindow(image: FloatImage, size: Size, window: Rect): FloatImage {
  const data = resample(image.data, image, { size, channels: 3, filter: 'lanczos3', window });
  clamp(data);
  return { width: window.width, height: window.height, data };
}

/** A soft mask to another size, clamped to 0..1; the triangle filter unless told, which cannot ring. */
export function resizeSoftMask(
  mask: SoftMask,
  size: Size,
  options: { readonly filter?: ResizeFilter } = {},
): SoftMask {
  if (size.width === mask.width && size.height === mask.height) {
    return { ...mask, data: mask.data.slice() };
  }
  const data = resample(mask.data, mask, {
    size,
    channels: 1,
    filter: options.filter ?? 'triangle',
  });
  clamp(data);
  return { width: size.width, height: size.height, data };
}

/** sRGB code value to linear light, IEC 61966-2-1. */
function toLinear(v: number): number {
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}

/** Linear light to sRGB code value, IEC 61966-2-1. */
export function fromLinear(v: number): number {
  return v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055;
}

function clamp(data: Float32Array): void {
  for (let i = 0; i < data.length; i++) {
    const v = data[i];
    if (v > 0 && v < 1) continue;
    data[i] = v > 0 ? 1 : 0;
  }
}

interface Target {
  readonly size: Size;
  readonly channels: 1 | 3;
  readonly filter: ResizeFilter;
  /** The part of the answer that is wanted; all of it when absent. */
  readonly window?: Rect;
}

function resample(source: Float32Array, from: Size, target: Target): Float32Array {
  const { size, channels } = target;
  if (size.width < 1 || size.height < 1 || from.width < 1 || from.height < 1) {
    throw new RangeError(
      `Cannot resize ${from.width}x${from.height} to ${size.width}x${size.height}`,
    );
  }
  const { x, y, width, height } = target.window ?? rectOfSize(size);
  const across = kernelTable(target.filter, from.width, size.width, { start: x, length: width });
  const down = kernelTable(target.filter, from.height, size.height, { start: y, length: height });
  // The cheaper order first: the intermediate picture is as small as it can be.
  if (width * from.height <= from.width * height) {
    const wide = across ? resampleRows(source, from, { table: across, width, channels }) : source;
    return down ? resampleColumns(wide, width * channels, down) : wide;
  }
  const tall = down ? resampleColumns(source, from.width * channels, down) : source;
  return across
    ? resampleRows(tall, { width: from.width, height }, { table: across, width, channels })
    : tall;
}

interface KernelTable {
  /** First source sample of every output sample. */
  readonly first: Int32Array;
  /** How many weights each output sample has. */
  readonly count: Int32Array;
  /** `taps` weights per output sample. */
  readonly weights: Float32Array;
  readonly taps: number;
}

/** For `length` output samples from `start` on; undefined when they are all the source's own. */
function kernelTable(
  filter: ResizeFilter,
  from: number,
  to: number,
  part: { readonly start: number; readonly length: number },
): KernelTable | undefined {
  if (from === to && part.length === to) return undefined;
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const radius = (filter === 'lanczos3' ? 3 : 1) * stretch;
  const weigh = filter === 'lanczos3' ? lanczos3 : triangle;
  const taps = Math.ceil(radius) * 2 + 1;
  const first = new Int32Array(part.length);
  const count = new Int32Array(part.length);
  const weights = new Float32Array(part.length * taps);
  for (let i = 0; i < part.length; i++) {
    const center = (part.start + i + 0.5) * scale;
    const start = Math.max(0, Math.ceil(center - radius - 0.5));
    const end = Math.min(from, Math.floor(center + radius - 0.5) + 1, start + taps);
    let sum = 0;
    for (let j = start; j < end; j++) sum += weigh((j + 0.5 - center) / stretch);
    for (let j = start; j < end; j++) {
      weights[i * taps + j - start] = weigh((j + 0.5 - center) / stretch) / sum;
    }
    first[i] = start;
    count[i] = end - start;
  }
  return { first, count, weights, taps };
}

/** sinc(x) sinc(x/3) for |x| < 3 (Lanczos, Applied Analysis, 1956; Duchon 1979). */
function lanczos3(x: number): number {
  if (x === 0) return 1;
  if (x <= -3 || x >= 3) return 0;
  const a = Math.PI * x;
  return (3 * Math.sin(a) * Math.sin(a / 3)) / (a * a);
}

function triangle(x: number): number {
  return Math.max(0, 1 - Math.abs(x));
}

function resampleRows(
  source: Float32Array,
  from: Size,
  target: { readonly table: KernelTable; readonly width: number; readonly channels: 1 | 3 },
): Float32Array {
  const out = new Float32Array(target.width * from.height * target.channels);
  const rows = target.channels === 3 ? resampleRow3 : resampleRow1;
  for (let y = 0; y < from.height; y++) {
    const inRow = y * from.width * target.channels;
    rows(source.subarray(inRow, inRow + from.width * target.channels), target.table, {
      out,
      at: y * target.width * target.channels,
      width: target.width,
    });
  }
  return out;
}

interface Row {
  readonly out: Float32Array;
  readonly at: number;
  readonly width: number;
}

function resampleRow3(source: Float32Array, table: KernelTable, row: Row): void {
  const { first, count, weights, taps } = table;
  const { out } = row;
  for (let x = 0, o = row.at; x < row.width; x++, o += 3) {
    let r = 0;
    let g = 0;
    let b = 0;
    let s = first[x] * 3;
    const from = x * taps;
    const to = from + count[x];
    for (let k = from; k < to; k++, s += 3) {
      const w = weights[k];
      r += w * source[s];
      g += w * source[s + 1];
      b += w * source[s + 2];
    }
    out[o] = r;
    out[o + 1] = g;
    out[o + 2] = b;
  }
}

function resampleRow1(source: Float32Array, table: KernelTable, row: Row): void {
  const { first, count, weights, taps } = table;
  for (let x = 0; x < row.width; x++) {
    let sum = 0;
    let s = first[x];
    const from = x * taps;
    const to = from + count[x];
    for (let k = from; k < to; k++, s++) sum += weights[k] * source[s];
    row.out[row.at + x] = sum;
  }
}

/** Row by row, so that memory is walked in order: four source rows are added at a time. */
function resampleColumns(
  source: Float32Array,
  rowLength: number,
  table: KernelTable,
): Float32Array {
  const height = table.first.length;
  const out = new Float32Array(rowLength * height);
  for (let y = 0; y < height; y++) {
    const row = out.subarray(y * rowLength, (y + 1) * rowLength);
    const count = table.count[y];
    for (let k = 0; k < count; k += 4) {
      const weightAt = (j: number) => (j < count ? table.weights[y * table.taps + j] : 0);
      const rowAt = (j: number) => (table.first[y] + Math.min(j, count - 1)) * rowLength;
      addRows(row, source, {
        w0: weightAt(k),
        w1: weightAt(k + 1),
        w2: weightAt(k + 2),
        w3: weightAt(k + 3),
        r0: rowAt(k),
        r1: rowAt(k + 1),
        r2: rowAt(k + 2),
        r3: rowAt(k + 3),
      });
    }
  }
  return out;
}

function addRows(
  row: Float32Array,
  source: Float32Array,
  part: Readonly<Record<'w0' | 'w1' | 'w2' | 'w3' | 'r0' | 'r1' | 'r2' | 'r3', number>>,
): void {
  const { w0, w1, w2, w3, r0, r1, r2, r3 } = part;
  for (let i = 0; i < row.length; i++) {
    row[i] += w0 * source[r0 + i] + w1 * source[r1 + i] + w2 * source[r2 + i] + w3 * source[r3 + i];
  }
}
