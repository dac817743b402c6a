/**
 * Resampling in float32: separable, widened by the scale when reducing so that it does not alias.
 * Pixel centres are at half coordinates, weights are normalised at the edges. Only the few rows that an
 * output row is made of are held at a time.
 */
import { rectOfSize, type Rect, type Size } from '../../../shared/geometry.ts';

export type ResizeFilter = 'lanczos3' | 'triangle';

/** Writes row `y` of a picture into `out` from index `at` on. */
export type WriteRow = (y: number, out: Float32Array, at: number) => void;

interface Target {
  readonly size: Size;
  readonly channels: 1 | 3;
  readonly filter: ResizeFilter;
  /** The part of the answer that is wanted; all of it when absent. */
  readonly window?: Rect;
}

/**
 * A picture of `from` pixels, given row by row (interleaved), at the target's size, or the part of it
 * under its window. Overshoots are clamped to 0..1, NaN becomes 0. Throws a RangeError for an empty size.
 */
export function resample(writeRow: WriteRow, from: Size, target: Target): Float32Array {
  const { width, height } = target.window ?? rectOfSize(target.size);
  const rowLength = width * target.channels;
  const answer = resampledRows(writeRow, from, target);
  const out = new Float32Array(rowLength * height);
  for (let row = 0, at = 0; row < height; row++, at += rowLength) answer.writeRow(row, out, at);
  return out;
}

interface ResampledRows {
  /** How many of the source's rows there must be for a row of the answer. */
  readonly rowsFor: (y: number) => number;
  /** Rows of the answer, to be asked for from the top. */
  readonly writeRow: WriteRow;
}

/** The same row by row, for a picture that comes row by row. Throws a RangeError for an empty size. */
export function resampledRows(writeRow: WriteRow, from: Size, target: Target): ResampledRows {
  const { size, channels } = target;
  if (size.width < 1 || size.height < 1 || from.width < 1 || from.height < 1) {
    throw new RangeError(
      `Cannot resize ${from.width}x${from.height} to ${size.width}x${size.height}`,
    );
  }
  const { x, y, width, height } = target.window ?? rectOfSize(size);
  const across = kernelTable(target.filter, from.width, size.width, { start: x, length: width });
  const down = kernelTable(target.filter, from.height, size.height, { start: y, length: height });
  const source = { writeRow, width: from.width, channels };
  // The cheaper order first: as little as can be is resampled twice.
  const answer =
    width * from.height <= from.width * height
      ? resampledDown(resampledAcross(source, across), down)
      : resampledAcross(resampledDown(source, down), across);
  return {
    rowsFor: (row) => (down ? down.first[row] + down.count[row] : row + 1),
    writeRow(row, out, at) {
      answer.writeRow(row, out, at);
      clamp(out, at, at + width * channels);
    },
  };
}

function clamp(data: Float32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const v = data[i];
    if (v > 0 && v < 1) continue;
    data[i] = v > 0 ? 1 : 0;
  }
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

interface Rows {
  readonly writeRow: WriteRow;
  /** Pixels of a row. */
  readonly width: number;
  readonly channels: 1 | 3;
}

function resampledAcross(source: Rows, table: KernelTable | undefined): Rows {
  if (!table) return source;
  const { channels } = source;
  const line = new Float32Array(source.width * channels);
  const resampleRow = channels === 3 ? resampleRow3 : resampleRow1;
  const writeRow: WriteRow = (y, out, at) => {
    source.writeRow(y, line, 0);
    resampleRow(line, table, { out, at });
  };
  return { writeRow, width: table.first.length, channels };
}

interface Row {
  readonly out: Float32Array;
  readonly at: number;
}

function resampleRow3(source: Float32Array, table: KernelTable, { out, at }: Row): void {
  const { first, count, weights, taps } = table;
  for (let x = 0, o = at; x < first.length; x++, o += 3) {
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

function resampleRow1(source: Float32Array, table: KernelTable, { out, at }: Row): void {
  const { first, count, weights, taps } = table;
  for (let x = 0; x < first.length; x++) {
    let sum = 0;
    let s = first[x];
    const from = x * taps;
    const to = from + count[x];
    for (let k = from; k < to; k++, s++) sum += weights[k] * source[s];
    out[at + x] = sum;
  }
}

/** Output rows are asked for from the top: a ring keeps the source rows that one of them needs. */
function resampledDown(source: Rows, table: KernelTable | undefined): Rows {
  if (!table) return source;
  const { first, count, weights, taps } = table;
  const rowLength = source.width * source.channels;
  const ring = new Float32Array(taps * rowLength);
  let next = 0;
  const writeRow: WriteRow = (y, out, at) => {
    const end = first[y] + count[y];
    for (next = Math.max(next, first[y]); next < end; next++) {
      source.writeRow(next, ring, (next % taps) * rowLength);
    }
    out.fill(0, at, at + rowLength);
    // Four at a time: the sums are read and written a quarter as often.
    for (let k = 0; k < count[y]; k += 4) {
      const weightAt = (j: number) => (j < count[y] ? weights[y * taps + j] : 0);
      const rowAt = (j: number) => ((first[y] + Math.min(j, count[y] - 1)) % taps) * rowLength;
      addRows({ out, at, length: rowLength }, ring, {
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
  };
  return { writeRow, width: source.width, channels: source.channels };
}

function addRows(
  sums: Row & { readonly length: number },
  ring: Float32Array,
  part: Readonly<Record<'w0' | 'w1' | 'w2' | 'w3' | 'r0' | 'r1' | 'r2' | 'r3', number>>,
): void {
  const { out, at, length } = sums;
  const { w0, w1, w2, w3, r0, r1, r2, r3 } = part;
  for (let i = 0; i < length; i++) {
    out[at + i] += w0 * ring[r0 + i] + w1 * ring[r1 + i] + w2 * ring[r2 + i] + w3 * ring[r3 + i];
  }
}
