/** A case's network, written to a real file from its manifest and run by the engine's own graphs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClipTextSize } from '../../service/engine/graph/clipText.ts';
import type { Graph } from '../../service/engine/graph/ir.ts';
import { cpu } from '../../service/engine/graph/lower/cpu.ts';
import {
  lowerGraph,
  type LoweredModel,
  type Lowering,
} from '../../service/engine/graph/lower/lowering.ts';
import type { WeightChanges } from '../../service/engine/graph/weightChange.ts';
import {
  branchFeeds,
  layerMatrices,
  splitChanges,
} from '../../service/engine/networks/branchFeeds.ts';
import { conditionFeeds } from '../../service/engine/networks/conditionFeeds.ts';
import { loadNetwork, type Feeds } from '../../service/engine/runtime/network.ts';
import { tensor, type Tensor } from '../../service/engine/tensor.ts';
import { readSafetensors } from '../../service/engine/weights/safetensors.ts';
import type { Tensors } from '../../service/engine/weights/tensorSource.ts';
import type { UNetConfig } from '../../service/engine/weights/types.ts';
import { readManifest } from '../fixtures/manifest.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { Unsupported, type Case } from './case.ts';

export interface Component {
  readonly tensors: Tensors;
  /** The component's config.json. */
  readonly json: unknown;
}

/** Writes the manifest's tensors as float32, hands them to `work` and deletes them. */
export async function withComponent<T>(
  manifest: string,
  seed: number,
  work: (component: Component) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'pentimento-case-'));
  try {
    const out = join(folder, 'model.safetensors');
    await writeModel({ manifest, out, seed, dtype: 'F32' });
    const { tensors } = await readSafetensors(out);
    return await work({ tensors, json: readManifest(manifest).config });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As withComponent, for the manifest and seed a case names. */
export function withCaseComponent<T>(
  c: Case,
  work: (component: Component) => Promise<T>,
): Promise<T> {
  return withComponent(join(c.root, String(c.input['manifest'])), Number(c.input['seed']), work);
}

/** One run of a graph on the CPU. */
export async function runGraph(
  graph: Graph,
  feeds: Feeds,
  lowering: Lowering = cpu,
  changes?: WeightChanges,
): Promise<Record<string, Tensor>> {
  const { bytes, root } = lowerGraph(graph, lowering, 'float32', { changes });
  return loadAndRun({ bytes, root }, feeds);
}

/** As runGraph, with every change that can come with the run coming with it. */
export async function runBranched(
  graph: Graph,
  feeds: Feeds,
  lowering: Lowering,
  changes: WeightChanges,
): Promise<Record<string, Tensor>> {
  const matrices = layerMatrices(graph);
  const { merged, branches } = splitChanges(changes, matrices);
  const options = { changes: merged, branched: true };
  const { bytes, root } = lowerGraph(graph, lowering, 'float32', options);
  return loadAndRun({ bytes, root }, { ...feeds, ...(await branchFeeds(branches, matrices)) });
}

async function loadAndRun(
  { bytes, root }: Pick<LoweredModel, 'bytes' | 'root'>,
  feeds: Feeds,
): Promise<Record<string, Tensor>> {
  const network = await loadNetwork(bytes, { device: 'cpu', root });
  try {
    return await network.run(feeds);
  } finally {
    await network.dispose();
  }
}

/** A float32 tensor of the case. */
export function realTensor(c: Case, reference: unknown): Tensor {
  const { data, shape } = c.tensor(reference);
  if (!(data instanceof Float32Array)) throw new TypeError('Expected a float32 tensor');
  return tensor(data, shape);
}

/** [B,C1,h,w], [B,C2,h,w], ... of the case, those that it has, as one [B,C1+C2+...,h,w]. */
export function joinedChannels(c: Case, names: readonly string[]): Tensor {
  const parts = names
    .filter((name) => c.input[name] !== undefined)
    .map((name) => realTensor(c, c.input[name]));
  const [batch, , height, width] = parts[0].shape;
  const channels = parts.reduce((sum, { shape }) => sum + shape[1], 0);
  const joined = new Float32Array(batch * channels * height * width);
  let at = 0;
  for (let item = 0; item < batch; item++) {
    for (const { data } of parts) {
      const size = data.length / batch;
      joined.set(data.subarray(item * size, (item + 1) * size), at);
      at += size;
    }
  }
  return tensor(joined, [batch, channels, height, width]);
}

/** What a case tells a UNet or ControlNet besides the picture, as its graph takes it. */
export function caseConditions(c: Case, config: UNetConfig): Record<string, Tensor> {
  const sizes = c.input['time_ids'] as number[][] | undefined;
  const context = realTensor(c, c.input['context']);
  return conditionFeeds(config, Float32Array.from(c.input['timesteps'] as number[]), {
    ...context,
    ...(sizes && {
      pooled: realTensor(c, c.input['text_embeds']),
      sizes: tensor(Float32Array.from(sizes.flat()), [sizes.length, sizes[0].length]),
    }),
  });
}

/** 'skip2' is clip skip 2; 'last' runs every layer; 'penultimate' and 'penultimate_2' stop before, without the norm. */
export function textStateOf(name: string): Omit<ClipTextSize, 'batch'> {
  if (name === 'last' || name === 'pooled') return { layersLeftOut: 0, normed: true };
  const skip = /^skip(\d+)$/.exec(name);
  if (skip) return { layersLeftOut: Number(skip[1]) - 1, normed: true };
  const before = /^penultimate(?:_(\d+))?$/.exec(name);
  if (before) return { layersLeftOut: Number(before[1] ?? 1), normed: false };
  throw new Unsupported(`the output ${name}`);
}
