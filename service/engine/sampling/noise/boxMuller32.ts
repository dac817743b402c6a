/**
 * Box-Muller over blocks of 16 float32 values, bit-equal to torch's AVX2 kernel: the logarithm, sine
 * and cosine are the Cephes single-precision polynomials, with a fused multiply-add where that kernel
 * fuses. Every operation is rounded to float32; a fused one is Math.fround(a * b + c), whose product
 * is exact in double. (torch aten/native/cpu/DistributionTemplates.h, avx_mathfun.h.)
 */
const f = Math.fround;

const LOG_P0 = f(7.0376836292e-2);
const LOG_P1 = f(-1.151461031e-1);
const LOG_P2 = f(1.167699874e-1);
const LOG_P3 = f(-1.2420140846e-1);
const LOG_P4 = f(1.4249322787e-1);
const LOG_P5 = f(-1.6668057665e-1);
const LOG_P6 = f(2.0000714765e-1);
const LOG_P7 = f(-2.4999993993e-1);
const LOG_P8 = f(3.3333331174e-1);
const LOG_Q1 = f(-2.1219444e-4);
const LOG_Q2 = f(0.693359375);
const SQRT_HALF = f(Math.SQRT1_2);

const FOUR_OVER_PI = f(1.27323954473516);
const PI_HIGH = f(-0.78515625);
const PI_MIDDLE = f(-2.4187564849853515625e-4);
const PI_LOW = f(-3.774894977445941e-8);
const COS_0 = f(2.443315711809948e-5);
const COS_1 = f(-1.388731625493765e-3);
const COS_2 = f(4.166664568298827e-2);
const SIN_0 = f(-1.9515295891e-4);
const SIN_1 = f(8.3321608736e-3);
const SIN_2 = f(-1.6666654611e-1);
const TWO_PI = f(2 * Math.PI);

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** Natural logarithm of a float32 in (0, 1]. */
function log32(x: number): number {
  float[0] = x;
  const raw = bits[0]!;
  let e = (raw >>> 23) - 126;
  bits[0] = (raw & 0x7fffff) | 0x3f000000;
  const half = float[0];
  let m = f(half - 1);
  if (half < SQRT_HALF) {
    e -= 1;
    m = f(m + half);
  }
  const z = f(m * m);
  let y = f(LOG_P0 * m + LOG_P1);
  y = f(y * m + LOG_P2);
  y = f(y * m + LOG_P3);
  y = f(y * m + LOG_P4);
  y = f(y * m + LOG_P5);
  y = f(y * m + LOG_P6);
  y = f(y * m + LOG_P7);
  y = f(y * m + LOG_P8);
  y = f(y * m);
  y = f(y * z + f(e * LOG_Q1));
  y = f(z * -0.5 + y);
  return f(e * LOG_Q2 + f(m + y));
}

/**
 * Turns d[at..at+16), uniforms in [0, 1), into standard normals in place: the first eight give the
 * radii, the last eight the angles.
 */
export function boxMullerBlock32(d: Float32Array, at: number): void {
  for (let i = at; i < at + 8; i++) {
    const radius = f(Math.sqrt(f(-2 * log32(f(1 - d[i]!)))));
    const theta = f(TWO_PI * d[i + 8]!);
    const j = (f(theta * FOUR_OVER_PI) + 1) & ~1;
    let x = f(j * PI_HIGH + theta);
    x = f(j * PI_MIDDLE + x);
    x = f(j * PI_LOW + x);
    const z = f(x * x);
    let c = f(COS_0 * z + COS_1);
    c = f(c * z + COS_2);
    c = f(c * z);
    c = f(c * z - f(z * 0.5));
    c = f(c + 1);
    let s = f(SIN_0 * z + SIN_1);
    s = f(s * z + SIN_2);
    s = f(s * z);
    s = f(s * x + x);
    const swap = (j & 2) !== 0;
    const sine = swap ? c : s;
    const cosine = swap ? s : c;
    d[i] = radius * (((j - 2) & 4) === 0 ? -cosine : cosine);
    d[i + 8] = radius * ((j & 4) === 0 ? sine : -sine);
  }
}
