/**
 * Squared distances: steps along columns on vectors, then the lower envelope of a row's parabolas (Felzenszwalb and
 * Huttenlocher, Distance Transforms of Sampled Functions, 2012) in double precision.
 */
import { i16x8, i32, SimdFunction, v128, type Code } from '../../simdModule.ts';

/** Steps where nothing is inside the column. */
export const noSteps = 0xffff;
/** Squared distance where nothing is inside within reach. */
export const farAway = 1e12;
/** A parabola of the envelope: from where on it is lowest, its height with x^2, x, and its height. */
export const parabolaBytes = 32;
const [border, withSquare, place, height] = [0, 8, 16, 24];

export function distanceKernels(): SimdFunction[] {
  return [stepsDown(), stepsUp(), crossRow()];
}

/** `(inside, above, to, toEnd)`: 0 where a byte is not 0, otherwise a step more than above. */
function stepsDown(): SimdFunction {
  const fn = new SimdFunction('stepsDown', 4);
  const [inside, above, to] = [0, 1, 2].map((n) => fn.variable(fn.param(n), 'i32'));
  fn.repeat(to, fn.param(3), 16, () => {
    const bytes = i16x8.extendLow(v128.load64(fn.value(inside), 0));
    const steps = i16x8.addSaturated(v128.load(fn.value(above), 0), i16x8.splat(1));
    fn.store(fn.value(to), 0, v128.and(steps, i16x8.equal(bytes, v128.zero)));
    fn.set(inside, i32.add(fn.value(inside), i32.of(8)));
    fn.set(above, i32.add(fn.value(above), i32.of(16)));
  });
  return fn;
}

/** `(below, to, toEnd)`: a step more than below where that is less. */
function stepsUp(): SimdFunction {
  const fn = new SimdFunction('stepsUp', 3);
  const [below, to] = [0, 1].map((n) => fn.variable(fn.param(n), 'i32'));
  fn.repeat(to, fn.param(2), 16, () => {
    const steps = i16x8.addSaturated(v128.load(fn.value(below), 0), i16x8.splat(1));
    fn.store(fn.value(to), 0, i16x8.minUnsigned(v128.load(fn.value(to), 0), steps));
    fn.set(below, i32.add(fn.value(below), i32.of(16)));
  });
  return fn;
}

const two =
  (opcode: number) =>
  (a: Code, b: Code): Code => [...a, ...b, opcode];
const f64 = {
  of: (value: number): Code => [0x44, ...new Uint8Array(new Float64Array([value]).buffer)],
  load: (address: Code, offset: number): Code => [...address, 0x2b, 0, offset],
  lessThan: two(0x63),
  notMore: two(0x65),
  add: two(0xa0),
  sub: two(0xa1),
  mul: two(0xa2),
  fromI32: (a: Code): Code => [...a, 0xb7],
  fromU32: (a: Code): Code => [...a, 0xb8],
  demoted: (a: Code): Code => [...a, 0xb6],
  /** The first where the condition is not 0. */
  select: (a: Code, b: Code, condition: Code): Code => [...a, ...b, ...condition, 0x1b],
};
const number = {
  load16: (address: Code): Code => [...address, 0x2f, 0, 0],
  notEqual: two(0x47),
  below: two(0x49),
  sub: two(0x6b),
  mul: two(0x6c),
};
const [storeSingle, storeDouble] = [0x38, 0x39];

/**
 * `(steps, stepsEnd, to, envelope, halves)`: squared distances in single precision from a row's steps (16 bits).
 * At `halves` lie the largest square that counts, then 1/2, 1/4, 1/6 ... in double precision; at `envelope` is room
 * for a parabola more than the row has pixels.
 */
function crossRow(): SimdFunction {
  const fn = new SimdFunction('crossRow', 5);
  const [steps, stepsEnd, , envelope, halves] = [0, 1, 2, 3, 4].map((n) => fn.param(n));
  const limit = fn.keep(f64.load(halves, 0), 'f64');
  const top = fn.variable(number.sub(envelope, i32.of(parabolaBytes)), 'i32');
  const isEmpty = number.below(fn.value(top), envelope);
  pushAll(fn, { steps, stepsEnd, halves, limit, top, isEmpty });
  fn.storeNumber(storeDouble, fn.value(top), parabolaBytes + border, f64.of(Infinity));
  fn.when(isEmpty, () => {
    // One that is far from everywhere.
    fn.storeNumber(storeDouble, envelope, height, f64.of(farAway));
    fn.storeNumber(storeDouble, envelope, parabolaBytes + border, f64.of(Infinity));
    fn.storeWord(envelope, place, i32.of(0));
  });
  const parabola = fn.variable(envelope, 'i32');
  const end = fn.variable(f64.load(envelope, parabolaBytes + border), 'f64');
  const x = fn.variable(f64.of(0), 'f64');
  const to = fn.variable(fn.param(2), 'i32');
  const length = i32.shiftLeft(number.sub(stepsEnd, steps), 1);
  const toEnd = fn.keep(i32.add(fn.param(2), length), 'i32');
  fn.repeat(to, toEnd, 4, () => {
    fn.whilst(f64.lessThan(fn.value(end), fn.value(x)), () => {
      fn.set(parabola, i32.add(fn.value(parabola), i32.of(parabolaBytes)));
      fn.set(end, f64.load(fn.value(parabola), parabolaBytes + border));
    });
    const at = f64.fromI32(i32.load(fn.value(parabola), place));
    const away = fn.keep(f64.sub(fn.value(x), at), 'f64');
    const square = fn.keep(
      f64.add(f64.mul(away, away), f64.load(fn.value(parabola), height)),
      'f64',
    );
    const reached = f64.select(square, f64.of(farAway), f64.notMore(square, limit));
    fn.storeNumber(storeSingle, fn.value(to), 0, f64.demoted(reached));
    fn.set(x, f64.add(fn.value(x), f64.of(1)));
  });
  return fn;
}

/** Builds the envelope from left to right; `top` ends as its last parabola's address. */
function pushAll(
  fn: SimdFunction,
  row: {
    readonly steps: Code;
    readonly stepsEnd: Code;
    readonly halves: Code;
    readonly limit: Code;
    readonly top: number;
    readonly isEmpty: Code;
  },
): void {
  const { halves, limit, top, isEmpty } = row;
  const from = fn.variable(row.steps, 'i32');
  const x = fn.variable(i32.of(0), 'i32');
  const cut = fn.variable(f64.of(0), 'f64');
  fn.repeat(from, row.stepsEnd, 2, () => {
    const step = fn.keep(number.load16(fn.value(from)), 'i32');
    const square = fn.keep(f64.fromU32(number.mul(step, step)), 'f64');
    fn.when(number.notEqual(step, i32.of(noSteps)), () => {
      fn.when(f64.notMore(square, limit), () => {
        const xSquare = f64.fromU32(number.mul(fn.value(x), fn.value(x)));
        const sum = fn.keep(f64.add(square, xSquare), 'f64');
        const away = number.sub(fn.value(x), i32.load(fn.value(top), place));
        const half = f64.load(i32.add(halves, i32.shiftLeft(away, 3)), 0);
        const cutWithTop = f64.mul(f64.sub(sum, f64.load(fn.value(top), withSquare)), half);
        fn.set(cut, f64.of(-Infinity));
        // The first one's border is below every cut.
        fn.when([...isEmpty, 0x45], () => {
          fn.set(cut, cutWithTop);
          fn.whilst(f64.notMore(fn.value(cut), f64.load(fn.value(top), border)), () => {
            fn.set(top, number.sub(fn.value(top), i32.of(parabolaBytes)));
            fn.set(cut, cutWithTop);
          });
        });
        fn.set(top, i32.add(fn.value(top), i32.of(parabolaBytes)));
        fn.storeNumber(storeDouble, fn.value(top), border, fn.value(cut));
        fn.storeNumber(storeDouble, fn.value(top), withSquare, sum);
        fn.storeNumber(storeDouble, fn.value(top), height, square);
        fn.storeWord(fn.value(top), place, fn.value(x));
      });
    });
    fn.set(x, i32.add(fn.value(x), i32.of(1)));
  });
}
