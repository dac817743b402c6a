/**
 * Box-Muller over blocks of 16 float32 values, bit-equal to torch's AVX2 kernel: the logarithm, sine
 * and cosine are the Cephes single-precision polynomials, with a fused multiply-add where that kernel
 * fuses. Every operation is rounded to float32; a fused one is a product and a sum in float64, whose
 * product is exact, rounded once. (torch aten/native/cpu/DistributionTemplates.h, avx_mathfun.h.)
 */
import { f32x4, f64x2, i32x4, SimdFunction, v128, type Code } from '../../simdModule.ts';

const logarithm = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1,
  -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
];
const [logLow, logHigh] = [-2.1219444e-4, 0.693359375];
const fourOverPi = 1.27323954473516;
/** Minus pi / 4 in three parts. */
const piParts = [-0.78515625, -2.4187564849853515625e-4, -3.774894977445941e-8];
const cosine = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2];
const sine = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1];

/** Bytes of eight float32: the angles lie that far behind the radii. */
const halfBlock = 32;

/** `boxMuller(from, to)`: byte addresses; random words become standard normals in place. */
export function boxMullerKernel(): SimdFunction {
  const fn = new SimdFunction('boxMuller', 2);
  const numbers = makeNumbers(fn);
  fn.repeat(0, fn.param(1), 2 * halfBlock, () => {
    for (const at of [0, 16]) writeFour(fn, numbers, at);
  });
  return fn;
}

/** Float32 constants widened to float64, each set once before the loop. */
function makeNumbers(fn: SimdFunction): (value: number) => Code {
  const used = [...logarithm, logLow, logHigh, ...piParts, ...cosine, ...sine, -0.5, 0.5, 1];
  const kept = new Map(
    used.map(Math.fround).map((value) => [value, fn.keep(f64x2.splat(value))] as const),
  );
  return (value) => kept.get(Math.fround(value))!;
}

type Numbers = (value: number) => Code;

/** 24 bits of each word as float32 in [0, 1), exactly. */
function uniforms(words: Code): Code {
  const low = v128.and(words, i32x4.splat(0xffffff));
  return f32x4.mul(f32x4.fromI32(low), f32x4.splat(2 ** -24));
}

/** Four radii at `at` and their angles half a block behind; writes cosine and sine parts there. */
function writeFour(fn: SimdFunction, numbers: Numbers, at: number): void {
  const keep = (value: Code) => fn.keep(value);
  const first = uniforms(v128.load(fn.param(0), at));
  const second = uniforms(v128.load(fn.param(0), at + halfBlock));
  const log = logarithms(fn, numbers, keep(f32x4.sub(f32x4.splat(1), first)));
  const radius = keep(f32x4.sqrt(f32x4.mul(f32x4.splat(-2), log)));
  const theta = keep(f32x4.mul(f32x4.splat(2 * Math.PI), second));
  const turns = i32x4.truncated(f32x4.mul(theta, f32x4.splat(fourOverPi)));
  const octant = keep(v128.and(i32x4.add(turns, i32x4.splat(1)), i32x4.splat(~1)));
  const { sin, cos } = sinesAndCosines(fn, numbers, theta, octant);
  const swap = keep(i32x4.notEqual(v128.and(octant, i32x4.splat(2)), i32x4.splat(0)));
  const four = i32x4.splat(4);
  const sinSign = i32x4.shiftLeft(v128.and(octant, four), 29);
  // Negative where (octant - 2) & 4 is 0.
  const cosSign = i32x4.shiftLeft(v128.andNot(four, i32x4.sub(octant, i32x4.splat(2))), 29);
  const x = v128.xor(v128.select(sin, cos, swap), cosSign);
  const y = v128.xor(v128.select(cos, sin, swap), sinSign);
  fn.store(fn.param(0), at, f32x4.mul(radius, x));
  fn.store(fn.param(0), at + halfBlock, f32x4.mul(radius, y));
}

/** Rounded to float32 and widened again. */
const rounded = (value: Code): Code => f64x2.promote(f32x4.demote(value));
/** a * b + c, rounded once. */
const fused = (a: Code, b: Code, c: Code): Code => rounded(f64x2.add(f64x2.mul(a, b), c));
const product = (a: Code, b: Code): Code => rounded(f64x2.mul(a, b));
const sum = (a: Code, b: Code): Code => rounded(f64x2.add(a, b));

/** `work` on the lower and on the upper two lanes of some vectors, widened; joined again. */
function byHalves(
  fn: SimdFunction,
  vectors: readonly Code[],
  work: (...halves: Code[]) => readonly Code[],
): Code[] {
  const lower = vectors.map((v) => fn.keep(f64x2.promote(v)));
  const upper = vectors.map((v) => fn.keep(f64x2.promote(v128.lanes(v, v, [2, 3, 2, 3]))));
  const low = work(...lower);
  const high = work(...upper);
  return low.map((value, i) =>
    fn.keep(v128.lanes(f32x4.demote(value), f32x4.demote(high[i]), [0, 1, 4, 5])),
  );
}

/** Natural logarithms of four float32 in (0, 1]. */
function logarithms(fn: SimdFunction, numbers: Numbers, x: Code): Code {
  const fraction = v128.and(x, i32x4.splat(0x7fffff));
  const half = fn.keep(v128.or(fraction, i32x4.splat(0x3f000000)));
  const small = fn.keep(f32x4.lessThan(half, f32x4.splat(Math.SQRT1_2)));
  const raised = i32x4.sub(i32x4.shiftRight(x, 23), i32x4.splat(126));
  const exponent = fn.keep(f32x4.fromI32(i32x4.add(raised, small)));
  const mantissa = fn.keep(f32x4.add(f32x4.sub(half, f32x4.splat(1)), v128.and(half, small)));
  const [log] = byHalves(fn, [mantissa, exponent], (m, e) => {
    const z = fn.keep(product(m, m));
    let y = numbers(logarithm[0]);
    for (const p of logarithm.slice(1)) y = fused(y, m, numbers(p));
    y = product(y, m);
    y = fused(y, z, product(e, numbers(logLow)));
    y = fused(z, numbers(-0.5), y);
    return [f64x2.add(f64x2.mul(e, numbers(logHigh)), sum(m, y))];
  });
  return log;
}

/** Sines and cosines of the angles within their octant, both before signs and exchange. */
function sinesAndCosines(
  fn: SimdFunction,
  numbers: Numbers,
  theta: Code,
  octant: Code,
): { sin: Code; cos: Code } {
  const turn = fn.keep(f32x4.fromI32(octant));
  const [cos, sin] = byHalves(fn, [theta, turn], (angle, j) => {
    let reduced = angle;
    for (const part of piParts) reduced = fused(j, numbers(part), reduced);
    const x = fn.keep(reduced);
    const z = fn.keep(product(x, x));
    let c = fused(numbers(cosine[0]), z, numbers(cosine[1]));
    c = product(fused(c, z, numbers(cosine[2])), z);
    c = rounded(f64x2.sub(f64x2.mul(c, z), product(z, numbers(0.5))));
    let s = fused(numbers(sine[0]), z, numbers(sine[1]));
    s = product(fused(s, z, numbers(sine[2])), z);
    return [f64x2.add(c, numbers(1)), f64x2.add(f64x2.mul(s, x), x)];
  });
  return { sin, cos };
}
