/**
 * Philox4x32-10 as AUTOMATIC1111's "NV" source uses it (modules/rng_philox.py): element i of call k
 * has the counter (k, 0, i, 0) and gives one value; equal to torch on CUDA for tensors that fit one
 * launch. Integer part exact, the rest in double with float32 constants, rounded once.
 */
import type { Seed } from './mersenneTwister.ts';

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const f = Math.fround;
const TO_UNIT = f(2.3283064e-10);
const TO_ANGLE = f(2.3283064e-10 * 6.2831855);
const HALF_UNIT = f(TO_UNIT / 2);
const HALF_ANGLE = f(TO_ANGLE / 2);

/** High 32 bits of the product of two unsigned 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const low = a0 * b0;
  const cross = a1 * b0 + (low >>> 16);
  const cross2 = a0 * b1 + (cross % 0x10000);
  return (a1 * b1 + Math.floor(cross / 0x10000) + Math.floor(cross2 / 0x10000)) >>> 0;
}

/** One stream; every call of normal() takes the next offset. */
export class PhiloxGenerator {
  readonly #key0: number;
  readonly #key1: number;
  #offset = 0;

  constructor(seed: Seed) {
    const bits = BigInt.asUintN(64, BigInt(typeof seed === 'number' ? Math.trunc(seed) : seed));
    this.#key0 = Number(bits & 0xffffffffn);
    this.#key1 = Number(bits >> 32n);
  }

  /** `count` standard normals as float32. */
  normal(count: number): Float32Array {
    const out = new Float32Array(count);
    for (let i = 0; i < count; i++) out[i] = this.#one(i);
    this.#offset++;
    return out;
  }

  #one(index: number): number {
    let c0 = this.#offset;
    let c1 = 0;
    let c2 = index;
    let c3 = 0;
    let k0 = this.#key0;
    let k1 = this.#key1;
    for (let round = 0; round < 10; round++) {
      const high0 = mulHigh(c0, M0);
      const low0 = Math.imul(c0, M0) >>> 0;
      const high1 = mulHigh(c2, M1);
      const low1 = Math.imul(c2, M1) >>> 0;
      c0 = (high1 ^ c1 ^ k0) >>> 0;
      c1 = low1;
      c2 = (high0 ^ c3 ^ k1) >>> 0;
      c3 = low0;
      k0 = (k0 + W0) >>> 0;
      k1 = (k1 + W1) >>> 0;
    }
    const u = c0 * TO_UNIT + HALF_UNIT;
    const v = c1 * TO_ANGLE + HALF_ANGLE;
    return Math.sqrt(-2 * Math.log(u)) * Math.sin(v);
  }
}
