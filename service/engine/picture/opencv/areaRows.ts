/** OpenCV's 8-bit area averages of pictures with 3 or 4 channels, row by row on vectors. */
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { pictureKernels } from '../simd/pictureKernels.ts';
import type { Taps } from './areaAverage8.ts';

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64 + 64;

/** Bytes that are halved at once: they stay near the processor. */
const halvedBytes = 96 * 1024;

/** Each pixel the average of two by two, halves up; both sides are even. */
export function halveRows(image: Image8): Image8 {
  const { channels, data } = image;
  const out = newImage8(image.width / 2, image.height / 2, channels);
  const rowBytes = image.width * channels;
  const outBytes = out.width * channels;
  const rows = Math.max(1, Math.floor(halvedBytes / (2 * rowBytes)));
  const start = align(2 * rows * rowBytes);
  const { run, bytes } = pictureKernels(start + align(rows * outBytes));
  const halve = run[`halve${channels}`];
  for (let y = 0; y < out.height; y += rows) {
    const end = Math.min(y + rows, out.height);
    bytes.set(data.subarray(2 * y * rowBytes, 2 * end * rowBytes), 0);
    for (let k = 0; k < end - y; k++) {
      const to = start + k * outBytes;
      halve(2 * k * rowBytes, (2 * k + 1) * rowBytes, to, to + outBytes);
    }
    out.data.set(bytes.subarray(start, start + (end - y) * outBytes), y * outBytes);
  }
  return out;
}

/** The average of what each pixel covers, in single precision as the original has it. */
export function areaRows(image: Image8, xs: Taps, ys: Taps): Image8 {
  const { channels, data } = image;
  const out = newImage8(xs.index.length / xs.count, ys.index.length / ys.count, channels);
  const sourceBytes = image.width * channels;
  const outBytes = out.width * channels;
  const across = align(sourceBytes);
  const row = across + align(out.width * 4 * (1 + xs.count));
  const sums = row + align(4 * outBytes);
  const to = sums + align(4 * outBytes);
  const { run, bytes, words } = pictureKernels(to + align(outBytes));
  const average = run[`area${channels}`];
  writeAcross(new DataView(words.buffer), across, { xs, channels });
  let held = -1;
  for (let y = 0; y < out.height; y++) {
    words.fill(0, sums / 4, sums / 4 + outBytes);
    for (let k = y * ys.count; k < (y + 1) * ys.count; k++) {
      if (ys.weight[k] === 0) continue;
      const wanted = ys.index[k];
      if (wanted !== held) {
        bytes.set(data.subarray(wanted * sourceBytes, (wanted + 1) * sourceBytes), 0);
        average(0, across, row, row + 4 * outBytes, 4 * xs.count);
        held = wanted;
      }
      run['addScaled'](row, sums, sums + 4 * outBytes, bitsOf(ys.weight[k]));
    }
    run['roundedBytes'](sums, to, to + outBytes);
    out.data.set(bytes.subarray(to, to + outBytes), y * outBytes);
  }
  return out;
}

/** Taps are neighbours; those without a weight add nothing wherever they are. */
function writeAcross(
  view: DataView,
  at: number,
  { xs, channels }: { readonly xs: Taps; readonly channels: number },
): void {
  const { count, index, weight } = xs;
  for (let tap = 0, o = at; tap < index.length; tap += count) {
    view.setInt32(o, index[tap] * channels, true);
    o += 4;
    for (let k = tap; k < tap + count; k++, o += 4) view.setFloat32(o, weight[k], true);
  }
}

const single = new DataView(new ArrayBuffer(4));

function bitsOf(value: number): number {
  single.setFloat32(0, value);
  return single.getInt32(0);
}
