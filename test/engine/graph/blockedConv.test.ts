/** Convolutions with kernels that are stored in blocks of channels, against the plain operators. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../service/engine/graph/builder.ts';
import type { Graph, Weight } from '../../../service/engine/graph/ir.ts';
import { cpu } from '../../../service/engine/graph/lower/cpu.ts';
import { lowerGraph } from '../../../service/engine/graph/lower/lowering.ts';
import { plain } from '../../../service/engine/graph/lower/plain.ts';
import { unetGraph } from '../../../service/engine/graph/unet.ts';
import type { WeightChanges } from '../../../service/engine/graph/weightChange.ts';
import { channelBlockOfCpu } from '../../../service/engine/networks/channelBlock.ts';
import { loadNetwork } from '../../../service/engine/runtime/network.ts';
import { float32Copy } from '../../../service/engine/weights/float32Copy.ts';
import { unetShapes } from '../../../service/engine/weights/networkShapes.ts';
import type { NetworkWeights } from '../../../service/engine/weights/types.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { feedsOf, relativeError, smallUNet, writeNetwork } from './syntheticNetwork.ts';

const folder = temporaryFolder();
let size: number | undefined;
beforeAll(async () => {
  size = await channelBlockOfCpu();
});

type Build = (weights: NetworkWeights) => Graph;

/** The copies that the CPU reads: kernels as the source has them, and in blocks. */
async function copies(
  shapes: ReadonlyMap<string, readonly number[]>,
): Promise<{ readonly whole: NetworkWeights; readonly blocked: NetworkWeights }> {
  const source = await writeNetwork(folder, new Map(shapes), 'F16');
  const cacheFolder = join(folder, 'cache');
  const names = new Set([...shapes.keys()].filter((name) => !name.startsWith('up')));
  const blocks = size === undefined ? undefined : { size, names };
  return {
    whole: await float32Copy(source, { cacheFolder }),
    blocked: await float32Copy(source, { cacheFolder, blocks }),
  };
}

async function answer(
  graph: Graph,
  lowering: typeof cpu,
  changes?: WeightChanges,
): Promise<Float32Array> {
  const { bytes, root } = lowerGraph(graph, lowering, 'float32', { changes });
  const network = await loadNetwork(bytes, { device: 'cpu', root, weightsInPlace: true });
  try {
    return Object.values(await network.run(feedsOf(graph)))[0].data;
  } finally {
    await network.dispose();
  }
}

/** How often an operator stands in the CPU's form of a graph. */
function count(graph: Graph, operator: string, changes?: WeightChanges): number {
  const { bytes } = lowerGraph(graph, cpu, 'float32', { changes });
  return Buffer.from(bytes).toString('latin1').split(`${operator}:v`).length - 1;
}

const side = 32;
const shapes = new Map([
  ['a.weight', [side, side, 3, 3]],
  ['a.bias', [side]],
  ['b.weight', [side, side, 1, 1]],
  ['c.weight', [side, side, 3, 3]],
  ['c.bias', [side]],
]);

/** Two ways that meet in a sum, then a stride of two; the first is also an output of its own. */
const build: Build = (weights) => {
  const graph = new GraphBuilder('blocks', { repeated: true });
  const weight = (name: string): Weight => {
    const stored = weights.get(name);
    if (!stored) throw new Error(`Expected ${name}`);
    return { name, shape: stored.shape, stored };
  };
  const x = graph.input('x', [2, side, 10, 6]);
  const one = graph.conv(x, weight('a.weight'), { bias: weight('a.bias') });
  const other = graph.conv(x, weight('b.weight'), { padding: [0, 0, 0, 0] });
  const options = { bias: weight('c.bias'), stride: 2, padding: [0, 0, 1, 1] } as const;
  graph.output('y', graph.conv(graph.add(one, other), weight('c.weight'), options));
  return graph.finish();
};

describe('convolutions in blocks of channels', () => {
  it('are what this processor has', () => {
    // Every x86 processor has them; where there are none, kernels stay as they are.
    if (process.arch === 'x64') expect([8, 16]).toContain(size);
    else expect([undefined, 8, 16]).toContain(size);
  });

  it('give the plain answer, and turn the picture no more often than they must', async () => {
    const { whole, blocked } = await copies(shapes);
    const expected = await answer(build(whole), plain);
    const graph = build(blocked);
    expect(relativeError(await answer(graph, cpu), expected)).toBeLessThan(1e-5);
    if (size === undefined) return;
    expect(count(graph, 'ReorderInput')).toBe(1);
    expect(count(graph, 'ReorderOutput')).toBe(1);
  });

  it('take changed kernels as other convolutions do', async () => {
    const { whole, blocked } = await copies(shapes);
    const [down, up] = ['b.weight', 'a.bias'].map((name) => {
      const stored = whole.get(name);
      if (!stored) throw new Error(`Expected ${name}`);
      return { name, stored };
    });
    // b.weight's first row times a.bias as a column.
    const first = { ...down.stored, begin: down.stored.begin, end: down.stored.begin + 4 * side };
    const change = {
      form: 'lowRank',
      up: { ...up, shape: [side, 1], stored: { ...up.stored, shape: [side, 1] } },
      down: { name: 'down', shape: [1, side], stored: { ...first, shape: [1, side] } },
    } as const;
    const changes: WeightChanges = new Map([['b.weight', [{ change, scale: 0.7, multiplier: 1 }]]]);
    const expected = await answer(build(whole), plain, changes);
    expect(relativeError(await answer(build(whole), plain), expected)).toBeGreaterThan(1e-3);
    expect(relativeError(await answer(build(blocked), cpu, changes), expected)).toBeLessThan(1e-5);
  });

  it('serve a whole UNet', async () => {
    const config = { ...smallUNet, blockOutChannels: [32, 64] };
    const { whole, blocked } = await copies(unetShapes(config));
    const options = { batch: 1, height: 8, width: 8, tokens: 7, oddSizes: 'webui' } as const;
    const graphs = [whole, blocked].map((weights) => unetGraph(weights, config, options));
    const [expected, found] = [await answer(graphs[0], plain), await answer(graphs[1], cpu)];
    expect(relativeError(found, expected)).toBeLessThan(1e-5);
    if (size !== undefined) expect(count(graphs[1], 'ReorderInput')).toBeGreaterThan(5);
  });
});
