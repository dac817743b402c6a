/** The two passes of 8-bit resampling, row by row: sums of pixels times fixed-point weights, rounded to bytes. */
import { acrossName, lowBits } from '../simd/convolveKernels.ts';
import { pictureKernels, type PictureKernels } from '../simd/pictureKernels.ts';
import type { Taps } from './taps.ts';
import { weighedRow } from './weighedRow.ts';

export interface Rows {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Where things lie in the kernels' memory. */
interface Places {
  /** One row of the source. */
  readonly source: number;
  /** The rows that one output row is made of, and their length in memory. */
  readonly ring: number;
  readonly slotBytes: number;
  readonly slots: number;
  readonly output: number;
  readonly across: number;
  readonly down: number;
  readonly end: number;
}

const align = (bytes: number): number => Math.ceil(bytes / 16) * 16 + 16;

/** Weights of a position as pairs of 16 bits, the last one filled up with 0: upper parts, lower parts. */
function writePair(words: Int32Array, at: number, taps: Taps, k: number, end: number): void {
  const a = k < end ? taps.weights[k] : 0;
  const b = k + 1 < end ? taps.weights[k + 1] : 0;
  const low = (1 << lowBits) - 1;
  words[at] = ((a >> lowBits) & 0xffff) | ((b >> lowBits) << 16);
  words[at + 1] = (a & low) | ((b & low) << 16);
}

function placesOf(source: Rows, xs: Taps | undefined, ys: Taps | undefined): Places {
  const width = xs ? xs.first.length : source.width;
  const slots = ys ? largest(ys.count) : 1;
  const slotBytes = align(width * source.channels);
  const ring = align(source.width * source.channels);
  const output = ring + slots * slotBytes;
  const across = output + slotBytes;
  const down = across + (xs ? align(width * (4 + 8 * pairsOf(xs))) : 0);
  return { source: 0, ring, slotBytes, slots, output, across, down, end: down + 16 * (slots + 1) };
}

function largest(counts: Int32Array): number {
  return counts.reduce((most, n) => Math.max(most, n), 1);
}

function pairsOf(taps: Taps): number {
  return Math.ceil(largest(taps.count) / 2);
}

function writeAcross(words: Int32Array, at: number, taps: Taps, channels: number): void {
  const pairs = pairsOf(taps);
  for (let x = 0, o = at / 4; x < taps.first.length; x++) {
    words[o++] = taps.first[x] * channels;
    const from = x * taps.stride;
    for (let k = 0; k < pairs; k++, o += 2)
      writePair(words, o, taps, from + 2 * k, from + taps.count[x]);
  }
}

/** Resampled along its rows (`xs`) and columns (`ys`); at least one of the two. */
export function convolveRows(source: Rows, xs: Taps | undefined, ys: Taps | undefined): Uint8Array {
  const places = placesOf(source, xs, ys);
  const kernels = pictureKernels(places.end);
  const width = xs ? xs.first.length : source.width;
  const rowLength = width * source.channels;
  const height = ys ? ys.first.length : source.height;
  const out = new Uint8Array(rowLength * height);
  const writeRow = rowWriter(source, xs, places, kernels);
  const slotOf = (y: number): number => places.ring + (y % places.slots) * places.slotBytes;
  let next = ys?.first[0] ?? 0;
  for (let y = 0; y < height; y++) {
    const end = ys ? ys.first[y] + ys.count[y] : y + 1;
    for (next = Math.max(next, ys ? ys.first[y] : y); next < end; next++)
      writeRow(next, slotOf(next));
    let from = slotOf(y);
    if (ys) {
      from = places.output;
      const taps = writeDown(kernels.words, places.down, { ys, y, slotOf });
      kernels.run['down'](places.down, taps, from, from + rowLength);
    }
    out.set(kernels.bytes.subarray(from, from + rowLength), y * rowLength);
  }
  return out;
}

/** Answers where the taps end. */
function writeDown(
  words: Int32Array,
  at: number,
  row: { readonly ys: Taps; readonly y: number; readonly slotOf: (y: number) => number },
): number {
  const { ys, y, slotOf } = row;
  const from = y * ys.stride;
  let o = at / 4;
  for (let k = 0; k < ys.count[y]; k += 2, o += 4) {
    words[o] = slotOf(ys.first[y] + k);
    words[o + 1] = slotOf(ys.first[y] + Math.min(k + 1, ys.count[y] - 1));
    writePair(words, o + 2, ys, from + k, from + ys.count[y]);
  }
  return o * 4;
}

type WriteRow = (y: number, to: number) => void;

/** Writes a row, resampled along its length, into the kernels' memory. */
function rowWriter(
  source: Rows,
  xs: Taps | undefined,
  places: Places,
  { run, bytes, words }: PictureKernels,
): WriteRow {
  const { data, width, channels } = source;
  const row = (y: number) => data.subarray(y * width * channels, (y + 1) * width * channels);
  if (!xs) return (y, to) => bytes.set(row(y), to);
  if (channels !== 3 && channels !== 4)
    return (y, to) => weighedRow(row(y), xs, { channels, out: bytes, at: to });
  writeAcross(words, places.across, xs, channels);
  const pairs = pairsOf(xs);
  const across = run[acrossName(channels, pairs)];
  const length = xs.first.length * channels;
  return (y, to) => {
    bytes.set(row(y), places.source);
    across(places.source, places.across, to, to + length, 8 * pairs);
  };
}
