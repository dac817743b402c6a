import { describe, expect, it } from 'vitest';
import { blockWeightsOf } from '../../../service/engine/prompt/blockWeights.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const of = (count: number, family: string) => blockWeightsOf(numbers(count).join(','), family);

describe('block weights', () => {
  it('stand in the order of their form, and blocks without a number count nothing', () => {
    expect(of(26, 'sd1')).toEqual(numbers(26));
    const sd = of(17, 'sd1');
    // Text, IN01, IN02, IN04, IN05, IN07, IN08, middle, OUT03 to OUT11.
    expect(sd?.map((value, i) => [i, value]).filter(([, value]) => value !== 0)).toEqual(
      [0, 2, 3, 5, 6, 8, 9, 13, 17, 18, 19, 20, 21, 22, 23, 24, 25].map((at, i) => [at, i + 1]),
    );
    expect(of(12, 'sdxl')).toEqual([
      1, 0, 0, 0, 0, 2, 3, 0, 4, 5, 0, 0, 0, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0, 0, 0,
    ]);
    expect(of(20, 'sdxl')?.slice(0, 11)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0]);
  });

  it('have names', () => {
    expect(blockWeightsOf('OUTS', 'sd2')).toEqual(
      blockWeightsOf('1,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1', 'sd2'),
    );
    expect(new Set(blockWeightsOf(' all0.5 ', 'sdxl'))).toEqual(new Set([0.5]));
    expect(new Set(blockWeightsOf('none', 'sd1'))).toEqual(new Set([0]));
  });

  it.each([
    ['', 'sd1'],
    ['MIDDLE', 'sd1'],
    ['INS', 'sdxl'],
    [numbers(17).join(','), 'sdxl'],
    [numbers(12).join(','), 'sd1'],
    [`${numbers(16).join(',')},R`, 'sd1'],
    [`${numbers(16).join(',')},1e999`, 'sd1'],
    [`${numbers(16).join(',')},`, 'sd1'],
    ['1,'.repeat(200_000), 'sd1'],
    ['__proto__', 'sd1'],
  ])('are not %.30s of %s', (text, family) => {
    expect(blockWeightsOf(text, family)).toBeUndefined();
  });
});
