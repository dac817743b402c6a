/**
 * torch's CPU generator: `torch.Generator().manual_seed(seed)` and what `torch.randn` draws from it,
 * float32 and the half types bit-equal (torch 2.13, x86-64 with AVX2), float64 to 1e-15.
 */
import { toBfloat16, toFloat16 } from './halfFloat.ts';
import { MersenneTwister, type Seed } from './mersenneTwister.ts';
import { kernelValues, noiseKernel } from './noiseKernel.ts';

const block = 16;

/** One stream of standard normals; successive draws continue it. */
export class TorchGenerator {
  readonly #twister: MersenneTwister;
  /** The second value of the scalar method; it survives the block draws in between. */
  #cached: number | undefined;

  constructor(seed: Seed) {
    this.#twister = new MersenneTwister(seed);
  }

  /** torch.randn of a contiguous float32 tensor of `count` values. */
  normal(count: number): Float32Array {
    if (count < block) return this.normalScalar(count);
    const out = new Float32Array(count);
    const rest = count % block;
    this.#fillBlocks(out, 0, count - rest);
    // Uniforms of the last, incomplete block are drawn, and then replaced.
    for (let i = 0; i < rest; i++) this.#twister.next();
    if (rest > 0) this.#fillBlocks(out, count - block, count);
    return out;
  }

  /**
   * The method torch uses below 16 values, and at any size for tensors that are not contiguous
   * (filled in memory order): one value at a time in double, rounded to float32.
   */
  normalScalar(count: number): Float32Array {
    const out = new Float32Array(count);
    for (let i = 0; i < count; i++) out[i] = this.#one();
    return out;
  }

  /** torch.randn of a float16 or bfloat16 tensor, widened to float32 (torch 2.13). */
  normalHalf(count: number, type: 'float16' | 'bfloat16'): Float32Array {
    const round = type === 'float16' ? toFloat16 : toBfloat16;
    if (count < block) return this.normalScalar(count).map(round);
    const out = new Float32Array(count);
    // Unlike float32, only whole blocks are drawn before the tail.
    const rest = count % block;
    this.#fillBlocks(out, 0, count - rest);
    if (rest > 0) this.#fillBlocks(out, count - block, count);
    return out.map(round);
  }

  /** torch.randn of a contiguous float64 tensor. */
  normal64(count: number): Float64Array {
    const out = new Float64Array(count);
    if (count < block) {
      for (let i = 0; i < count; i++) out[i] = this.#one();
      return out;
    }
    for (let i = 0; i < count; i++) out[i] = this.#twister.uniform53();
    for (let i = 0; i + block <= count; i += block) boxMullerBlock64(out, i);
    if (count % block !== 0) {
      const at = count - block;
      for (let i = at; i < count; i++) out[i] = this.#twister.uniform53();
      boxMullerBlock64(out, at);
    }
    return out;
  }

  /** Draws out[from..to), a multiple of 16 values. */
  #fillBlocks(out: Float32Array, from: number, to: number): void {
    const kernel = noiseKernel();
    for (let at = from; at < to; at += kernelValues) {
      const count = Math.min(kernelValues, to - at);
      this.#twister.fillWords(kernel.words, count);
      kernel.boxMuller(count);
      out.set(kernel.values.subarray(0, count), at);
    }
  }

  #one(): number {
    if (this.#cached !== undefined) {
      const value = this.#cached;
      this.#cached = undefined;
      return value;
    }
    const u1 = this.#twister.uniform53();
    const u2 = this.#twister.uniform53();
    const radius = Math.sqrt(-2 * Math.log1p(-u2));
    const theta = 2 * Math.PI * u1;
    this.#cached = radius * Math.sin(theta);
    return radius * Math.cos(theta);
  }
}

function boxMullerBlock64(d: Float64Array, at: number): void {
  for (let i = at; i < at + 8; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - d[i]!));
    const theta = 2 * Math.PI * d[i + 8]!;
    d[i] = radius * Math.cos(theta);
    d[i + 8] = radius * Math.sin(theta);
  }
}
