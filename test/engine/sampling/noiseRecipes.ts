/**
 * The published recipes of both generators' normals, value by value in plain arithmetic: what the
 * vector code must equal bit for bit.
 */
const f = Math.fround;

const logP = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1,
  -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(f);
const logQ = [f(-2.1219444e-4), f(0.693359375)] as const;
const pi4 = [-0.78515625, -2.4187564849853515625e-4, -3.774894977445941e-8].map(f);
const cosC = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f);
const sinC = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f);
const twoPi = f(2 * Math.PI);
const fourOverPi = f(1.27323954473516);

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** Cephes' logf with fused multiply-adds (Math.fround(a * b + c): the product is exact). */
function log32(x: number): number {
  float[0] = x;
  const raw = bits[0]!;
  let e = (raw >>> 23) - 126;
  bits[0] = (raw & 0x7fffff) | 0x3f000000;
  const half = float[0];
  let m = f(half - 1);
  if (half < f(Math.SQRT1_2)) {
    e -= 1;
    m = f(m + half);
  }
  const z = f(m * m);
  let y = logP[0]!;
  for (const p of logP.slice(1)) y = f(y * m + p);
  y = f(y * m);
  y = f(y * z + f(e * logQ[0]));
  y = f(z * -0.5 + y);
  return f(e * logQ[1] + f(m + y));
}

/** torch's Box-Muller over d[at..at+16), uniforms in [0, 1), in place. */
export function boxMullerBlock(d: Float32Array, at: number): void {
  for (let i = at; i < at + 8; i++) {
    const radius = f(Math.sqrt(f(-2 * log32(f(1 - d[i]!)))));
    const theta = f(twoPi * d[i + 8]!);
    const j = (f(theta * fourOverPi) + 1) & ~1;
    let x = theta;
    for (const part of pi4) x = f(j * part + x);
    const z = f(x * x);
    let c = f(cosC[0]! * z + cosC[1]!);
    c = f(f(c * z + cosC[2]!) * z);
    c = f(f(c * z - f(z * 0.5)) + 1);
    let s = f(sinC[0]! * z + sinC[1]!);
    s = f(f(s * z + sinC[2]!) * z);
    s = f(s * x + x);
    const swap = (j & 2) !== 0;
    const sine = swap ? c : s;
    const cosine = swap ? s : c;
    d[i] = radius * (((j - 2) & 4) === 0 ? -cosine : cosine);
    d[i + 8] = radius * ((j & 4) === 0 ? sine : -sine);
  }
}

const mask = 0xffffffffn;

/** One value of Philox4x32-10 for counter (call, 0, index, 0), in whole numbers and float64. */
export function philoxValue(seed: bigint, call: number, index: number): number {
  let [c0, c1, c2, c3] = [BigInt(call), 0n, BigInt(index), 0n];
  let [k0, k1] = [seed & mask, (seed >> 32n) & mask];
  for (let round = 0; round < 10; round++) {
    const first = c0 * 0xd2511f53n;
    const second = c2 * 0xcd9e8d57n;
    [c0, c1, c2, c3] = [
      (second >> 32n) ^ c1 ^ k0,
      second & mask,
      (first >> 32n) ^ c3 ^ k1,
      first & mask,
    ];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  const unit = f(2.3283064e-10);
  const angle = f(2.3283064e-10 * 6.2831855);
  const u = Number(c0) * unit + f(unit / 2);
  const v = Number(c1) * angle + f(angle / 2);
  return f(Math.sqrt(-2 * Math.log(u)) * Math.sin(v));
}
