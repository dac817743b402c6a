/** Largest values, symmetric sums and running boxes over neighbours: bytes, many at a time. */
import { i16x8, i32, i32x4, SimdFunction, u8x16, v128 } from '../../simdModule.ts';

export function neighbourKernels(): SimdFunction[] {
  return [maxOf(), pairSums(), ...[1, 4].flatMap((vectors) => boxKernels(vectors))];
}

/** `(taps, tapsEnd, to, end)`: the largest bytes of the rows at the taps' pairs of addresses. */
function maxOf(): SimdFunction {
  const fn = new SimdFunction('maxOf', 4);
  const to = fn.variable(fn.param(2), 'i32');
  const at = fn.variable(i32.of(0), 'i32');
  const tap = fn.variable(i32.of(0), 'i32');
  const most = fn.variable(v128.zero);
  fn.repeat(to, fn.param(3), 16, () => {
    fn.set(most, v128.zero);
    fn.set(tap, fn.param(0));
    fn.repeat(tap, fn.param(1), 8, () => {
      const row = (offset: number) =>
        v128.load(i32.add(i32.load(fn.value(tap), offset), fn.value(at)), 0);
      fn.set(most, u8x16.max(fn.value(most), u8x16.max(row(0), row(4))));
    });
    fn.store(fn.value(to), 0, fn.value(most));
    fn.set(at, i32.add(fn.value(at), i32.of(16)));
  });
  return fn;
}

/**
 * `(taps, tapsEnd, to, end)`: sums of bytes times weights in 256ths that add up to 1, rounded. The taps
 * are two addresses and the weight of both, twice in 32 bits.
 */
function pairSums(): SimdFunction {
  const fn = new SimdFunction('pairSums', 4);
  const to = fn.variable(fn.param(2), 'i32');
  const at = fn.variable(i32.of(0), 'i32');
  const tap = fn.variable(i32.of(0), 'i32');
  const sums = [0, 16].flatMap((offset) =>
    [i16x8.extendLow, i16x8.extendHigh].map((extend) => ({
      offset,
      extend,
      sum: fn.variable(v128.zero),
    })),
  );
  fn.repeat(to, fn.param(3), 32, () => {
    for (const { sum } of sums) fn.set(sum, i16x8.splat(128));
    fn.set(tap, fn.param(0));
    fn.repeat(tap, fn.param(1), 12, () => {
      const rows = [0, 4].map((address) =>
        fn.keep(i32.add(i32.load(fn.value(tap), address), fn.value(at)), 'i32'),
      );
      const weight = fn.keep(v128.spread32(fn.value(tap), 8));
      for (const { offset, extend, sum } of sums) {
        const [a, b] = rows.map((row) => extend(v128.load(row, offset)));
        fn.set(sum, i16x8.add(fn.value(sum), i16x8.mul(i16x8.add(a, b), weight)));
      }
    });
    for (const n of [0, 2]) {
      const [low, high] = [n, n + 1].map((k) => i16x8.shiftRight(fn.value(sums[k].sum), 8));
      fn.store(fn.value(to), sums[n].offset, u8x16.narrow(low, high));
    }
    fn.set(at, i32.add(fn.value(at), i32.of(32)));
  });
  return fn;
}

/**
 * Lines of positions with 4 or 16 values each, in 32 bits. `unpack(from, to, toEnd, step)` widens the
 * bytes of every `step`th address, `pack(from, fromEnd, to, step)` is the way back,
 * `spread(value, to, toEnd)` repeats a position, and `box(from, to, toEnd, window, inner, edge)` is one
 * box blur: `window` bytes of whole positions from the second on, both ends by half of what is left.
 */
function boxKernels(vectors: number): SimdFunction[] {
  const bytes = 16 * vectors;
  const all = Array.from({ length: vectors }, (_, n) => n);
  return [unpack(vectors, bytes), pack(vectors, bytes), spread(all, bytes), box(all, bytes)];
}

function unpack(vectors: number, bytes: number): SimdFunction {
  const fn = new SimdFunction(`unpack${vectors}`, 4);
  const from = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(1), 'i32');
  fn.repeat(to, fn.param(2), bytes, () => {
    const at = fn.value(from);
    const values = fn.keep(vectors === 1 ? v128.load32(at, 0) : v128.load(at, 0));
    const halves = [i16x8.extendLow(values), i16x8.extendHigh(values)];
    const parts = halves.flatMap((half) => [i32x4.extendLow(half), i32x4.extendHigh(half)]);
    for (let n = 0; n < vectors; n++) fn.store(fn.value(to), 16 * n, parts[n]);
    fn.set(from, i32.add(fn.value(from), fn.param(3)));
  });
  return fn;
}

function pack(vectors: number, bytes: number): SimdFunction {
  const fn = new SimdFunction(`pack${vectors}`, 4);
  const from = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(2), 'i32');
  fn.repeat(from, fn.param(1), bytes, () => {
    const part = (n: number) => v128.load(fn.value(from), 16 * n);
    if (vectors === 1) {
      const four = fn.keep(part(0));
      fn.store32(fn.value(to), 0, u8x16.narrow(i16x8.narrow(four, four), v128.zero));
    } else {
      const [low, high] = [i16x8.narrow(part(0), part(1)), i16x8.narrow(part(2), part(3))];
      fn.store(fn.value(to), 0, u8x16.narrow(low, high));
    }
    fn.set(to, i32.add(fn.value(to), fn.param(3)));
  });
  return fn;
}

function spread(all: readonly number[], bytes: number): SimdFunction {
  const fn = new SimdFunction(`spread${all.length}`, 3);
  const values = all.map((n) => fn.keep(v128.load(fn.param(0), 16 * n)));
  const to = fn.variable(fn.param(1), 'i32');
  fn.repeat(to, fn.param(2), bytes, () => {
    for (const n of all) fn.store(fn.value(to), 16 * n, values[n]);
  });
  return fn;
}

function box(all: readonly number[], bytes: number): SimdFunction {
  const fn = new SimdFunction(`box${all.length}`, 6);
  const inner = fn.keep(i32x4.spread(fn.param(4)));
  const edge = fn.keep(i32x4.spread(fn.param(5)));
  const sums = all.map(() => fn.variable(v128.zero));
  const first = fn.keep(i32.add(fn.param(0), i32.of(bytes)), 'i32');
  const at = fn.variable(first, 'i32');
  const after = fn.keep(i32.add(first, fn.param(3)), 'i32');
  fn.repeat(at, after, bytes, () => {
    for (const n of all)
      fn.set(sums[n], i32x4.add(fn.value(sums[n]), v128.load(fn.value(at), 16 * n)));
  });
  const left = fn.variable(fn.param(0), 'i32');
  const right = fn.variable(after, 'i32');
  const to = fn.variable(fn.param(1), 'i32');
  fn.repeat(to, fn.param(2), bytes, () => {
    for (const n of all) {
      const last = fn.keep(v128.load(fn.value(right), 16 * n));
      const ends = i32x4.add(v128.load(fn.value(left), 16 * n), last);
      const bulk = i32x4.add(i32x4.mul(fn.value(sums[n]), inner), i32x4.mul(ends, edge));
      const rounded = i32x4.shiftRight(i32x4.add(bulk, i32x4.splat(1 << 23)), 24);
      fn.store(fn.value(to), 16 * n, rounded);
      const gone = v128.load(fn.value(left), bytes + 16 * n);
      fn.set(sums[n], i32x4.sub(i32x4.add(fn.value(sums[n]), last), gone));
    }
    for (const row of [left, right]) fn.set(row, i32.add(fn.value(row), i32.of(bytes)));
  });
  return fn;
}
