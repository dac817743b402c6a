/** Masks grown by a disk on vectors of sixteen pixels. */
import type { Mask } from '../raster.ts';
import { pictureKernels, type PictureKernels } from './pictureKernels.ts';

const stride = (bytes: number): number => Math.ceil(bytes / 16) * 16 + 16;

/** For every row of the disk, from the middle on: how far it reaches to either side. */
function halfWidths(radius: number): number[] {
  return Array.from({ length: Math.floor(radius) + 1 }, (_, dy) =>
    Math.floor(Math.sqrt(Math.max(0, radius * radius - dy * dy)) + 1e-9),
  );
}

/** Rows of the mask in memory: each once as it is, and as running maxima of 2, 4, 8 ... pixels. */
interface Levels {
  readonly kernels: PictureKernels;
  readonly taps: number;
  readonly output: number;
  readonly first: number;
  readonly rowBytes: number;
  readonly count: number;
  readonly slots: number;
  readonly pad: number;
  readonly width: number;
}

function slotOf({ first, rowBytes, count, slots }: Levels, y: number): number {
  return first + (y % slots) * count * rowBytes;
}

/** The level whose two windows, laid end to end or overlapping, make one of `length` pixels. */
function levelOf(length: number): number {
  return 31 - Math.clz32(length);
}

function writeRow(levels: Levels, y: number, row: Uint8Array): void {
  const { kernels, taps, rowBytes, count, pad, width } = levels;
  const at = slotOf(levels, y);
  kernels.bytes.fill(0, at, at + pad);
  kernels.bytes.set(row, at + pad);
  kernels.bytes.fill(0, at + pad + width, at + rowBytes);
  for (let level = 1; level < count; level++) {
    const from = at + (level - 1) * rowBytes;
    const to = from + rowBytes;
    kernels.words[taps / 4] = from;
    kernels.words[taps / 4 + 1] = from + 2 ** (level - 1);
    kernels.run['maxOf'](taps, taps + 8, to, to + 2 * pad + width);
  }
}

/**
 * Each pixel becomes the largest level at offsets with dx^2 + dy^2 <= radius^2 (at least 1, fractions
 * allowed); pixels outside the plane do not count. The same as the plain way of shared/mask.
 */
export function growDisk(mask: Mask, radius: number): Mask {
  const { width, height, data } = mask;
  const halves = halfWidths(radius);
  const reach = halves.length - 1;
  const pad = halves[0];
  const count = levelOf(2 * pad + 1) + 1;
  const rowBytes = stride(width + 2 * pad) + 2 ** (count - 1);
  const slots = Math.min(height, 2 * reach + 1);
  const taps = 0;
  const output = stride(8 * (2 * reach + 2));
  const first = output + stride(width);
  const kernels = pictureKernels(first + slots * count * rowBytes + 16);
  const levels: Levels = { kernels, taps, output, first, rowBytes, count, slots, pad, width };
  const out = new Uint8Array(data.length);
  for (let y = 0, next = 0; y < height; y++) {
    const last = Math.min(height - 1, y + reach);
    for (; next <= last; next++) {
      writeRow(levels, next, data.subarray(next * width, (next + 1) * width));
    }
    const end = writeTaps(levels, halves, { from: Math.max(0, y - reach), to: last, y });
    kernels.run['maxOf'](taps, end, output, output + width);
    out.set(kernels.bytes.subarray(output, output + width), y * width);
  }
  return { width, height, data: out };
}

/** Each row of the disk as two windows; answers where the taps end. */
function writeTaps(
  levels: Levels,
  halves: readonly number[],
  rows: { readonly from: number; readonly to: number; readonly y: number },
): number {
  const { kernels, taps, rowBytes, pad } = levels;
  let o = taps / 4;
  for (let row = rows.from; row <= rows.to; row++, o += 2) {
    const half = halves[Math.abs(row - rows.y)];
    const level = levelOf(2 * half + 1);
    const at = slotOf(levels, row) + level * rowBytes + pad - half;
    kernels.words[o] = at;
    kernels.words[o + 1] = at + 2 * half + 1 - 2 ** level;
  }
  return o * 4;
}
