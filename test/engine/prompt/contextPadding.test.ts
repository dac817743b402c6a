import { describe, expect, it } from 'vitest';
import { padContexts } from '../../../service/engine/prompt/contextPadding.ts';
import type { Tensor } from '../../../service/engine/tensor.ts';

/** Two values a token: its number and the text's. */
function context(text: number, tokens: number): Tensor {
  const data = Float32Array.from({ length: tokens * 2 }, (_, i) => (i % 2 ? text : i / 2));
  return { data, shape: [1, tokens, 2] };
}
const short = context(1, 2);
const long = context(2, 6);
const empty = context(9, 2);
const rows = ({ data }: Tensor) =>
  Array.from({ length: data.length / 2 }, (_, i) => [data[2 * i], data[2 * i + 1]]);
const emptyRows = [
  [0, 9],
  [1, 9],
];

describe('prompt and what to avoid', () => {
  it('keep their lengths unless asked', () => {
    const both = { positive: [long], negative: short };
    expect(padContexts(both, 'none', undefined)).toEqual(both);
  });

  it('are left alone where they are of one length', () => {
    const both = { positive: [long, long], negative: context(3, 6) };
    expect(padContexts(both, 'empty', empty)).toEqual(both);
    expect(padContexts(both, 'last', undefined)).toEqual(both);
  });

  it('are continued with an empty prompt, whichever is shorter', () => {
    const avoid = padContexts({ positive: [long], negative: short }, 'empty', empty);
    expect(avoid.positive).toEqual([long]);
    expect(avoid.negative.shape).toEqual([1, 6, 2]);
    expect(rows(avoid.negative)).toEqual([...rows(short), ...emptyRows, ...emptyRows]);
    const prompt = padContexts({ positive: [short, short], negative: long }, 'empty', empty);
    expect(prompt.negative).toEqual(long);
    for (const part of prompt.positive) {
      expect(rows(part)).toEqual([...rows(short), ...emptyRows, ...emptyRows]);
    }
  });

  it('get the last vector again, or are cut', () => {
    const longer = padContexts({ positive: [long], negative: short }, 'last', undefined);
    expect(rows(longer.negative)).toEqual([...rows(short), ...Array(4).fill([1, 1])]);
    const cut = padContexts({ positive: [short], negative: long }, 'last', undefined);
    expect(rows(cut.negative)).toEqual(rows(long).slice(0, 2));
    expect(cut.negative.shape).toEqual([1, 2, 2]);
    expect(cut.positive).toEqual([short]);
  });
});
