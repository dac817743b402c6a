/**
 * Weighted sums of 8-bit pixels with weights of up to 24 bits, exact modulo 2^32: a weight is taken apart
 * into its upper part and its lowest 8 bits, so that two products and their sum are one instruction.
 */
import { i16x8, i32, i32x4, SimdFunction, u8x16, v128, type Code } from '../../simdModule.ts';

/** Fractional bits of the weights. */
const weightBits = 22;
const half = 1 << (weightBits - 1);
/** Bits of a weight's lower part. */
export const lowBits = 8;
/** Pairs of taps up to which a row's loop is written out. */
const mostUnrolled = 6;

/** Places of bytes that put two neighbouring pixels' values side by side, each widened to 16 bits. */
const nothing = 255;
const pairs = { 3: [0, 3, 1, 4, 2, 5, nothing, nothing], 4: [0, 4, 1, 5, 2, 6, 3, 7] } as const;

/** To be kept before the loop, for `pixelPairs`. */
export function pairOrder(channels: 3 | 4): Code {
  return u8x16.of(pairs[channels].flatMap((at) => [at, nothing]));
}

export function pixelPairs(address: Code, offset: number, order: Code): Code {
  return u8x16.picked(v128.load64(address, offset), order);
}

/** Four sums to four bytes, cut to 0..255. */
export function packed(values: Code): Code {
  return u8x16.narrow(i16x8.narrow(values, values), v128.zero);
}

/** The name of the kernel for so many pairs of taps. */
export function acrossName(channels: 3 | 4, pairs: number): string {
  return `across${channels}x${pairs <= mostUnrolled ? pairs : 'n'}`;
}

/**
 * `(row, taps, to, end, pairBytes)`: pixels from a row. For every output pixel the taps hold the byte
 * offset of the first, then for each pair of taps the upper parts and the lower parts (2 x 16 bits each).
 */
export function acrossKernels(): SimdFunction[] {
  const counts = [...Array.from({ length: mostUnrolled }, (_, i) => i + 1), undefined];
  return ([3, 4] as const).flatMap((channels) => counts.map((n) => acrossKernel(channels, n)));
}

function acrossKernel(channels: 3 | 4, pairs: number | undefined): SimdFunction {
  const fn = new SimdFunction(acrossName(channels, pairs ?? mostUnrolled + 1), 5);
  const taps = fn.variable(fn.param(1), 'i32');
  const to = fn.variable(fn.param(2), 'i32');
  const high = fn.variable(v128.zero);
  const low = fn.variable(v128.zero);
  const pixel = fn.variable(i32.of(0), 'i32');
  const order = fn.keep(pairOrder(channels));
  const addPair = (tap: Code, tapAt: number, at: Code, pixelAt: number) => {
    const values = fn.keep(pixelPairs(at, pixelAt, order));
    fn.set(high, i32x4.add(fn.value(high), i32x4.dot(values, v128.spread32(tap, tapAt))));
    fn.set(low, i32x4.add(fn.value(low), i32x4.dot(values, v128.spread32(tap, tapAt + 4))));
  };
  fn.repeat(to, fn.param(3), channels, () => {
    fn.set(high, v128.zero);
    fn.set(low, i32x4.splat(half));
    fn.set(pixel, i32.add(fn.param(0), i32.load(fn.value(taps), 0)));
    fn.set(taps, i32.add(fn.value(taps), i32.of(4)));
    if (pairs === undefined) {
      const end = fn.keep(i32.add(fn.value(taps), fn.param(4)), 'i32');
      fn.repeat(taps, end, 8, () => {
        addPair(fn.value(taps), 0, fn.value(pixel), 0);
        fn.set(pixel, i32.add(fn.value(pixel), i32.of(2 * channels)));
      });
    } else {
      for (let k = 0; k < pairs; k++)
        addPair(fn.value(taps), 8 * k, fn.value(pixel), 2 * channels * k);
      fn.set(taps, i32.add(fn.value(taps), i32.of(8 * pairs)));
    }
    fn.store32(fn.value(to), 0, packed(joined(fn.value(high), fn.value(low))));
  });
  return fn;
}

function joined(high: Code, low: Code): Code {
  return i32x4.shiftRightSigned(i32x4.add(i32x4.shiftLeft(high, lowBits), low), weightBits);
}

/** Byte orders that mix the lower and the upper halves of two vectors of bytes. */
const mixLow = Array.from({ length: 16 }, (_, i) => (i >> 1) + (i % 2) * 16);
const mixHigh = mixLow.map((at) => at + 8);

/**
 * `(taps, tapsEnd, to, end)`: a row from rows, sixteen values at a time. The taps are pairs: two
 * addresses, then upper and lower parts of both weights.
 */
export function downKernel(): SimdFunction {
  const fn = new SimdFunction('down', 4);
  const to = fn.variable(fn.param(2), 'i32');
  const at = fn.variable(i32.of(0), 'i32');
  const tap = fn.variable(i32.of(0), 'i32');
  const highs = Array.from({ length: 4 }, () => fn.variable(v128.zero));
  const lows = Array.from({ length: 4 }, () => fn.variable(v128.zero));
  fn.repeat(to, fn.param(3), 16, () => {
    for (const high of highs) fn.set(high, v128.zero);
    for (const low of lows) fn.set(low, i32x4.splat(half));
    fn.set(tap, fn.param(0));
    fn.repeat(tap, fn.param(1), 16, () => {
      const row = (offset: number) =>
        fn.keep(v128.load(i32.add(i32.load(fn.value(tap), offset), fn.value(at)), 0));
      const a = row(0);
      const b = row(4);
      const upper = fn.keep(v128.spread32(fn.value(tap), 8));
      const lower = fn.keep(v128.spread32(fn.value(tap), 12));
      for (const [half, order] of [mixLow, mixHigh].entries()) {
        const mixed = fn.keep(u8x16.lanes(a, b, order));
        for (const [part, extend] of [i16x8.extendLow, i16x8.extendHigh].entries()) {
          const values = fn.keep(extend(mixed));
          const n = half * 2 + part;
          fn.set(highs[n], i32x4.add(fn.value(highs[n]), i32x4.dot(values, upper)));
          fn.set(lows[n], i32x4.add(fn.value(lows[n]), i32x4.dot(values, lower)));
        }
      }
    });
    const sums = highs.map((high, n) => joined(fn.value(high), fn.value(lows[n])));
    const bytes = u8x16.narrow(i16x8.narrow(sums[0], sums[1]), i16x8.narrow(sums[2], sums[3]));
    fn.store(fn.value(to), 0, bytes);
    fn.set(at, i32.add(fn.value(at), i32.of(16)));
  });
  return fn;
}
