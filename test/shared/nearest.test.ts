import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearestNames } from '../../shared/nearest.ts';
import { processorMs } from '../fixtures/processorMs.ts';

const samplers = ['Euler', 'Euler a', 'DPM++ 2M', 'DPM++ 2M SDE', 'DDIM', 'Heun'];

describe('the names somebody probably meant', () => {
  it.each([
    ['euler_a', 'Euler a'],
    ['Eulr', 'Euler'],
    ['dpmpp 2m', 'DPM++ 2M'],
    ['DPM 2M', 'DPM++ 2M'],
    ['dimm', 'DDIM'],
    ['heum', 'Heun'],
  ])('%s -> %s', (name, wanted) => {
    expect(nearestNames(name, samplers)[0]).toBe(wanted);
  });

  it('part of a long name is enough, nothing alike gives nothing', () => {
    const models = ['photon_v1', 'dreamshaper_8-inpainting', 'v1-5-pruned-emaonly'];
    expect(nearestNames('dreamshaper', models)).toEqual(['dreamshaper_8-inpainting']);
    expect(nearestNames('inpainting', models)).toEqual(['dreamshaper_8-inpainting']);
    expect(nearestNames('qqqqqqq', models)).toEqual([]);
    expect(nearestNames('', models)).toEqual([]);
    expect(nearestNames('!!!', models)).toEqual([]);
  });

  it('gives at most as many as asked for, each once', () => {
    expect(nearestNames('Euler', ['euler1', 'euler2', 'euler2', 'euler3', 'euler4'], 2)).toEqual([
      'euler1',
      'euler2',
    ]);
  });

  it('is quick on a name of a hundred thousand letters', async () => {
    const long = 'x'.repeat(100_000);
    expect(await processorMs(() => nearestNames(long, samplers))).toBeLessThan(500);
  });
});

describe('edit distance', () => {
  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', '', 3],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
  ])('%s %s', (a, b, wanted) => {
    expect(editDistance(a, b)).toBe(wanted);
  });

  it('is symmetric and bounded, and the limit only cuts off', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 12 }),
        fc.string({ maxLength: 12 }),
        fc.nat(12),
        (a, b, limit) => {
          const distance = editDistance(a, b);
          expect(editDistance(b, a)).toBe(distance);
          expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
          expect(distance === 0).toBe(a === b);
          expect(editDistance(a, b, limit)).toBe(distance <= limit ? distance : limit + 1);
        },
      ),
    );
  });
});
