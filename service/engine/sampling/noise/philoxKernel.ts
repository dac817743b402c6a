/**
 * Philox4x32-10 as AUTOMATIC1111's "NV" source uses it (modules/rng_philox.py): element i of call k
 * has the counter (k, 0, i, 0) and gives one value; equal to torch on CUDA for tensors that fit one
 * launch. Integer part exact, the rest in float64 with float32 constants, rounded once. Logarithm and
 * sine are fdlibm's (below 1 ulp).
 */
import { f32x4, f64x2, i32x4, i64x2, SimdFunction, v128, type Code } from '../../simdModule.ts';

const multipliers = [0xd2511f53, 0xcd9e8d57] as const;
const keySteps = [0x9e3779b9, 0xbb67ae85] as const;
const rounds = 10;

const toUnit = Math.fround(2.3283064e-10);
const toAngle = Math.fround(2.3283064e-10 * 6.2831855);

const bytesOfFour = 16;

/**
 * `philox(from, to, index, call, key0, key1)`: writes float32 normals from byte address `from` up to
 * `to`, four at a time, for elements `index`, index + 1, ... of call `call`.
 */
export function philoxKernel(): SimdFunction {
  const fn = new SimdFunction('philox', 6);
  const number = (value: number) => fn.keep(f64x2.splat(value));
  const [call, key0, key1] = [3, 4, 5].map((param) => fn.keep(i32x4.spread(fn.param(param))));
  const counting = i32x4.add(i32x4.spread(fn.param(2)), i32x4.of(0, 1, 2, 3));
  const index = fn.variable(counting);
  const [unit, angle] = [toUnit, toAngle].map((scale) => ({
    scale: number(scale),
    half: number(Math.fround(scale / 2)),
  }));
  const normal = normalOf(fn);
  fn.repeat(0, fn.param(1), bytesOfFour, () => {
    const [x, y] = randomBits(fn, call, fn.value(index), [key0, key1]);
    const [low, high] = [0, 2].map((lane) => {
      const uniform = ({ scale, half }: typeof unit, bits: Code): Code => {
        const two = lane === 0 ? bits : v128.lanes(bits, bits, [2, 3, 2, 3]);
        return fn.keep(f64x2.add(f64x2.mul(f64x2.fromU32(two), scale), half));
      };
      return f32x4.demote(normal(uniform(unit, x), uniform(angle, y)));
    });
    fn.store(fn.param(0), 0, v128.lanes(low, high, [0, 1, 4, 5]));
    fn.set(index, i32x4.add(fn.value(index), i32x4.splat(4)));
  });
  return fn;
}

/** The first two words of ten rounds, for four counters (call, 0, index, 0). */
function randomBits(fn: SimdFunction, call: Code, index: Code, key: readonly Code[]): Code[] {
  const zero = i32x4.splat(0);
  let [c0, c1, c2, c3] = [call, zero, index, zero];
  let [k0, k1] = key;
  for (let round = 0; round < rounds; round++) {
    const first = product(fn, c0, multipliers[0]);
    const second = product(fn, c2, multipliers[1]);
    c0 = fn.keep(v128.xor(v128.xor(second.high, c1), k0));
    c2 = fn.keep(v128.xor(v128.xor(first.high, c3), k1));
    [c1, c3] = [second.low, first.low];
    k0 = fn.keep(i32x4.add(k0, i32x4.splat(keySteps[0])));
    k1 = fn.keep(i32x4.add(k1, i32x4.splat(keySteps[1])));
  }
  return [c0, c1];
}

/** Upper and lower words of the 64-bit products. */
function product(fn: SimdFunction, a: Code, by: number): { low: Code; high: Code } {
  const factor = i32x4.splat(by);
  const pair = fn.keep(i32x4.productsLow(a, factor));
  const other = fn.keep(i32x4.productsHigh(a, factor));
  return {
    low: fn.keep(v128.lanes(pair, other, [0, 2, 4, 6])),
    high: fn.keep(v128.lanes(pair, other, [1, 3, 5, 7])),
  };
}

/** sqrt(-2 ln u) sin v of two float64 pairs, u in (0, 1], v in (0, 2 pi]. */
function normalOf(fn: SimdFunction): (u: Code, v: Code) => Code {
  const logarithm = logarithmOf(fn);
  const sine = sineOf(fn);
  const minusTwo = fn.keep(f64x2.splat(-2));
  return (u, v) => {
    const radius = fn.keep(f64x2.sqrt(f64x2.mul(minusTwo, logarithm(u))));
    return f64x2.mul(radius, sine(v));
  };
}

/** The polynomial with these coefficients, the constant one first. */
function polynomial(fn: SimdFunction, coefficients: readonly number[]): (x: Code) => Code {
  const kept = coefficients.map((value) => fn.keep(f64x2.splat(value)));
  return (x) =>
    kept.slice(0, -1).reduceRight((sum, c) => f64x2.add(c, f64x2.mul(x, sum)), kept.at(-1)!);
}

/** fdlibm e_log.c: x = 2^k (1 + f), ln(1 + f) from s = f / (2 + f). */
function logarithmOf(fn: SimdFunction): (x: Code) => Code {
  const odd = polynomial(
    fn,
    [
      6.66666666666673513e-1, 2.857142874366239149e-1, 1.818357216161805012e-1,
      1.479819860511658591e-1,
    ],
  );
  const even = polynomial(
    fn,
    [3.999999999940941908e-1, 2.222219843214978396e-1, 1.531383769920937332e-1],
  );
  const [ln2High, ln2Low] = [6.9314718036912381649e-1, 1.90821492927058770002e-10].map((value) =>
    fn.keep(f64x2.splat(value)),
  );
  // Bits of 1 minus those of sqrt(1/2), cut to the upper word: the exponent then rounds.
  const rootHalf = 0x3fe6a09e00000000n;
  const toRoot = fn.keep(i64x2.splat(0x3ff0000000000000n - rootHalf));
  const fractionBits = fn.keep(i64x2.splat(0x000fffffffffffffn));
  const fromRoot = fn.keep(i64x2.splat(rootHalf));
  // An integer in the fraction of 2^52 is 2^52 plus that integer.
  const big = fn.keep(f64x2.splat(2 ** 52));
  const bias = fn.keep(f64x2.splat(2 ** 52 + 1023));
  const [half, ones, twos] = [0.5, 1, 2].map((value) => fn.keep(f64x2.splat(value)));
  return (x) => {
    const bits = fn.keep(i64x2.add(x, toRoot));
    const k = fn.keep(f64x2.sub(v128.or(i64x2.shiftRight(bits, 52), big), bias));
    const f = fn.keep(f64x2.sub(i64x2.add(v128.and(bits, fractionBits), fromRoot), ones));
    const s = fn.keep(f64x2.div(f, f64x2.add(twos, f)));
    const z = fn.keep(f64x2.mul(s, s));
    const w = fn.keep(f64x2.mul(z, z));
    const rest = f64x2.add(f64x2.mul(z, odd(w)), f64x2.mul(w, even(w)));
    const square = fn.keep(f64x2.mul(half, f64x2.mul(f, f)));
    const low = f64x2.add(f64x2.mul(s, f64x2.add(square, rest)), f64x2.mul(k, ln2Low));
    return f64x2.add(f64x2.add(f64x2.sub(low, square), f), f64x2.mul(k, ln2High));
  };
}

/** fdlibm k_sin.c and k_cos.c on what is left of a multiple of pi / 2. */
function sineOf(fn: SimdFunction): (x: Code) => Code {
  const sin = polynomial(
    fn,
    [
      -1.66666666666666324348e-1, 8.33333333332248946124e-3, -1.98412698298579493134e-4,
      2.75573137070700676789e-6, -2.50507602534068634195e-8, 1.58969099521155010221e-10,
    ],
  );
  const cos = polynomial(
    fn,
    [
      4.16666666666666019037e-2, -1.38888888888741095749e-3, 2.48015872894767294178e-5,
      -2.75573143513906633035e-7, 2.0875723212981748279e-9, -1.13596475577881948265e-11,
    ],
  );
  // Pi / 2 in parts of 33 bits: their products with 0..4 are exact.
  const parts = [1.57079632673412561417, 6.0771005063039659766e-11, 2.02226624879595063154e-21];
  const [first, second, third] = parts.map((value) => fn.keep(f64x2.splat(value)));
  const [quarters, half, ones] = [2 / Math.PI, 0.5, 1].map((v) => fn.keep(f64x2.splat(v)));
  const big = fn.keep(f64x2.splat(2 ** 52));
  const second2 = fn.keep(i64x2.splat(2n));
  return (x) => {
    const q = fn.keep(f64x2.nearest(f64x2.mul(x, quarters)));
    const coarse = f64x2.sub(f64x2.sub(x, f64x2.mul(q, first)), f64x2.mul(q, second));
    const r = fn.keep(f64x2.sub(coarse, f64x2.mul(q, third)));
    const z = fn.keep(f64x2.mul(r, r));
    const sinR = f64x2.add(r, f64x2.mul(f64x2.mul(r, z), sin(z)));
    const cosR = f64x2.sub(ones, f64x2.sub(f64x2.mul(half, z), f64x2.mul(f64x2.mul(z, z), cos(z))));
    const halved = fn.keep(f64x2.mul(q, half));
    const isOdd = f64x2.notEqual(halved, f64x2.floor(halved));
    const sign = i64x2.shiftLeft(v128.and(f64x2.add(q, big), second2), 62);
    return v128.xor(v128.select(cosR, sinR, isOdd), sign);
  };
}
