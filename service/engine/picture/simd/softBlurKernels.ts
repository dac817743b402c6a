/**
 * Blurs of float32 planes in double precision, four lines at once: a position holds four values of 64
 * bits. Lines are rows or columns; `unpack` and `pack` are the ways in and out.
 */
import {
  f32x4,
  f64x2,
  i16x8,
  i32,
  i32x4,
  SimdFunction,
  v128,
  type Code,
} from '../../simdModule.ts';

/** Lines at once. */
export const softLines = 4;
/** Bytes of a position. */
export const positionBytes = 8 * softLines;

export function softBlurKernels(): SimdFunction[] {
  const ways = [unpackColumns(), packColumns(), unpackRows(), packRows()];
  return [...ways, spread(), box(), sampled(), fromBytes(), tidied()];
}

/** `(from, to, toEnd)`: bytes as parts of 255, four at a time. */
function fromBytes(): SimdFunction {
  const fn = new SimdFunction('softBytes', 3);
  const from = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(1), 'i32');
  fn.repeat(to, fn.param(2), 16, () => {
    const bytes = v128.load32(fn.value(from), 0);
    const values = f32x4.fromI32(i32x4.extendLow(i16x8.extendLow(bytes)));
    fn.store(fn.value(to), 0, f32x4.div(values, f32x4.splat(255)));
    fn.set(from, i32.add(fn.value(from), i32.of(4)));
  });
  return fn;
}

/** Below it there is nothing: running sums leave dust far below one level. The least single not below 1e-5. */
const leastSoft = 1.000_000_065_687_345_3e-5;

/** `(at, end, most)`: from 0 to 1, without dust; at `most` the largest four there were. */
function tidied(): SimdFunction {
  const fn = new SimdFunction('tidySoft', 3);
  const at = fn.variable(fn.param(0), 'i32');
  const most = fn.variable(v128.zero);
  fn.repeat(at, fn.param(1), 16, () => {
    const values = fn.keep(v128.load(fn.value(at), 0));
    fn.set(most, f32x4.max(fn.value(most), values));
    const isDust = f32x4.lessThan(values, f32x4.splat(leastSoft));
    fn.store(fn.value(at), 0, v128.andNot(f32x4.min(values, f32x4.splat(1)), isDust));
  });
  fn.store(fn.param(2), 0, fn.value(most));
  return fn;
}

function upper(pairs: Code): Code {
  return v128.lanes(pairs, pairs, [2, 3, 2, 3]);
}

function storeWide(fn: SimdFunction, address: Code, singles: Code): void {
  const values = fn.keep(singles);
  fn.store(address, 0, f64x2.promote(values));
  fn.store(address, 16, f64x2.promote(upper(values)));
}

function loadNarrow(address: Code): Code {
  const pair = (offset: number) => f32x4.demote(v128.load(address, offset));
  return v128.lanes(pair(0), pair(16), [0, 1, 4, 5]);
}

/** `(from, to, toEnd, step)`: four neighbouring columns; `step` bytes between rows. */
function unpackColumns(): SimdFunction {
  const fn = new SimdFunction('unpackColumns', 4);
  const from = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(1), 'i32');
  fn.repeat(to, fn.param(2), positionBytes, () => {
    storeWide(fn, fn.value(to), v128.load(fn.value(from), 0));
    fn.set(from, i32.add(fn.value(from), fn.param(3)));
  });
  return fn;
}

/** `(from, fromEnd, to, step)`. */
function packColumns(): SimdFunction {
  const fn = new SimdFunction('packColumns', 4);
  const from = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(2), 'i32');
  fn.repeat(from, fn.param(1), positionBytes, () => {
    fn.store(fn.value(to), 0, loadNarrow(fn.value(from)));
    fn.set(to, i32.add(fn.value(to), fn.param(3)));
  });
  return fn;
}

/** Rows to columns of four by four values. */
function turned(fn: SimdFunction, rows: readonly Code[]): Code[] {
  const [a, b, c, d] = rows.map((row) => fn.keep(row));
  const [low1, low2] = [v128.lanes(a, b, [0, 4, 1, 5]), v128.lanes(c, d, [0, 4, 1, 5])];
  const [high1, high2] = [v128.lanes(a, b, [2, 6, 3, 7]), v128.lanes(c, d, [2, 6, 3, 7])];
  const [l1, l2, h1, h2] = [low1, low2, high1, high2].map((code) => fn.keep(code));
  return [
    v128.lanes(l1, l2, [0, 1, 4, 5]),
    v128.lanes(l1, l2, [2, 3, 6, 7]),
    v128.lanes(h1, h2, [0, 1, 4, 5]),
    v128.lanes(h1, h2, [2, 3, 6, 7]),
  ];
}

/** Addresses of the four rows that start `step` bytes apart. */
function rowsFrom(fn: SimdFunction, first: Code, step: Code): number[] {
  const rows = [fn.variable(first, 'i32')];
  for (let k = 1; k < softLines; k++)
    rows.push(fn.variable(i32.add(fn.value(rows[k - 1]), step), 'i32'));
  return rows;
}

/** `(from, to, toEnd, step)`: four rows, `step` bytes apart; four positions at a time. */
function unpackRows(): SimdFunction {
  const fn = new SimdFunction('unpackRows', 4);
  const rows = rowsFrom(fn, fn.param(0), fn.param(3));
  const to = fn.variable(fn.param(1), 'i32');
  fn.repeat(to, fn.param(2), positionBytes * 4, () => {
    const columns = turned(
      fn,
      rows.map((row) => v128.load(fn.value(row), 0)),
    );
    for (const [k, column] of columns.entries())
      storeWide(fn, i32.add(fn.value(to), i32.of(k * positionBytes)), column);
    for (const row of rows) fn.set(row, i32.add(fn.value(row), i32.of(16)));
  });
  return fn;
}

/** `(from, fromEnd, to, step)`. */
function packRows(): SimdFunction {
  const fn = new SimdFunction('packRows', 4);
  const from = fn.variable(fn.param(0), 'i32');
  const rows = rowsFrom(fn, fn.param(2), fn.param(3));
  fn.repeat(from, fn.param(1), positionBytes * 4, () => {
    const positions = [0, 1, 2, 3].map((k) =>
      loadNarrow(i32.add(fn.value(from), i32.of(k * positionBytes))),
    );
    const values = turned(fn, positions);
    for (const [k, row] of rows.entries()) {
      fn.store(fn.value(row), 0, values[k]);
      fn.set(row, i32.add(fn.value(row), i32.of(16)));
    }
  });
  return fn;
}

/** `(value, to, toEnd)`: one position, repeated. */
function spread(): SimdFunction {
  const fn = new SimdFunction('spreadSoft', 3);
  const values = [0, 16].map((offset) => fn.keep(v128.load(fn.param(0), offset)));
  const to = fn.variable(fn.param(1), 'i32');
  fn.repeat(to, fn.param(2), positionBytes, () => {
    for (const [n, value] of values.entries()) fn.store(fn.value(to), 16 * n, value);
  });
  return fn;
}

/**
 * `(from, to, toEnd, window, weights)`: a running box of `window` bytes of positions from the second on,
 * both ends by the first weight (float64), everything times the second.
 */
function box(): SimdFunction {
  const fn = new SimdFunction('boxSoft', 5);
  const end = fn.keep(v128.spread64(fn.param(4), 0));
  const norm = fn.keep(v128.spread64(fn.param(4), 8));
  const sums = [0, 16].map((offset) => ({ offset, sum: fn.variable(v128.zero) }));
  const first = fn.keep(i32.add(fn.param(0), i32.of(positionBytes)), 'i32');
  const at = fn.variable(first, 'i32');
  const after = fn.keep(i32.add(first, fn.param(3)), 'i32');
  fn.repeat(at, after, positionBytes, () => {
    for (const { offset, sum } of sums)
      fn.set(sum, f64x2.add(fn.value(sum), v128.load(fn.value(at), offset)));
  });
  const left = fn.variable(fn.param(0), 'i32');
  const right = fn.variable(after, 'i32');
  const to = fn.variable(fn.param(1), 'i32');
  fn.repeat(to, fn.param(2), positionBytes, () => {
    for (const { offset, sum } of sums) {
      const last = fn.keep(v128.load(fn.value(right), offset));
      const ends = f64x2.mul(end, f64x2.add(v128.load(fn.value(left), offset), last));
      fn.store(fn.value(to), offset, f64x2.mul(f64x2.add(fn.value(sum), ends), norm));
      const gone = v128.load(fn.value(left), positionBytes + offset);
      fn.set(sum, f64x2.add(fn.value(sum), f64x2.sub(last, gone)));
    }
    for (const row of [left, right]) fn.set(row, i32.add(fn.value(row), i32.of(positionBytes)));
  });
  return fn;
}

/** `(middle, to, toEnd, weights, weightsEnd)`: symmetric sums; weights (float64) from the middle's on. */
function sampled(): SimdFunction {
  const fn = new SimdFunction('sampledSoft', 5);
  const middle = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(1), 'i32');
  const before = fn.variable(i32.of(0), 'i32');
  const after = fn.variable(i32.of(0), 'i32');
  const weight = fn.variable(i32.of(0), 'i32');
  const sums = [0, 16].map((offset) => ({ offset, sum: fn.variable(v128.zero) }));
  fn.repeat(to, fn.param(2), positionBytes, () => {
    fn.set(weight, fn.param(3));
    const center = fn.keep(v128.spread64(fn.value(weight), 0));
    for (const { offset, sum } of sums)
      fn.set(sum, f64x2.mul(v128.load(fn.value(middle), offset), center));
    fn.set(before, fn.value(middle));
    fn.set(after, fn.value(middle));
    fn.set(weight, i32.add(fn.value(weight), i32.of(8)));
    fn.repeat(weight, fn.param(4), 8, () => {
      fn.set(before, i32.add(fn.value(before), i32.of(-positionBytes)));
      fn.set(after, i32.add(fn.value(after), i32.of(positionBytes)));
      const share = fn.keep(v128.spread64(fn.value(weight), 0));
      for (const { offset, sum } of sums) {
        const both = f64x2.add(
          v128.load(fn.value(before), offset),
          v128.load(fn.value(after), offset),
        );
        fn.set(sum, f64x2.add(fn.value(sum), f64x2.mul(both, share)));
      }
    });
    for (const { offset, sum } of sums) fn.store(fn.value(to), offset, fn.value(sum));
    fn.set(middle, i32.add(fn.value(middle), i32.of(positionBytes)));
  });
  return fn;
}
