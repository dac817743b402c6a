/** Noise: torch's generators, Philox, per-image noise, Brownian trees, seed sequences. */
import { BrownianTree } from '../../../service/engine/sampling/noise/brownianTree.ts';
import { createGenerator } from '../../../service/engine/sampling/noise/generator.ts';
import { imageNoise } from '../../../service/engine/sampling/noise/imageNoise.ts';
import type { Seed } from '../../../service/engine/sampling/noise/mersenneTwister.ts';
import { seedSequence } from '../../../service/engine/sampling/noise/seedSequence.ts';
import { TorchGenerator } from '../../../service/engine/sampling/noise/torchGenerator.ts';
import { Unsupported, type Case, type Checker } from '../case.ts';

const seedOf = (value: unknown): Seed =>
  typeof value === 'string' ? BigInt(value) : Number(value);
const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

export const check: Checker = (c) => {
  switch (c.input['generator']) {
    case 'torch-cpu':
      return Promise.resolve(torchCpu(c));
    case 'webui-nv': {
      const generator = createGenerator('nv', seedOf(c.input['seed']));
      return Promise.resolve(draws(c, (n) => generator.normal(n)));
    }
    case 'webui-image-rng':
      return Promise.resolve(imageRng(c));
    case 'brownian-tree':
      return Promise.resolve(brownian(c));
    case 'seed-sequence':
      return Promise.resolve(seedSequences(c));
    default:
      throw new Unsupported(`generator ${String(c.input['generator'])}`);
  }
};

function draws(c: Case, draw: (count: number) => ArrayLike<number>) {
  const shapes = c.input['shapes'] as number[][];
  return Object.fromEntries(shapes.map((shape, i) => [`draw${i}`, draw(sizeOf(shape))]));
}

function torchCpu(c: Case): Record<string, unknown> {
  const { dtype, seed, shape, index, memory_order: order } = c.input;
  const generator = new TorchGenerator(seedOf(seed));
  if (order === 'NHWC') return { values: fromNhwc(generator, shape as number[]) };
  if (index !== undefined) {
    const all = generator.normal(sizeOf(shape as number[]));
    return { values: Array.from(c.tensor(index).data as BigInt64Array, (i) => all[Number(i)]) };
  }
  if (dtype === 'float64') return draws(c, (n) => generator.normal64(n));
  if (dtype === 'float16' || dtype === 'bfloat16') {
    return draws(c, (n) => generator.normalHalf(n, dtype));
  }
  return draws(c, (n) => generator.normal(n));
}

/** A channels_last tensor is drawn one value at a time in memory order; read back as NCHW. */
function fromNhwc(generator: TorchGenerator, shape: readonly number[]): Float32Array {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const drawn = generator.normalScalar(sizeOf(shape));
  const out = new Float32Array(drawn.length);
  let at = 0;
  for (let b = 0; b < batch; b++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let ch = 0; ch < channels; ch++) {
          out[((b * channels + ch) * height + y) * width + x] = drawn[at++]!;
        }
      }
    }
  }
  return out;
}

function imageRng(c: Case): Record<string, unknown> {
  const i = c.input;
  const height = Math.floor(Number(i['seed_resize_from_h']) / 8);
  const width = Math.floor(Number(i['seed_resize_from_w']) / 8);
  const noise = imageNoise({
    source: i['source'] === 'NV' ? 'nv' : 'cpu',
    shape: i['shape'] as [number, number, number],
    seeds: (i['seeds'] as unknown[]).map(seedOf),
    ...(Array.isArray(i['subseeds']) ? { subseeds: i['subseeds'].map(seedOf) } : {}),
    subseedStrength: Number(i['subseed_strength']),
    ...(height > 0 && width > 0 ? { resizeFrom: { height, width } } : {}),
    etaNoiseSeedDelta: Number(i['eta_noise_seed_delta']),
  });
  return Object.fromEntries(
    Array.from({ length: Number(i['draws']) }, (_, k) => [`draw${k}`, noise.next()]),
  );
}

function brownian(c: Case): Record<string, unknown> {
  const i = c.input;
  const shape = i['shape'] as number[];
  const seed = i['seed'] ?? i['seeds'];
  const seeds = Array.isArray(seed) ? seed.map(seedOf) : [seedOf(seed)];
  const options = {
    source: String(i['draws']).toLowerCase().includes('nv') ? ('nv' as const) : ('cpu' as const),
    seeds,
    size: sizeOf(shape) / seeds.length,
    sigmaMin: Number(i['sigma_min']),
    sigmaMax: Number(i['sigma_max']),
    precision: i['dtype'] === 'float64' ? ('float64' as const) : ('float32' as const),
  };
  const trees = seeds.map((one) => new BrownianTree(options, one));
  const queries = Array.from(c.tensor(i['queries']).data, Number);
  const out: number[] = [];
  for (let q = 0; q < queries.length; q += 2) {
    for (const tree of trees) out.push(...tree.noise(queries[q]!, queries[q + 1]!));
  }
  return { noise: out };
}

function seedSequences(c: Case): Record<string, unknown> {
  const items = c.input['items'] as { entropy: unknown; spawn_key: unknown[] | null }[];
  const poolSize = Number(c.input['pool_size']);
  return {
    words: items.map((item) =>
      seedSequence(
        {
          entropy: seedOf(item.entropy),
          ...(item.spawn_key ? { spawnKey: item.spawn_key.map(seedOf) } : {}),
          poolSize,
        },
        4,
      ),
    ),
  };
}
