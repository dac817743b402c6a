import { describe, expect, it } from 'vitest';
import { pipelineOptions } from '../../service/engine/plan/pipelineOptions.ts';
import { runNoise } from '../../service/engine/runNoise.ts';
import { samplerOptionsOf } from '../../service/engine/samplerOptions.ts';
import { createGenerator } from '../../service/engine/sampling/noise/generator.ts';
import { imageNoise } from '../../service/engine/sampling/noise/imageNoise.ts';
import { variantSeeds } from '../../service/engine/variantSeeds.ts';
import { inpaintRequest } from '../fakes/session.ts';

const shape = [1, 4, 8, 8] as const;
const request = { sampler: 'Euler a' } as const;
const one = [4, 8, 8] as const;

describe('the seeds of variants', () => {
  it('count up, or keep the seed and count the variation up', () => {
    expect(variantSeeds(inpaintRequest, 2)).toEqual({ seed: 7, variation: undefined });
    const varied = { ...inpaintRequest, variation: { seed: 100, strength: 0.2 } };
    expect(variantSeeds(varied, 2)).toEqual({
      seed: 5,
      variation: { seed: 102, strength: 0.2 },
    });
    const off = { ...inpaintRequest, variation: { seed: 100, strength: 0 } };
    expect(variantSeeds(off, 2)).toEqual({ seed: 7, variation: undefined });
  });
});

describe.each(['pentimento', 'a1111', 'diffusers'] as const)(
  'the noise of a run (%s)',
  (dialect) => {
    const options = pipelineOptions(dialect);
    const draw = (variation: { seed: number; strength: number } | undefined, seed = 5) =>
      runNoise(request, options, shape, { seed, variation }).noise;

    it('is the seed’s own without a variation, and the other seed’s at strength 1', () => {
      expect(draw(undefined).next()).toEqual(createGenerator('cpu', 5).normal(256));
      const other = createGenerator('cpu', 9).normal(256);
      const full = draw({ seed: 9, strength: 1 }).next();
      for (const [i, value] of full.entries()) expect(value).toBeCloseTo(other[i] ?? 0, 5);
    });

    it('moves with the strength, and only at the start', () => {
      const distance = (strength: number) => {
        const noise = draw({ seed: 9, strength });
        const own = createGenerator('cpu', 5).normal(256);
        return noise.next().reduce((sum, value, i) => sum + Math.abs(value - (own[i] ?? 0)), 0);
      };
      const near = distance(0.1);
      expect(near).toBeGreaterThan(0);
      expect(distance(0.5)).toBeGreaterThan(near * 2);
      const plain = draw(undefined);
      const varied = draw({ seed: 9, strength: 0.5 });
      expect(varied.next()).not.toEqual(plain.next());
      expect(varied.next()).toEqual(plain.next());
    });

    it('comes from NVIDIA’s generator when asked', () => {
      const noise = runNoise({ ...request, noiseSource: 'nv' }, options, shape, {
        seed: 5,
        variation: undefined,
      }).noise;
      expect(noise.next()).toEqual(createGenerator('nv', 5).normal(256));
    });
  },
);

describe('AUTOMATIC1111’s seed options', () => {
  const options = pipelineOptions('a1111');
  const seeds = { seed: 5, variation: undefined };

  it('shift the seed of step noise, for samplers that have it', () => {
    const drawn = (sampler: string) => {
      const { noise } = runNoise({ sampler, etaNoiseSeedDelta: 31337 }, options, shape, seeds);
      noise.next();
      return noise.next();
    };
    const plain = runNoise(request, options, shape, seeds).noise;
    plain.next();
    const following = plain.next();
    expect(drawn('Euler a')).toEqual(createGenerator('cpu', 5 + 31337).normal(256));
    expect(drawn('DDIM')).toEqual(following);
  });

  it('keep the composition of another size', () => {
    const advanced = { seedSize: { width: 32, height: 32 } };
    const { noise } = runNoise({ ...request, advanced }, options, shape, seeds);
    const resizeFrom = { width: 4, height: 4 };
    const expected = imageNoise({ source: 'cpu', shape: one, seeds: [5], resizeFrom }).next();
    expect(noise.next()).toEqual(expected);
    expect(expected).not.toEqual(createGenerator('cpu', 5).normal(256));
  });
});

describe('sampler options', () => {
  it('are only those that are set; a largest sigma of 0 is no limit', () => {
    expect(samplerOptionsOf({})).toEqual({});
    expect(samplerOptionsOf({ eta: 0, sChurn: 0, sTmax: 0 })).toEqual({ eta: 0, sChurn: 0 });
    const all = { eta: 0.5, sChurn: 3, sTmin: 0.1, sTmax: 8, sNoise: 1.1 };
    expect(samplerOptionsOf(all)).toEqual(all);
  });
});
