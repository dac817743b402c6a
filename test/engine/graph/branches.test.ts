/** Low-rank changes that come with a run: the same as in the weights, and nothing where there are none. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../service/engine/graph/builder.ts';
import type { Graph, Weight } from '../../../service/engine/graph/ir.ts';
import { cpu } from '../../../service/engine/graph/lower/cpu.ts';
import { fused } from '../../../service/engine/graph/lower/fused.ts';
import { lowerGraph } from '../../../service/engine/graph/lower/lowering.ts';
import { plain } from '../../../service/engine/graph/lower/plain.ts';
import { webgpu } from '../../../service/engine/graph/lower/webgpu.ts';
import type { LowRank, WeightChange } from '../../../service/engine/graph/weightChange.ts';
import { layerMatrices, splitChanges } from '../../../service/engine/networks/branchFeeds.ts';
import { sizeOfShape } from '../../../service/engine/tensor.ts';
import { readSafetensors } from '../../../service/engine/weights/safetensors.ts';
import { safetensorsFile } from '../../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { runBranched, runGraph } from '../../reference/runComponent.ts';
import { feedsOf, relativeError, wave } from './syntheticNetwork.ts';

const shapes: Readonly<Record<string, readonly number[]>> = {
  matrix: [24, 16],
  bias: [24],
  gate: [64, 24],
  gateBias: [64],
  bare: [16, 32],
  down: [5, 16],
  up: [24, 5],
  gateDown: [3, 24],
  gateUp: [64, 3],
  wideDown: [12, 16],
  wideUp: [24, 12],
};
const lowerings = { plain, fused, cpu };

let weights: ReadonlyMap<string, Weight>;
beforeAll(async () => {
  const path = join(temporaryFolder(), 'weights.safetensors');
  const tensors = Object.entries(shapes).map(([name, shape], at) => {
    const data = wave(sizeOfShape(shape) + at).subarray(at);
    return [name, { dtype: 'F32', shape, data }] as const;
  });
  writeFileSync(path, safetensorsFile(new Map(tensors)));
  const { tensors: stored } = await readSafetensors(path);
  weights = new Map([...stored].map(([name, at]) => [name, { name, shape: at.shape, stored: at }]));
});

const weight = (name: string): Weight => weights.get(name) ?? expect.fail(`No ${name}`);

/** A layer with a bias, a gated one and one without a bias, over pictures of tokens. */
function layers(): Graph {
  const graph = new GraphBuilder('layers');
  const h = graph.linear(graph.input('x', [2, 9, 16]), weight('matrix'), weight('bias'));
  const gated = graph.geglu(h, weight('gate'), weight('gateBias'));
  graph.output('y', graph.linear(gated, weight('bare')));
  return graph.finish();
}

function change(up: string, down: string, more: Partial<LowRank> = {}): WeightChange {
  const form: LowRank = { form: 'lowRank', up: weight(up), down: weight(down), ...more };
  return { change: form, scale: 0.3, multiplier: -0.7 };
}

describe.each(Object.entries(lowerings))('branches, %s', (_name, lowering) => {
  it('change not a bit where nothing is to be changed', async () => {
    const graph = layers();
    const expected = await runGraph(graph, feedsOf(graph), lowering);
    const found = await runBranched(graph, feedsOf(graph), lowering, new Map());
    expect(found['y'].data).toEqual(expected['y'].data);
  });

  it('give what changed weights give, some layers changed and some not', async () => {
    const graph = layers();
    const changes = new Map([
      ['matrix', [change('up', 'down'), change('up', 'down', { first: 2 })]],
      ['gate', [change('gateUp', 'gateDown')]],
    ]);
    const unchanged = await runGraph(graph, feedsOf(graph), lowering);
    const merged = await runGraph(graph, feedsOf(graph), lowering, changes);
    const found = await runBranched(graph, feedsOf(graph), lowering, changes);
    expect(relativeError(found['y'].data, merged['y'].data)).toBeLessThan(2e-6);
    expect(relativeError(found['y'].data, unchanged['y'].data)).toBeGreaterThan(0.01);
  });
});

describe('branches', () => {
  it('are part of every lowering, and only where they are asked for', () => {
    for (const lowering of [plain, fused, cpu, webgpu]) {
      const { branches, bytes } = lowerGraph(layers(), lowering, 'float32', { branched: true });
      expect(branches.map(({ name }) => name)).toEqual(['matrix', 'gate', 'bare']);
      expect(Buffer.from(bytes).toString('latin1')).toContain('gate.down');
      expect(lowerGraph(layers(), lowering, 'float32').branches).toEqual([]);
    }
  });

  it('are for plain low-rank changes of layers, up to what the layer itself costs', () => {
    const matrices = layerMatrices(layers());
    expect([...matrices.keys()]).toEqual(['matrix', 'gate', 'bare']);
    const magnitude = { values: weight('bias'), per: 'out' } as const;
    const merged = (name: string, ...list: WeightChange[]) =>
      splitChanges(new Map([[name, list]]), matrices).merged.has(name);
    expect(merged('matrix', change('up', 'down'))).toBe(false);
    expect(merged('matrix', change('wideUp', 'wideDown'))).toBe(true);
    expect(merged('matrix', change('wideUp', 'wideDown', { first: 4 }))).toBe(false);
    expect(merged('matrix', change('up', 'down'), change('up', 'down'))).toBe(true);
    expect(merged('matrix', { ...change('up', 'down'), magnitude })).toBe(true);
    expect(merged('bias', change('up', 'down'))).toBe(true);
    const whole = { form: 'difference', values: weight('matrix') } as const;
    expect(merged('matrix', { change: whole, scale: 1, multiplier: 1 })).toBe(true);
  });
});
