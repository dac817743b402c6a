/** A separable symmetric filter over a float32 plane, along rows and then along columns, edges repeated. */
import type { SoftMask } from '../raster.ts';
import { pictureKernels, type PictureKernels } from './pictureKernels.ts';
import { positionBytes, softLines } from './softBlurKernels.ts';

export type SoftFilter =
  | {
      readonly kind: 'box';
      /** Of one pass, to either side. */
      readonly reach: number;
      readonly passes: number;
      /** Weight of both end samples against 1 inside, and what everything is multiplied by. */
      readonly end: number;
      readonly norm: number;
    }
  | {
      readonly kind: 'sampled';
      readonly reach: number;
      /** From the middle's on. */
      readonly weights: Float64Array;
    };

const multipleOf4 = (count: number): number => Math.ceil(count / softLines) * softLines;

interface Room {
  readonly kernels: PictureKernels;
  readonly weights: number;
  /** Two lines of positions. */
  readonly lines: readonly [number, number];
  readonly plane: number;
  /** Bytes from row to row. */
  readonly stride: number;
}

function roomFor({ width, height }: SoftMask, filter: SoftFilter): Room {
  const weightBytes = filter.kind === 'box' ? 16 : filter.weights.length * 8;
  const longest = multipleOf4(Math.max(width, height)) + 2 * filter.reach + 4;
  const first = Math.ceil(weightBytes / 16) * 16;
  const second = first + longest * positionBytes;
  const plane = second + longest * positionBytes;
  const stride = multipleOf4(width) * 4;
  const kernels = pictureKernels(plane + stride * multipleOf4(height));
  const weights = filter.kind === 'box' ? [filter.end, filter.norm] : filter.weights;
  kernels.doubles.set(weights, 0);
  return { kernels, weights: 0, lines: [first, second], plane, stride };
}

/** Computed in double precision, rounded to single after either direction. */
export function blurSoftPlane(source: SoftMask, filter: SoftFilter): Float32Array {
  const { width, height, data } = source;
  const room = roomFor(source, filter);
  const { kernels, plane, stride } = room;
  for (let y = 0; y < height; y++) {
    kernels.singles.set(data.subarray(y * width, (y + 1) * width), (plane + y * stride) / 4);
  }
  for (let y = 0; y < height; y += softLines) blurRows(room, filter, { y, width });
  for (let x = 0; x < width; x += softLines) blurColumns(room, filter, { x, height });
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const at = (plane + y * stride) / 4;
    out.set(kernels.singles.subarray(at, at + width), y * width);
  }
  return out;
}

function blurRows(
  room: Room,
  filter: SoftFilter,
  { y, width }: { readonly y: number; readonly width: number },
): void {
  const { kernels, lines, plane, stride } = room;
  const start = lines[0] + filter.reach * positionBytes;
  const rounded = multipleOf4(width) * positionBytes;
  const rows = plane + y * stride;
  kernels.run['unpackRows'](rows, start, start + rounded, stride);
  const end = blurLine(room, filter, width);
  kernels.run['packRows'](end, end + rounded, rows, stride);
}

function blurColumns(
  room: Room,
  filter: SoftFilter,
  { x, height }: { readonly x: number; readonly height: number },
): void {
  const { kernels, lines, plane, stride } = room;
  const start = lines[0] + filter.reach * positionBytes;
  const length = height * positionBytes;
  kernels.run['unpackColumns'](plane + x * 4, start, start + length, stride);
  const end = blurLine(room, filter, height);
  kernels.run['packColumns'](end, end + length, plane + x * 4, stride);
}

/** Of `count` positions in the first line; answers where the result begins. */
function blurLine({ kernels, lines, weights }: Room, filter: SoftFilter, count: number): number {
  const { run } = kernels;
  const pad = filter.reach * positionBytes;
  const length = count * positionBytes;
  let [from, to] = lines;
  for (let pass = 0; pass < (filter.kind === 'box' ? filter.passes : 1); pass++) {
    const first = from + pad;
    const end = first + length;
    run['spreadSoft'](first, from, first);
    run['spreadSoft'](end - positionBytes, end, end + pad);
    const out = to + pad;
    if (filter.kind === 'box') {
      run['boxSoft'](from, out, out + length, (2 * filter.reach - 1) * positionBytes, weights);
    } else {
      const weightsEnd = weights + filter.weights.length * 8;
      run['sampledSoft'](first, out, out + length, weights, weightsEnd);
    }
    [from, to] = [to, from];
  }
  return from + pad;
}
