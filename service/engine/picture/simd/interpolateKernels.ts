/** OpenCV's ways from 8-bit pixels to others: weights of 11 bits along both directions. */
import { i16x8, i32, i32x4, SimdFunction, u8x16, v128, type Code } from '../../simdModule.ts';
import { pairOrder, pixelPairs } from './convolveKernels.ts';

/** Fractional bits after both directions. */
const sumBits = 22;

export function sumsName(channels: 3 | 4, pairs: number): string {
  return `sums${channels}x${pairs}`;
}

export function interpolateKernels(): SimdFunction[] {
  const both = ([3, 4] as const).flatMap((c) => [
    linearKernel(c),
    sumsKernel(c, 2),
    sumsKernel(c, 4),
  ]);
  return [...both, downSums(), downLinear()];
}

/** Bytes of an output pixel's taps: the offset of the first, then pairs of weights of 16 bits. */
export function tapBytes(pairs: number): number {
  return 4 + 4 * pairs;
}

/**
 * A kernel `(from, fromBytes, taps, to, toBytes, end, length)` over rows: `length` bytes each, `toBytes` apart,
 * from pixels `fromBytes` apart.
 */
function alongRows(
  name: string,
  step: { readonly toBytes: number; readonly tapBytes: number },
  work: (fn: SimdFunction, row: Code, taps: Code) => Code,
): SimdFunction {
  const fn = new SimdFunction(name, 7);
  const row = fn.variable(fn.param(0), 'i32');
  const toRow = fn.variable(fn.param(3), 'i32');
  const [taps, to] = [0, 0].map((zero) => fn.variable(i32.of(zero), 'i32'));
  fn.repeat(toRow, fn.param(5), 0, () => {
    fn.set(taps, fn.param(2));
    fn.set(to, fn.value(toRow));
    const end = fn.keep(i32.add(fn.value(toRow), fn.param(6)), 'i32');
    fn.repeat(to, end, step.toBytes, () => {
      fn.store(fn.value(to), 0, work(fn, fn.value(row), fn.value(taps)));
      fn.set(taps, i32.add(fn.value(taps), i32.of(step.tapBytes)));
    });
    fn.set(row, i32.add(fn.value(row), fn.param(1)));
    fn.set(toRow, i32.add(fn.value(toRow), fn.param(4)));
  });
  return fn;
}

/** 32-bit sums, a pixel at a time. */
function sumsKernel(channels: 3 | 4, pairs: number): SimdFunction {
  const step = { toBytes: 4 * channels, tapBytes: tapBytes(pairs) };
  const order = pairOrder(channels);
  return alongRows(sumsName(channels, pairs), step, (fn, row, taps) => {
    const pixel = fn.keep(i32.add(row, i32.load(taps, 0)), 'i32');
    const products = Array.from({ length: pairs }, (_, k) => {
      const values = pixelPairs(pixel, 2 * channels * k, order);
      return i32x4.dot(values, v128.spread32(taps, 4 + 4 * k));
    });
    return products.reduce((sum, product) => i32x4.add(sum, product));
  });
}

/** Bytes of two pixels of three values of 16 bits, without what is between them. */
const close3 = [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 255, 255, 255, 255];

/** As the sums of one pair, but two pixels at a time, and of 16 bits: the lowest four are dropped. */
function linearKernel(channels: 3 | 4): SimdFunction {
  const step = { toBytes: 4 * channels, tapBytes: 2 * tapBytes(1) };
  const order = pairOrder(channels);
  return alongRows(sumsName(channels, 1), step, (_, row, taps) => {
    const sums = [0, tapBytes(1)].map((tap) => {
      const pixel = i32.add(row, i32.load(taps, tap));
      const weights = v128.spread32(taps, tap + 4);
      return i32x4.shiftRightSigned(i32x4.dot(pixelPairs(pixel, 0, order), weights), 4);
    });
    const values = i16x8.narrow(sums[0], sums[1]);
    return channels === 3 ? u8x16.picked(values, u8x16.of(close3)) : values;
  });
}

/**
 * `(taps, tapsBytes, to, rowBytes, end)`: rows of bytes, one after the other, from rows of sums; a row has
 * `tapsBytes` of taps, which are an address and a weight.
 */
function downSums(): SimdFunction {
  const fn = new SimdFunction('downSums', 5);
  const taps = fn.variable(fn.param(0), 'i32');
  const toRow = fn.variable(fn.param(2), 'i32');
  const [to, at, tap] = [0, 0, 0].map((zero) => fn.variable(i32.of(zero), 'i32'));
  const sums = Array.from({ length: 4 }, () => fn.variable(v128.zero));
  fn.repeat(toRow, fn.param(4), 0, () => {
    fn.set(to, fn.value(toRow));
    fn.set(at, i32.of(0));
    fn.set(toRow, i32.add(fn.value(toRow), fn.param(3)));
    const tapsEnd = fn.keep(i32.add(fn.value(taps), fn.param(1)), 'i32');
    fn.repeat(to, fn.value(toRow), 16, () => {
      for (const sum of sums) fn.set(sum, i32x4.splat(1 << (sumBits - 1)));
      fn.set(tap, fn.value(taps));
      fn.repeat(tap, tapsEnd, 8, () => {
        const row = fn.keep(i32.add(i32.load(fn.value(tap), 0), fn.value(at)), 'i32');
        const weight = fn.keep(v128.spread32(fn.value(tap), 4));
        for (const [n, sum] of sums.entries())
          fn.set(sum, i32x4.add(fn.value(sum), i32x4.mul(v128.load(row, 16 * n), weight)));
      });
      const values = sums.map((sum) => i32x4.shiftRightSigned(fn.value(sum), sumBits));
      fn.store(fn.value(to), 0, sixteen(values));
      fn.set(at, i32.add(fn.value(at), i32.of(64)));
    });
    fn.set(taps, tapsEnd);
  });
  return fn;
}

/** Four vectors of four numbers to bytes, cut to 0..255. */
export function sixteen([a, b, c, d]: readonly Code[]): Code {
  return u8x16.narrow(i16x8.narrow(a, b), i16x8.narrow(c, d));
}

/**
 * The same of two taps and rows of 16 bits. Sixteen bits of either product are dropped before they are added: the
 * sum of both, less one where what was dropped adds up to one.
 */
function downLinear(): SimdFunction {
  const fn = new SimdFunction('downLinear', 5);
  const taps = fn.variable(fn.param(0), 'i32');
  const toRow = fn.variable(fn.param(2), 'i32');
  const to = fn.variable(i32.of(0), 'i32');
  const rows = [0, 1].map(() => fn.variable(i32.of(0), 'i32'));
  const weights = [0, 1].map(() => fn.variable(v128.zero));
  const [above, below] = weights.map((weight) => fn.value(weight));
  const both = fn.variable(v128.zero);
  const eight = (offset: number): Code => {
    const [a, b] = rows.map((row) => fn.keep(v128.load(fn.value(row), offset)));
    const [low, high] = [besideLow, besideHigh].map((order) =>
      i32x4.shiftRight(i32x4.dot(i16x8.lanes(a, b, order), fn.value(both)), 16),
    );
    const [x, y] = [i16x8.mul(a, above), i16x8.mul(b, below)].map((code) => fn.keep(code));
    // All ones, which is -1, where the lower parts stay below one together.
    const areBelow = i16x8.equal(i16x8.addSaturated(x, y), i16x8.add(x, y));
    const sum = i16x8.sub(i16x8.narrow(low, high), areBelow);
    return i16x8.shiftRightSigned(i16x8.add(sum, i16x8.splat(1)), 2);
  };
  fn.repeat(toRow, fn.param(4), 0, () => {
    for (const n of [0, 1]) {
      fn.set(rows[n], i32.load(fn.value(taps), 8 * n));
      fn.set(weights[n], i16x8.spread(i32.load(fn.value(taps), 8 * n + 4)));
    }
    fn.set(both, i16x8.lanes(above, below, besideLow));
    fn.set(to, fn.value(toRow));
    fn.set(toRow, i32.add(fn.value(toRow), fn.param(3)));
    fn.repeat(to, fn.value(toRow), 16, () => {
      fn.store(fn.value(to), 0, u8x16.narrow(eight(0), eight(16)));
      for (const row of rows) fn.set(row, i32.add(fn.value(row), i32.of(32)));
    });
    fn.set(taps, i32.add(fn.value(taps), fn.param(1)));
  });
  return fn;
}

/** The lower and the upper four of eight values, each beside that of another vector. */
const besideLow = [0, 8, 1, 9, 2, 10, 3, 11];
const besideHigh = besideLow.map((lane) => lane + 4);
