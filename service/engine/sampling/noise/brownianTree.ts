/**
 * Brownian motion over sigma that answers every interval consistently, so that an SDE sampler's noise
 * does not depend on the number of steps (torchsde 0.2.6 BrownianTree with tolerance 1e-6; k-diffusion
 * BrownianTreeNoiseSampler). A halving tree: each node's midpoint is drawn from a seed of its own.
 */
import type { NoiseSource } from '../types.ts';
import { createGenerator, type RandomSource } from './generator.ts';
import type { Seed } from './mersenneTwister.ts';
import { seedSequence } from './seedSequence.ts';
import { TorchGenerator } from './torchGenerator.ts';

type Values = Float32Array | Float64Array;

export interface BrownianOptions {
  readonly source: RandomSource;
  /** One tree per image, each over `size` values. */
  readonly seeds: readonly Seed[];
  /** Values of one image's latent. */
  readonly size: number;
  /** Smallest and largest non-zero sigma of the whole schedule (float32 values). */
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** Precision of the tree; float32 in the product. */
  readonly precision?: 'float32' | 'float64';
}

/** Noise source over one Brownian tree per image: `[B,...]` in one array. */
export function brownianNoise(options: BrownianOptions): NoiseSource {
  const trees = options.seeds.map((seed) => new BrownianTree(options, seed));
  return {
    next(sigma, sigmaNext) {
      const out = new Float32Array(options.size * trees.length);
      for (const [i, tree] of trees.entries()) {
        out.set(tree.noise(sigma, sigmaNext), i * options.size);
      }
      return out;
    },
  };
}

interface Node {
  readonly from: number;
  readonly to: number;
  readonly key: number;
  readonly depth: number;
  /** Increment over [from, to]. */
  readonly values: Values;
}

const poolSize = 24;
/** Two paths from the root to the finest interval fit several times. */
const cacheNodes = 128;

/** One image's Brownian motion; nodes near the last question are kept. */
export class BrownianTree {
  readonly #options: BrownianOptions;
  readonly #seed: Seed;
  readonly #sign: number;
  readonly #root: Node;
  readonly #cache = new Map<string, Node>();

  constructor(options: BrownianOptions, seed: Seed) {
    this.#options = options;
    this.#seed = seed;
    const { sigmaMin, sigmaMax } = options;
    const from = Math.min(sigmaMin, sigmaMax);
    const to = Math.max(sigmaMin, sigmaMax);
    this.#sign = sigmaMin < sigmaMax ? 1 : -1;
    const [rootSeed] = seedSequence({ entropy: seed, poolSize }, 3);
    const scale = Math.sqrt(to - from);
    const values = this.#normals(rootSeed!);
    for (let i = 0; i < values.length; i++) values[i] = values[i]! * scale;
    this.#root = { from: round6(from), to: round6(to), key: 0, depth: 0, values };
  }

  /** The increment from sigma to sigmaNext over the square root of their distance: unit normals. */
  noise(sigma: number, sigmaNext: number): Values {
    const from = this.#clamped(Math.min(sigma, sigmaNext));
    const to = this.#clamped(Math.max(sigma, sigmaNext));
    const out = this.#zeros();
    if (from < to) this.#add(this.#root, from, to, out);
    const direction = sigma < sigmaNext ? this.#sign : -this.#sign;
    // The reference keeps sigmas in float32 whatever the latent's precision.
    const divisor = Math.fround(Math.sqrt(Math.fround(Math.abs(sigmaNext - sigma))));
    for (let i = 0; i < out.length; i++) out[i] = (direction * out[i]!) / divisor;
    return out;
  }

  #clamped(time: number): number {
    return Math.min(Math.max(round6(time), this.#root.from), this.#root.to);
  }

  /** Adds the increment over [from, to], which lies inside the node, to `out`. */
  #add(node: Node, from: number, to: number, out: Values): void {
    if (from <= node.from && to >= node.to) {
      addTo(out, node.values);
      return;
    }
    const middle = round6((node.from + node.to) / 2);
    if (from < middle) this.#add(this.#left(node, middle), from, Math.min(to, middle), out);
    if (to > middle) this.#add(this.#right(node, middle), Math.max(from, middle), to, out);
  }

  /** The first half: a Brownian bridge's middle, drawn from a seed of its own. */
  #left(node: Node, middle: number): Node {
    const { from, to } = node;
    const key = node.key * 2;
    const depth = node.depth + 1;
    const known = this.#cached(depth, key);
    if (known) return known;
    const spawnKey = [node.key, node.depth];
    const [seed] = seedSequence({ entropy: this.#seed, spawnKey, poolSize }, 4);
    const values = this.#normals(seed!);
    const share = (middle - from) / (to - from);
    const deviation = Math.sqrt(((middle - from) * (to - middle)) / (to - from));
    bridge(values, node.values, share, deviation);
    return this.#kept({ from, to: middle, key, depth, values });
  }

  /** The second half: what the first one leaves. */
  #right(node: Node, middle: number): Node {
    const key = node.key * 2 + 1;
    const depth = node.depth + 1;
    const known = this.#cached(depth, key);
    if (known) return known;
    const values = difference(node.values, this.#left(node, middle).values);
    return this.#kept({ from: middle, to: node.to, key, depth, values });
  }

  #cached(depth: number, key: number): Node | undefined {
    const name = `${depth}:${key}`;
    const node = this.#cache.get(name);
    if (node) {
      this.#cache.delete(name);
      this.#cache.set(name, node);
    }
    return node;
  }

  #kept(node: Node): Node {
    this.#cache.set(`${node.depth}:${node.key}`, node);
    if (this.#cache.size > cacheNodes) {
      const [oldest] = this.#cache.keys();
      this.#cache.delete(oldest!);
    }
    return node;
  }

  #normals(seed: number): Values {
    const { precision, size, source } = this.#options;
    if (precision === 'float64') return new TorchGenerator(seed).normal64(size);
    return createGenerator(source, seed).normal(size);
  }

  #zeros(): Values {
    const { precision, size } = this.#options;
    return precision === 'float64' ? new Float64Array(size) : new Float32Array(size);
  }
}

// One loop for each precision: mixed ones run several times slower.

function addTo(sum: Values, values: Values): void {
  if (sum instanceof Float32Array) addFloats(sum, values as Float32Array);
  else for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + values[i]!;
}

function addFloats(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + values[i]!;
}

function difference(whole: Values, part: Values): Values {
  if (!(whole instanceof Float32Array)) return whole.map((value, i) => value - part[i]!);
  return floatDifference(whole, part as Float32Array);
}

function floatDifference(whole: Float32Array, part: Float32Array): Float32Array {
  const rest = new Float32Array(whole.length);
  for (let i = 0; i < rest.length; i++) rest[i] = whole[i]! - part[i]!;
  return rest;
}

/** Normals become the bridge's middle, in place: share x whole + deviation x normal. */
function bridge(normals: Values, whole: Values, share: number, deviation: number): void {
  if (normals instanceof Float32Array) {
    const scales = [Math.fround(share), Math.fround(deviation)] as const;
    bridgeFloats(normals, whole as Float32Array, ...scales);
  } else {
    for (let i = 0; i < normals.length; i++) {
      normals[i] = share * whole[i]! + deviation * normals[i]!;
    }
  }
}

function bridgeFloats(
  normals: Float32Array,
  whole: Float32Array,
  share: number,
  deviation: number,
): void {
  const f = Math.fround;
  for (let i = 0; i < normals.length; i++) {
    normals[i] = f(share * whole[i]!) + f(deviation * normals[i]!);
  }
}

/**
 * Rounded to six decimals of the exact binary value, ties to even (Python's round). Only odd
 * multiples of 1/128 can be exact ties.
 */
export function round6(value: number): number {
  const eighths = value * 128;
  if (Number.isInteger(eighths) && eighths % 2 !== 0) {
    const lower = Math.floor(value * 1e6);
    return (lower % 2 === 0 ? lower : lower + 1) / 1e6;
  }
  return Number(value.toFixed(6));
}
