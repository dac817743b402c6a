/** The CPU's shorter ways for convolutions, which only larger pictures take, against the plain operators. */
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../service/engine/graph/builder.ts';
import type { Graph, Shape, Weight } from '../../../service/engine/graph/ir.ts';
import { cpu } from '../../../service/engine/graph/lower/cpu.ts';
import { lowerGraph } from '../../../service/engine/graph/lower/lowering.ts';
import { plain } from '../../../service/engine/graph/lower/plain.ts';
import type { NetworkWeights } from '../../../service/engine/weights/types.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { runGraph } from '../../reference/runComponent.ts';
import { feedsOf, relativeError, writeNetwork } from './syntheticNetwork.ts';

const folder = temporaryFolder();

type Write = (graph: GraphBuilder, weight: (name: string) => Weight) => void;

async function graphOf(
  shapes: ReadonlyMap<string, Shape>,
  write: Write,
  repeated = true,
): Promise<Graph> {
  const weights: NetworkWeights = await writeNetwork(folder, new Map(shapes));
  const graph = new GraphBuilder('cpu', { repeated });
  write(graph, (name) => {
    const stored = weights.get(name);
    if (!stored) throw new Error(`Expected the tensor ${name}`);
    return { name, shape: stored.shape, stored };
  });
  return graph.finish();
}

/** Operators that the CPU's form of a graph holds, by name. */
function operators(graph: Graph): string {
  return Buffer.from(lowerGraph(graph, cpu, 'float32').bytes).toString('latin1');
}

async function compare(graph: Graph, allowed: number): Promise<void> {
  const feeds = feedsOf(graph);
  const [expected, found] = [
    await runGraph(graph, feeds, plain),
    await runGraph(graph, feeds, cpu),
  ];
  expect(found['y'].shape).toEqual(expected['y'].shape);
  expect(relativeError(found['y'].data, expected['y'].data)).toBeLessThan(allowed);
}

describe("Winograd's way", () => {
  const shapes = (side: readonly number[]) =>
    new Map([
      ['w.weight', side],
      ['b.bias', [side[0]]],
    ]);

  it.each([
    { height: 64, width: 64, channels: 256, out: 320, biased: true },
    { height: 48, width: 96, channels: 288, out: 256, biased: true },
    { height: 64, width: 64, channels: 256, out: 256, biased: false },
  ])('gives the plain answer: %o', async ({ height, width, channels, out, biased }) => {
    const graph = await graphOf(shapes([out, channels, 3, 3]), (g, weight) => {
      const x = g.input('x', [1, channels, height, width]);
      const bias = biased ? { bias: weight('b.bias') } : {};
      g.output('y', g.conv(x, weight('w.weight'), bias));
    });
    expect(operators(graph)).toContain('SpaceToDepth');
    await compare(graph, 3e-5);
  });

  it.each([
    ['narrow', [1, 64, 64, 64], {}, true],
    ['small', [1, 256, 32, 32], {}, true],
    ['not in whole tiles', [1, 256, 66, 64], {}, true],
    ['halved', [1, 256, 64, 64], { stride: 2 }, true],
    ['padded otherwise', [1, 256, 64, 64], { padding: [0, 0, 2, 2] }, true],
    ['in a network that runs once', [1, 256, 64, 64], {}, false],
  ] as const)('is left to others: %s', async (_, shape, options, repeated) => {
    const graph = await graphOf(
      shapes([shape[1], shape[1], 3, 3]),
      (g, weight) => g.output('y', g.conv(g.input('x', shape), weight('w.weight'), options)),
      repeated,
    );
    expect(operators(graph)).not.toContain('SpaceToDepth');
  });
});

describe('a doubling and its convolution', () => {
  it.each([true, false])('give the plain answer, with a bias: %s', async (biased) => {
    const shapes = new Map([
      ['w.weight', [12, 8, 3, 3]],
      ['b.bias', [12]],
    ]);
    const graph = await graphOf(shapes, (g, weight) => {
      const x = g.input('x', [2, 8, 16, 24]);
      g.output('y', g.doubledConv(x, weight('w.weight'), biased ? weight('b.bias') : undefined));
    });
    expect(operators(graph)).toContain('DepthToSpace');
    await compare(graph, 1e-5);
  });
});
