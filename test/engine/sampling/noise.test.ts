import { describe, expect, it } from 'vitest';
import {
  BrownianTree,
  brownianNoise,
  round6,
} from '../../../service/engine/sampling/noise/brownianTree.ts';
import { createGenerator } from '../../../service/engine/sampling/noise/generator.ts';
import { toBfloat16, toFloat16 } from '../../../service/engine/sampling/noise/halfFloat.ts';
import { imageNoise, sharedNoise } from '../../../service/engine/sampling/noise/imageNoise.ts';
import {
  MersenneTwister,
  seedBits32,
} from '../../../service/engine/sampling/noise/mersenneTwister.ts';
import { kernelValues, noiseKernel } from '../../../service/engine/sampling/noise/noiseKernel.ts';
import { PhiloxGenerator } from '../../../service/engine/sampling/noise/philox.ts';
import { slerpColumns } from '../../../service/engine/sampling/noise/slerp.ts';
import { TorchGenerator } from '../../../service/engine/sampling/noise/torchGenerator.ts';
import { boxMullerBlock, philoxValue } from './noiseRecipes.ts';

const rounded = (values: Float32Array) => Array.from(values, (v) => Number(v.toFixed(4)));

describe('torch generator', () => {
  it('draws what torch.randn draws, below and from 16 values', () => {
    expect(rounded(new TorchGenerator(0).normal(4))).toEqual([1.541, -0.2934, -2.1788, 0.5684]);
    expect(rounded(new TorchGenerator(0).normal(16)).slice(0, 6)).toEqual([
      -1.1258, -1.1524, -0.2506, -0.4339, 0.8487, 0.692,
    ]);
  });

  it('keeps its second value over block draws in between', () => {
    const one = new TorchGenerator(5);
    const first = one.normal(1)[0];
    one.normal(32);
    const second = one.normal(1)[0];
    expect([first, second]).toEqual(Array.from(new TorchGenerator(5).normal(2)));
  });

  it('counts only the low 32 bits of a seed, negative ones as two’s complement', () => {
    expect(seedBits32(2 ** 32 + 5)).toBe(5);
    expect(seedBits32(-1)).toBe(0xffffffff);
    expect(seedBits32(-1n)).toBe(0xffffffff);
    expect(seedBits32(Number.NaN)).toBe(0);
    expect(new TorchGenerator(2 ** 32 + 5).normal(20)).toEqual(new TorchGenerator(5).normal(20));
  });

  it('gives unit normals of every size', () => {
    for (const size of [0, 1, 15, 16, 17, 31, 100, 4097]) {
      expect(new TorchGenerator(size).normal(size)).toHaveLength(size);
    }
    const many = new TorchGenerator(3).normal(200_000);
    const mean = many.reduce((a, b) => a + b, 0) / many.length;
    const variance = many.reduce((a, b) => a + b * b, 0) / many.length;
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1)).toBeLessThan(0.01);
    expect(many.every(Number.isFinite)).toBe(true);
  });
});

describe('Mersenne Twister', () => {
  it('gives the published numbers of its standard seed', () => {
    const twister = new MersenneTwister(5489);
    const words = Array.from({ length: 10_000 }, () => twister.next());
    expect(words.slice(0, 3)).toEqual([3_499_211_612, 581_869_302, 3_890_346_734]);
    expect(words.at(-1)).toBe(4_123_659_995);
  });

  it('goes on where it was, however many words are taken at once', () => {
    const whole = new MersenneTwister(7);
    const parts = new MersenneTwister(7);
    for (const count of [1, 0, 623, 624, 3, 1300, 5]) {
      const words = new Int32Array(count);
      parts.fillWords(words, count);
      expect(Array.from(words, (word) => word >>> 0)).toEqual(
        Array.from({ length: count }, () => whole.next()),
      );
    }
  });
});

describe('vector arithmetic', () => {
  /** torch.randn by the recipe: whole blocks, then the last 16 values once more. */
  function drawn(seed: number, count: number): Float32Array {
    const twister = new MersenneTwister(seed);
    const uniform = () => (twister.next() & 0xffffff) * 2 ** -24;
    const out = Float32Array.from({ length: count }, uniform);
    for (let i = 0; i + 16 <= count; i += 16) boxMullerBlock(out, i);
    if (count % 16 !== 0) {
      for (let i = count - 16; i < count; i++) out[i] = uniform();
      boxMullerBlock(out, count - 16);
    }
    return out;
  }
  const differing = (a: Float32Array, b: ArrayLike<number>) => {
    let count = Math.abs(a.length - b.length);
    for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) count++;
    return count;
  };

  it('equals the recipe of torch’s normals bit for bit, signs of zeros too', () => {
    const sizes = [16, 17, 31, 624, kernelValues, kernelValues + 5, 2 * kernelValues + 16, 300_001];
    for (const [seed, size] of sizes.entries()) {
      expect(differing(new TorchGenerator(seed).normal(size), drawn(seed, size))).toBe(0);
    }
  });

  it('equals it for the smallest and largest uniforms and where the polynomials change', () => {
    const least = 2 ** -24;
    const edges = [
      0,
      least,
      2 * least,
      0.5 - least,
      0.5,
      1 - Math.SQRT1_2,
      1 - 2 * least,
      1 - least,
    ];
    const angles = Array.from({ length: 33 }, (_, i) => Math.min(i / 32, 1 - least));
    const blocks = edges.flatMap((u) =>
      angles.flatMap((v) =>
        [-least, 0, least].map((shift) => {
          const angle = Math.min(1 - least, Math.max(0, v + shift));
          return Float32Array.from({ length: 16 }, (_, i) => (i < 8 ? u : angle));
        }),
      ),
    );
    const kernel = noiseKernel();
    for (const block of blocks) {
      // Words of which only the lower 24 bits count.
      kernel.words.set(Array.from(block, (value) => value * 2 ** 24 - 2 ** 31));
      kernel.boxMuller(16);
      const computed = kernel.values.slice(0, 16);
      boxMullerBlock(block, 0);
      expect(differing(computed, block)).toBe(0);
    }
  });

  it('equals the recipe of CUDA’s normals', () => {
    for (const seed of [0n, 1n, 2n ** 32n - 1n, 123_456_789_012_345n, 2n ** 64n - 1n]) {
      const generator = new PhiloxGenerator(seed);
      for (const [call, size] of [5, 0, kernelValues + 3].entries()) {
        const recipe = Array.from({ length: size }, (_, i) => philoxValue(seed, call, i));
        expect(differing(generator.normal(size), recipe)).toBe(0);
      }
    }
  });
});

describe('half types', () => {
  it('round to nearest, ties to even', () => {
    expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 65520, 2 ** -25, -0.1].map(toFloat16)).toEqual([
      1,
      1 + 2 ** -9,
      Infinity,
      0,
      -0.0999755859375,
    ]);
    expect(toBfloat16(1 + 2 ** -8)).toBe(1);
    expect(toBfloat16(1 + 3 * 2 ** -8)).toBe(1 + 2 ** -6);
  });
});

describe('Philox', () => {
  it('draws what CUDA draws', () => {
    expect(rounded(new PhiloxGenerator(0).normal(4))).toEqual([-0.9247, -0.4253, -2.6438, 0.1452]);
  });
});

describe('noise for a batch', () => {
  const shape = [4, 8, 8] as const;
  for (const source of ['cpu', 'nv'] as const) {
    it(`gives every image the noise it has alone (${source})`, () => {
      const options = { source, shape, subseeds: [9, 10, 11], subseedStrength: 0.2 };
      const batch = imageNoise({ ...options, seeds: [1, 2, 3] });
      const alone = [1, 2, 3].map((seed, i) =>
        imageNoise({ ...options, seeds: [seed], subseeds: [9 + i] }),
      );
      for (let draw = 0; draw < 3; draw++) {
        const all = batch.next();
        const size = all.length / 3;
        for (const [i, one] of alone.entries()) {
          expect(one.next()).toEqual(all.slice(i * size, (i + 1) * size));
        }
      }
    });
  }

  it('draws a shared batch in one piece', () => {
    const noise = sharedNoise(createGenerator('cpu', 7), 40);
    const whole = new TorchGenerator(7);
    expect(noise.next()).toEqual(whole.normal(40));
    expect(noise.next()).toEqual(whole.normal(40));
  });

  it('changes only later draws with a seed delta', () => {
    const plain = imageNoise({ source: 'cpu', shape, seeds: [1] });
    const delta = imageNoise({ source: 'cpu', shape, seeds: [1], etaNoiseSeedDelta: 31337 });
    expect(delta.next()).toEqual(plain.next());
    expect(delta.next()).not.toEqual(plain.next());
  });

  it('keeps the ends of a variation', () => {
    const low = new TorchGenerator(1).normal(96);
    const high = new TorchGenerator(2).normal(96);
    const near = (a: Float32Array, b: Float32Array) =>
      a.every((value, i) => Math.abs(value - b[i]!) < 1e-5);
    expect(near(slerpColumns(low, high, 0, [4, 6, 4]), low)).toBe(true);
    expect(near(slerpColumns(low, high, 1, [4, 6, 4]), high)).toBe(true);
  });
});

describe('Brownian tree', () => {
  const options = { source: 'cpu', seeds: [4], size: 32, sigmaMin: 0.03, sigmaMax: 14.6 } as const;

  it('answers an interval as the sum of its parts, in any order of questions', () => {
    const tree = new BrownianTree(options, 4);
    const part = (a: number, b: number) =>
      Array.from(tree.noise(a, b), (v) => v * Math.sqrt(Math.abs(b - a)));
    const parts = [part(9, 4), part(4, 1.5)];
    const whole = part(9, 1.5);
    for (const [i, value] of whole.entries()) {
      expect(value).toBeCloseTo(parts[0]![i]! + parts[1]![i]!, 4);
    }
    expect(new BrownianTree(options, 4).noise(4, 1.5)).toEqual(tree.noise(4, 1.5));
  });

  it('gives every image a tree of its own', () => {
    const batch = brownianNoise({ ...options, seeds: [4, 5] }).next(3, 2);
    expect(batch.slice(0, 32)).toEqual(brownianNoise(options).next(3, 2));
    expect(batch.slice(32)).toEqual(brownianNoise({ ...options, seeds: [5] }).next(3, 2));
  });

  it('rounds times to six decimals, ties to even', () => {
    expect(round6(0.5 / 128)).toBe(0.003906);
    expect(round6(1 / 128)).toBe(0.007812);
    expect(round6(3 / 128)).toBe(0.023438);
    expect(round6(14.6146419)).toBe(14.614642);
  });
});
