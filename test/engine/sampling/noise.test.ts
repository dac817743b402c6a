import { describe, expect, it } from 'vitest';
import {
  BrownianTree,
  brownianNoise,
  round6,
} from '../../../service/engine/sampling/noise/brownianTree.ts';
import { createGenerator } from '../../../service/engine/sampling/noise/generator.ts';
import { toBfloat16, toFloat16 } from '../../../service/engine/sampling/noise/halfFloat.ts';
import { imageNoise, sharedNoise } from '../../../service/engine/sampling/noise/imageNoise.ts';
import { seedBits32 } from '../../../service/engine/sampling/noise/mersenneTwister.ts';
import { PhiloxGenerator } from '../../../service/engine/sampling/noise/philox.ts';
import { slerpColumns } from '../../../service/engine/sampling/noise/slerp.ts';
import { TorchGenerator } from '../../../service/engine/sampling/noise/torchGenerator.ts';

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
