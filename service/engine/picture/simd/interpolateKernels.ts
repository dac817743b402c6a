/** OpenCV's ways from 8-bit pixels to others: 11-bit weights, single-precision areas, blocks of four. */
import {
  f32x4,
  i16x8,
  i32,
  i32x4,
  SimdFunction,
  u8x16,
  v128,
  type Code,
} from '../../simdModule.ts';
import { pixelPairs } from './convolveKernels.ts';

/** Fractional bits after both directions. */
const sumBits = 22;

export function sumsName(channels: 3 | 4, pairs: number): string {
  return `sums${channels}x${pairs}`;
}

export function interpolateKernels(): SimdFunction[] {
  const sums = ([3, 4] as const).flatMap((c) => [1, 2, 4].map((pairs) => sumsKernel(c, pairs)));
  const areas = ([3, 4] as const).flatMap((c) => [areaKernel(c), halveKernel(c)]);
  return [...sums, ...areas, downSums(), downLinear(), addScaled(), roundedBytes()];
}

/**
 * `(row, taps, to, end)`: 32-bit sums along a row. For every output pixel the taps hold the byte offset
 * of the first, then pairs of weights of 16 bits.
 */
function sumsKernel(channels: 3 | 4, pairs: number): SimdFunction {
  const fn = new SimdFunction(sumsName(channels, pairs), 4);
  const taps = fn.variable(fn.param(1), 'i32');
  const to = fn.variable(fn.param(2), 'i32');
  const sum = fn.variable(v128.zero);
  fn.repeat(to, fn.param(3), 4 * channels, () => {
    const pixel = fn.keep(i32.add(fn.param(0), i32.load(fn.value(taps), 0)), 'i32');
    fn.set(sum, v128.zero);
    for (let k = 0; k < pairs; k++) {
      const values = pixelPairs(pixel, 2 * channels * k, channels);
      const product = i32x4.dot(values, v128.spread32(fn.value(taps), 4 + 4 * k));
      fn.set(sum, i32x4.add(fn.value(sum), product));
    }
    fn.store(fn.value(to), 0, fn.value(sum));
    fn.set(taps, i32.add(fn.value(taps), i32.of(4 + 4 * pairs)));
  });
  return fn;
}

/** `(taps, tapsEnd, to, end)`: a row of bytes from rows of sums; the taps are an address and a weight. */
function downSums(): SimdFunction {
  const fn = new SimdFunction('downSums', 4);
  const to = fn.variable(fn.param(2), 'i32');
  const at = fn.variable(i32.of(0), 'i32');
  const tap = fn.variable(i32.of(0), 'i32');
  const sums = Array.from({ length: 4 }, () => fn.variable(v128.zero));
  fn.repeat(to, fn.param(3), 16, () => {
    for (const sum of sums) fn.set(sum, i32x4.splat(1 << (sumBits - 1)));
    fn.set(tap, fn.param(0));
    fn.repeat(tap, fn.param(1), 8, () => {
      const row = fn.keep(i32.add(i32.load(fn.value(tap), 0), fn.value(at)), 'i32');
      const weight = fn.keep(v128.spread32(fn.value(tap), 4));
      for (const [n, sum] of sums.entries())
        fn.set(sum, i32x4.add(fn.value(sum), i32x4.mul(v128.load(row, 16 * n), weight)));
    });
    const values = sums.map((sum) => i32x4.shiftRightSigned(fn.value(sum), sumBits));
    fn.store(fn.value(to), 0, sixteen(values));
    fn.set(at, i32.add(fn.value(at), i32.of(64)));
  });
  return fn;
}

function sixteen([a, b, c, d]: readonly Code[]): Code {
  return u8x16.narrow(i16x8.narrow(a, b), i16x8.narrow(c, d));
}

/**
 * `(above, below, to, end, weightAbove, weightBelow)`: two taps. Four bits of the sums and sixteen of
 * either product are dropped before they are added.
 */
function downLinear(): SimdFunction {
  const fn = new SimdFunction('downLinear', 6);
  const to = fn.variable(fn.param(2), 'i32');
  const above = fn.variable(fn.param(0), 'i32');
  const below = fn.variable(fn.param(1), 'i32');
  const weights = [4, 5].map((n) => fn.keep(i32x4.spread(fn.param(n))));
  const part = (row: number, n: number, weight: Code): Code => {
    const sums = i32x4.shiftRightSigned(v128.load(fn.value(row), 16 * n), 4);
    return i32x4.shiftRightSigned(i32x4.mul(sums, weight), 16);
  };
  fn.repeat(to, fn.param(3), 16, () => {
    const values = [0, 1, 2, 3].map((n) => {
      const both = i32x4.add(part(above, n, weights[0]), part(below, n, weights[1]));
      return i32x4.shiftRightSigned(i32x4.add(both, i32x4.splat(2)), 2);
    });
    fn.store(fn.value(to), 0, sixteen(values));
    for (const row of [above, below]) fn.set(row, i32.add(fn.value(row), i32.of(64)));
  });
  return fn;
}

/**
 * `(row, taps, to, end, tapBytes)`: single-precision sums along a row. For every output pixel the taps
 * hold the byte offset of the first, then the weights of it and the following ones.
 */
function areaKernel(channels: 3 | 4): SimdFunction {
  const fn = new SimdFunction(`area${channels}`, 5);
  const taps = fn.variable(fn.param(1), 'i32');
  const to = fn.variable(fn.param(2), 'i32');
  const sum = fn.variable(v128.zero);
  const pixel = fn.variable(i32.of(0), 'i32');
  fn.repeat(to, fn.param(3), 4 * channels, () => {
    fn.set(sum, v128.zero);
    fn.set(pixel, i32.add(fn.param(0), i32.load(fn.value(taps), 0)));
    fn.set(taps, i32.add(fn.value(taps), i32.of(4)));
    const end = fn.keep(i32.add(fn.value(taps), fn.param(4)), 'i32');
    fn.repeat(taps, end, 4, () => {
      const bytes = v128.load32(fn.value(pixel), 0);
      const values = f32x4.fromI32(i32x4.extendLow(i16x8.extendLow(bytes)));
      const product = f32x4.mul(values, v128.spread32(fn.value(taps), 0));
      fn.set(sum, f32x4.add(fn.value(sum), product));
      fn.set(pixel, i32.add(fn.value(pixel), i32.of(channels)));
    });
    fn.store(fn.value(to), 0, fn.value(sum));
  });
  return fn;
}

/** `(row, sums, sumsEnd, weight)`: sums += row * weight in single precision; the weight by its bits. */
function addScaled(): SimdFunction {
  const fn = new SimdFunction('addScaled', 4);
  const row = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(1), 'i32');
  const weight = fn.keep(i32x4.spread(fn.param(3)));
  fn.repeat(to, fn.param(2), 16, () => {
    const product = f32x4.mul(v128.load(fn.value(row), 0), weight);
    fn.store(fn.value(to), 0, f32x4.add(v128.load(fn.value(to), 0), product));
    fn.set(row, i32.add(fn.value(row), i32.of(16)));
  });
  return fn;
}

/** `(sums, to, end)`: to the nearest byte, halves to the even one. */
function roundedBytes(): SimdFunction {
  const fn = new SimdFunction('roundedBytes', 3);
  const from = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(1), 'i32');
  fn.repeat(to, fn.param(2), 16, () => {
    const values = [0, 1, 2, 3].map((n) =>
      i32x4.truncated(f32x4.nearest(v128.load(fn.value(from), 16 * n))),
    );
    fn.store(fn.value(to), 0, sixteen(values));
    fn.set(from, i32.add(fn.value(from), i32.of(64)));
  });
  return fn;
}

/** Values of two pixels beside those of the next two, and bytes of pairs of pixels without what is between them. */
const besides = {
  3: [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, 0, 0, 0, 0],
  4: [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15],
} as const;
const together = {
  3: [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 0, 0, 0, 0],
  4: Array.from({ length: 16 }, (_, i) => i),
} as const;

/** `(upper, lower, to, end)`: the average of each two by two pixels, halves up, four at a time. */
function halveKernel(channels: 3 | 4): SimdFunction {
  const fn = new SimdFunction(`halve${channels}`, 4);
  const upper = fn.variable(fn.param(0), 'i32');
  const lower = fn.variable(fn.param(1), 'i32');
  const to = fn.variable(fn.param(2), 'i32');
  const sums = (row: number, offset: number): Code => {
    const bytes = fn.keep(v128.load(fn.value(row), offset));
    return i16x8.neighbourSums(u8x16.lanes(bytes, bytes, besides[channels]));
  };
  fn.repeat(to, fn.param(3), 4 * channels, () => {
    const [first, second] = [0, 4 * channels].map((offset) => {
      const four = i16x8.add(sums(upper, offset), sums(lower, offset));
      return i16x8.shiftRight(i16x8.add(four, i16x8.splat(2)), 2);
    });
    const bytes = fn.keep(u8x16.narrow(first, second));
    fn.store(fn.value(to), 0, u8x16.lanes(bytes, bytes, together[channels]));
    for (const row of [upper, lower]) fn.set(row, i32.add(fn.value(row), i32.of(8 * channels)));
  });
  return fn;
}
