/** OpenCV's INTER_AREA where both sides shrink: the average of what an output pixel covers. */
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { areaRows, halveRows } from './areaRows.ts';
import { roundEven } from './roundEven.ts';

/** For every output position `count` source positions (already clamped) and weights. */
export interface Taps {
  readonly count: number;
  readonly index: Int32Array;
  readonly weight: Float64Array;
}

/** Share of every source pixel in an output pixel; parts thinner than a thousandth are left out. */
export function areaTaps(inSize: number, outSize: number): Taps {
  const scale = 1 / (outSize / inSize);
  const count = Math.ceil(scale) + 2;
  const index = new Int32Array(outSize * count);
  const weight = new Float64Array(outSize * count);
  for (let i = 0; i < outSize; i++) {
    const from = i * scale;
    const to = from + scale;
    const cell = Math.min(scale, inSize - from);
    const last = Math.min(Math.floor(to), inSize - 1);
    const first = Math.min(Math.ceil(from), last);
    let n = i * count;
    const add = (at: number, share: number): void => {
      index[n] = at;
      weight[n++] = Math.fround(share / cell);
    };
    if (first - from > 1e-3) add(first - 1, first - from);
    for (let s = first; s < last; s++) add(s, 1);
    if (to - last > 1e-3) add(last, Math.min(to - last, 1, cell));
  }
  return { count, index, weight };
}

/** Whole source pixels per output pixel: integer sums. Halving rounds half up, all else half to even. */
function averageBlocks(image: Image8, width: number, height: number): Image8 {
  const { channels, data } = image;
  const across = image.width / width;
  const down = image.height / height;
  const share = Math.fround(1 / (across * down));
  const halved = across === 2 && down === 2;
  if (halved && channels >= 3) return halveRows(image);
  const out = newImage8(width, height, channels);
  const rowLength = image.width * channels;
  for (let o = 0; o < out.data.length; o++) {
    const pixel = Math.floor(o / channels);
    const x = (pixel % width) * across;
    const y = Math.floor(pixel / width) * down;
    let sum = 0;
    for (let j = 0; j < down; j++) {
      let i = (y + j) * rowLength + x * channels + (o % channels);
      for (let k = 0; k < across; k++, i += channels) sum += data[i];
    }
    out.data[o] = halved ? (sum + 2) >> 2 : roundEven(Math.fround(sum * share));
  }
  return out;
}

/** Weighted sums of one source row in single precision, as the original accumulates them. */
function sumRow(image: Image8, y: number, xs: Taps, sums: Float32Array): void {
  const { channels, data } = image;
  const { count, index, weight } = xs;
  const row = y * image.width * channels;
  for (let tap = 0, o = 0; tap < index.length; tap += count) {
    for (let c = 0; c < channels; c++, o++) {
      let sum = 0;
      for (let k = tap; k < tap + count; k++) {
        sum = Math.fround(sum + Math.fround(data[row + index[k] * channels + c] * weight[k]));
      }
      sums[o] = sum;
    }
  }
}

/** cv2.resize with INTER_AREA to a size that is not larger in either direction. */
export function averageArea(image: Image8, width: number, height: number): Image8 {
  if (image.width % width === 0 && image.height % height === 0)
    return averageBlocks(image, width, height);
  const xs = areaTaps(image.width, width);
  const ys = areaTaps(image.height, height);
  if (image.channels >= 3) return areaRows(image, xs, ys);
  const out = newImage8(width, height, image.channels);
  const length = width * image.channels;
  const row = new Float32Array(length);
  const sums = new Float32Array(length);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let k = y * ys.count; k < (y + 1) * ys.count; k++) {
      const weight = ys.weight[k];
      if (weight === 0) continue;
      sumRow(image, ys.index[k], xs, row);
      for (let i = 0; i < length; i++) sums[i] += Math.fround(row[i] * weight);
    }
    for (let i = 0; i < length; i++) out.data[y * length + i] = Math.min(255, roundEven(sums[i]));
  }
  return out;
}
