/** OpenCV's 8-bit interpolation of pictures with 3 or 4 channels, row by row on vectors. */
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { sumsName } from '../simd/interpolateKernels.ts';
import { pictureKernels, type PictureKernels } from '../simd/pictureKernels.ts';
import type { Taps } from './areaAverage8.ts';

/** Pixels that repeat a row's ends on either side, so that taps beyond them find their values. */
const borderOf = (xs: Taps): number => xs.count;

interface Places {
  readonly channels: 3 | 4;
  readonly source: number;
  readonly across: number;
  readonly ring: number;
  readonly slotBytes: number;
  readonly down: number;
  readonly output: number;
  readonly end: number;
}

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64 + 64;

function placesOf(image: Image8, xs: Taps, ys: Taps): Places {
  const channels = image.channels === 4 ? 4 : 3;
  const width = xs.index.length / xs.count;
  const across = align((image.width + 2 * borderOf(xs)) * channels);
  const ring = across + align(width * (4 + 2 * xs.count));
  const slotBytes = align(4 * width * channels);
  const down = ring + ys.count * slotBytes;
  const output = down + align(8 * ys.count);
  return {
    channels,
    source: 0,
    across,
    ring,
    slotBytes,
    down,
    output,
    end: output + align(width * channels),
  };
}

/** The first tap of every position as it would be without a border: taps are neighbours. */
function writeAcross(words: Int32Array, { across, channels }: Places, xs: Taps): void {
  const { count, index, weight } = xs;
  for (let tap = 0, o = across / 4; tap < index.length; tap += count) {
    const middle = tap + count / 2 - 1;
    // Clamping moves all taps before the first pixel onto it: the middle one's follower tells which.
    const first = unclamped(index, middle) - (count / 2 - 1);
    words[o++] = (first + borderOf(xs)) * channels;
    for (let k = tap; k < tap + count; k += 2)
      words[o++] = (weight[k] & 0xffff) | (weight[k + 1] << 16);
  }
}

/** Of the two middle taps the first may lie one before the picture. */
function unclamped(index: Int32Array, middle: number): number {
  return index[middle] === index[middle + 1] && index[middle] === 0 ? -1 : index[middle];
}

function rowWriter(image: Image8, xs: Taps, places: Places, { run, bytes }: PictureKernels) {
  const { data, width } = image;
  const { channels, source, across } = places;
  const kernel = run[sumsName(channels, xs.count / 2)];
  const start = source + borderOf(xs) * channels;
  const length = width * channels;
  const lengthBytes = (4 * channels * xs.index.length) / xs.count;
  return (y: number, to: number): void => {
    bytes.set(data.subarray(y * length, (y + 1) * length), start);
    for (let k = 1; k <= borderOf(xs); k++) {
      bytes.copyWithin(start - k * channels, start, start + channels);
      const last = start + length - channels;
      bytes.copyWithin(last + k * channels, last, last + channels);
    }
    kernel(source, across, to, to + lengthBytes);
  };
}

/** `xs`, `ys`: 2, 4 or 8 neighbours for every position with weights in 2048ths, clamped to the picture. */
export function interpolateRows(image: Image8, xs: Taps, ys: Taps): Image8 {
  const places = placesOf(image, xs, ys);
  const kernels = pictureKernels(places.end);
  writeAcross(kernels.words, places, xs);
  const writeRow = rowWriter(image, xs, places, kernels);
  const height = ys.index.length / ys.count;
  const out = newImage8(xs.index.length / xs.count, height, image.channels);
  const rowLength = out.width * places.channels;
  const slotOf = (y: number): number => places.ring + (y % ys.count) * places.slotBytes;
  const { run, bytes, words } = kernels;
  for (let y = 0, next = 0; y < height; y++) {
    const from = y * ys.count;
    const end = ys.index[from + ys.count - 1] + 1;
    for (next = Math.max(next, ys.index[from]); next < end; next++) writeRow(next, slotOf(next));
    if (ys.count === 2) {
      const [above, below] = [slotOf(ys.index[from]), slotOf(ys.index[from + 1])];
      const to = places.output;
      run['downLinear'](above, below, to, to + rowLength, ys.weight[from], ys.weight[from + 1]);
    } else {
      let o = places.down / 4;
      for (let k = from; k < from + ys.count; k++, o += 2) {
        words[o] = slotOf(ys.index[k]);
        words[o + 1] = ys.weight[k];
      }
      run['downSums'](places.down, o * 4, places.output, places.output + rowLength);
    }
    out.data.set(bytes.subarray(places.output, places.output + rowLength), y * rowLength);
  }
  return out;
}
