import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../service/engine/graph/builder.ts';
import type { Weight } from '../../../service/engine/graph/ir.ts';

function weightOf(shape: readonly number[]): Weight {
  const stored = { file: '/w', dtype: 'F32', shape, begin: 0, end: 0 } as const;
  return { name: `w${shape.join('x')}`, shape, stored };
}

describe('GraphBuilder', () => {
  it('tracks the shapes of convolutions with stride and padding', () => {
    const graph = new GraphBuilder('test');
    const x = graph.input('x', [2, 3, 9, 13]);
    const kernel = weightOf([8, 3, 3, 3]);
    expect(graph.conv(x, kernel).shape).toEqual([2, 8, 9, 13]);
    expect(graph.conv(x, kernel, { stride: 2 }).shape).toEqual([2, 8, 5, 7]);
    expect(graph.conv(x, kernel, { stride: 2, padding: [0, 0, 1, 1] }).shape).toEqual([2, 8, 4, 6]);
  });

  it('does nothing for a reshape or a resize to the shape a value has', () => {
    const graph = new GraphBuilder('test');
    const x = graph.input('x', [1, 2, 3, 4]);
    expect(graph.reshape(x, [1, 2, 3, 4])).toBe(x);
    expect(graph.resize(x, 3, 4)).toBe(x);
  });

  const mistakes: Record<string, (graph: GraphBuilder) => unknown> = {
    'a matrix of another width': (g) => g.linear(g.input('x', [1, 7]), weightOf([4, 8])),
    'a bias of another length': (g) =>
      g.linear(g.input('x', [1, 8]), weightOf([4, 8]), weightOf([5])),
    'channels that do not divide into groups': (g) =>
      g.groupNorm(g.input('x', [1, 6, 2, 2]), weightOf([6]), weightOf([6]), {
        groups: 4,
        epsilon: 1e-5,
      }),
    'keys of another batch': (g) => {
      const key = g.input('k', [2, 5, 8]);
      return g.attention(g.input('q', [1, 5, 8]), key, key, { heads: 2 });
    },
    'summands that do not stretch': (g) => g.add(g.input('a', [1, 4]), g.input('b', [1, 3])),
    'parts that differ beside the joined axis': (g) =>
      g.concat([g.input('a', [1, 4, 2, 2]), g.input('b', [1, 4, 3, 2])], 1),
    'a slice beyond the end': (g) => g.slice(g.input('x', [1, 4]), 1, 2, 5),
    'a reshape that loses values': (g) => g.reshape(g.input('x', [2, 3]), [2, 4]),
    'a transpose that names an axis twice': (g) => g.transpose(g.input('x', [2, 3]), [1, 1]),
    'an empty side': (g) => g.input('x', [1, 0, 8, 8]),
    'a graph without outputs': (g) => g.finish(),
  };
  it.each(Object.entries(mistakes))('refuses %s', (_, mistake) => {
    expect(() => mistake(new GraphBuilder('test'))).toThrow(RangeError);
  });
});
