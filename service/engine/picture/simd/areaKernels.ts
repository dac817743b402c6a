/** Averages of the pixels that another pixel covers: in single precision, and of two by two whole ones. */
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
import { sixteen } from './interpolateKernels.ts';

export function areaKernels(): SimdFunction[] {
  const both = ([3, 4] as const).flatMap((c) => [areaKernel(c), halveKernel(c)]);
  return [...both, downAreas()];
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

/**
 * `(taps, tapsEnd, to, end)`: a row of bytes from rows of sums, added in this order and rounded, halves to the
 * even one. The taps are an address and a weight.
 */
function downAreas(): SimdFunction {
  const fn = new SimdFunction('downAreas', 4);
  const to = fn.variable(fn.param(2), 'i32');
  const at = fn.variable(i32.of(0), 'i32');
  const tap = fn.variable(i32.of(0), 'i32');
  const sums = Array.from({ length: 4 }, () => fn.variable(v128.zero));
  fn.repeat(to, fn.param(3), 16, () => {
    for (const sum of sums) fn.set(sum, v128.zero);
    fn.set(tap, fn.param(0));
    fn.repeat(tap, fn.param(1), 8, () => {
      const row = fn.keep(i32.add(i32.load(fn.value(tap), 0), fn.value(at)), 'i32');
      const weight = fn.keep(v128.spread32(fn.value(tap), 4));
      for (const [n, sum] of sums.entries())
        fn.set(sum, f32x4.add(fn.value(sum), f32x4.mul(v128.load(row, 16 * n), weight)));
    });
    const values = sums.map((sum) => i32x4.truncated(f32x4.nearest(fn.value(sum))));
    fn.store(fn.value(to), 0, sixteen(values));
    fn.set(at, i32.add(fn.value(at), i32.of(64)));
  });
  return fn;
}

/** Values of two pixels beside those of the next two, and bytes of pairs of pixels without what is between them. */
const nothing = 255;
const none = [nothing, nothing, nothing, nothing];
const besides = {
  3: [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, ...none],
  4: [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15],
} as const;
const together = [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, ...none];

/**
 * `(from, rowBytes, to, toRowBytes, end)`: the average of each two by two pixels, halves up, four at a time,
 * row after row: what is written past the end of one is the beginning of the next.
 */
function halveKernel(channels: 3 | 4): SimdFunction {
  const fn = new SimdFunction(`halve${channels}`, 5);
  const [rowBytes, toRowBytes] = [fn.param(1), fn.param(3)];
  const order = fn.keep(u8x16.of(besides[channels]));
  const close = fn.keep(u8x16.of(together));
  const row = fn.variable(fn.param(0), 'i32');
  const toRow = fn.variable(fn.param(2), 'i32');
  const [upper, lower, to] = [0, 1, 2].map(() => fn.variable(i32.of(0), 'i32'));
  const pairs = (from: number, offset: number): Code =>
    i16x8.neighbourSums(u8x16.picked(v128.load(fn.value(from), offset), order));
  const average = (offset: number): Code => {
    const four = i16x8.add(pairs(upper, offset), pairs(lower, offset));
    return i16x8.shiftRight(i16x8.add(four, i16x8.splat(2)), 2);
  };
  fn.repeat(toRow, fn.param(4), 0, () => {
    fn.set(upper, fn.value(row));
    fn.set(lower, i32.add(fn.value(row), rowBytes));
    fn.set(to, fn.value(toRow));
    fn.set(row, i32.add(fn.value(lower), rowBytes));
    fn.set(toRow, i32.add(fn.value(toRow), toRowBytes));
    fn.repeat(to, fn.value(toRow), 4 * channels, () => {
      const bytes = u8x16.narrow(average(0), average(4 * channels));
      fn.store(fn.value(to), 0, channels === 3 ? u8x16.picked(bytes, close) : bytes);
      for (const from of [upper, lower])
        fn.set(from, i32.add(fn.value(from), i32.of(8 * channels)));
    });
  });
  return fn;
}
