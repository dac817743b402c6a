/** LoRA and its relatives: changed weights, and networks that run with them. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clipTextGraph } from '../../../service/engine/graph/clipText.ts';
import { GraphBuilder } from '../../../service/engine/graph/builder.ts';
import { unetGraph } from '../../../service/engine/graph/unet.ts';
import type { Graph } from '../../../service/engine/graph/ir.ts';
import { cpu } from '../../../service/engine/graph/lower/cpu.ts';
import type { WeightChanges } from '../../../service/engine/graph/weightChange.ts';
import { adapterChanges, type Adapter } from '../../../service/engine/networks/adapterChanges.ts';
import { endOf, pooledAt } from '../../../service/engine/networks/pooledText.ts';
import type { Feeds } from '../../../service/engine/runtime/network.ts';
import { sizeOfShape, tensor, type Tensor } from '../../../service/engine/tensor.ts';
import type { AdaptedNetwork } from '../../../service/engine/weights/adapters/layerSpellings.ts';
import { readSafetensors } from '../../../service/engine/weights/safetensors.ts';
import type { NetworkWeights } from '../../../service/engine/weights/types.ts';
import { safetensorsFile } from '../../fixtures/safetensorsBytes.ts';
import type { Case, Checker } from '../case.ts';
import { openTextModel, openUnet } from '../openComponent.ts';
import {
  caseConditions,
  joinedChannels,
  runBranched,
  runGraph,
  withComponent,
} from '../runComponent.ts';

interface LoraFile {
  readonly te: number;
  readonly unet: number;
  readonly tensors: Readonly<Record<string, unknown>>;
}

export const check: Checker = async (c) => {
  const folder = await mkdtemp(join(tmpdir(), 'pentimento-lora-'));
  try {
    const adapters = await writeAdapters(c, folder);
    const answers: Record<string, unknown> = {};
    const weights: Record<string, Tensor> = {};
    for (const network of ['unet', 'text_encoder', 'text_encoder_2'] as const) {
      Object.assign(weights, await checkNetwork(c, { network, adapters, answers }));
    }
    return { ...answers, weights };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function writeAdapters(c: Case, folder: string): Promise<readonly Adapter[]> {
  const files = c.input['files'] as readonly LoraFile[];
  const adapters: Adapter[] = [];
  for (const [i, { te, unet, tensors }] of files.entries()) {
    const path = join(folder, `${i}.safetensors`);
    const stored = Object.entries(tensors).map(([name, at]) => [name, c.tensor(at)] as const);
    writeFileSync(path, safetensorsFile(new Map(stored)));
    adapters.push({
      name: String(i),
      tensors: (await readSafetensors(path)).tensors,
      text: te,
      unet,
    });
  }
  return adapters;
}

interface Part {
  readonly network: AdaptedNetwork;
  readonly adapters: readonly Adapter[];
  readonly answers: Record<string, unknown>;
}

/** Fills in what the case expects of one network; answers its changed weights. */
async function checkNetwork(
  c: Case,
  { network, adapters, answers }: Part,
): Promise<Record<string, Tensor>> {
  const model = c.input['model'] as Record<string, string | number>;
  const manifest = model[network];
  const names = Object.keys(c.expect['weights'] as object).filter((name) =>
    name.startsWith(`${network}.`),
  );
  const outputs = Object.keys(c.expect).filter((name) =>
    network === 'unet' ? name === 'sample' : name.startsWith(`${network}.`),
  );
  if (manifest === undefined || names.length + outputs.length === 0) return {};
  return withComponent(join(c.root, String(manifest)), Number(model['seed']), async (component) => {
    const opened = network === 'unet' ? openUnet(component) : openTextModel(component);
    const layers = 'layersPerBlock' in opened.config ? opened.config.layersPerBlock : 0;
    const { weights } = opened;
    const fused = network !== 'unet' && openTextModel(component).config.activation === 'gelu';
    const applied = fused ? adapters.flatMap(outputsTwice) : adapters;
    const changes = await adapterChanges(applied, { network, weights, layers });
    if (outputs.length > 0 && network === 'unet') {
      answers['sample'] = await sample(c, openUnet(component), changes);
    }
    for (const name of network === 'unet' ? [] : outputs) {
      const rows = (c.input['ids'] as Record<string, number[][]>)[network];
      const text = openTextModel(component);
      const size = { batch: rows.length, layersLeftOut: 0, normed: true };
      const ids = { data: Int32Array.from(rows.flat()), shape: [rows.length, rows[0].length] };
      const graph = clipTextGraph(weights, text.config, size);
      const ran = await runBothWays(graph, { ids }, changes);
      answers[name] = name.endsWith('.pooled')
        ? pooledAt(ran['pooled'], endOf(Int32Array.from(rows[0])))
        : ran['context'];
    }
    const changed: Record<string, Tensor> = {};
    for (const name of names) {
      changed[name] = await weightItself(weights, name.slice(network.length + 1), changes);
    }
    return changed;
  });
}

/**
 * OpenCLIP keeps query, key, value and output of an attention in one module. The cases were made by changing
 * that module, then each layer in it, so that the output layer was changed twice where all four parts are in
 * the file; in the running program PyTorch never calls that layer by itself, and it is changed once.
 */
function outputsTwice(adapter: Adapter): readonly Adapter[] {
  const names = [...adapter.tensors.keys()];
  const repeated = [...adapter.tensors].filter(([name]) => {
    const layer = /^(.*_self_attn_)out_proj\./.exec(name)?.[1];
    const has = (part: string): boolean => names.some((other) => other.startsWith(layer + part));
    return layer !== undefined && ['q_proj.', 'k_proj.', 'v_proj.'].every(has);
  });
  return [adapter, { ...adapter, tensors: new Map(repeated) }];
}

async function sample(
  c: Case,
  { config, weights }: ReturnType<typeof openUnet>,
  changes: WeightChanges,
): Promise<Tensor> {
  const latents = joinedChannels(c, ['latents', 'mask', 'masked_latents', 'image_latents']);
  const conditions = caseConditions(c, config);
  const [batch, , height, width] = latents.shape;
  const tokens = conditions['context'].shape[1];
  const size = { batch, height, width, tokens, oddSizes: 'diffusers' } as const;
  const graph = unetGraph(weights, config, size);
  const { prediction } = await runBothWays(graph, { latents, ...conditions }, changes);
  return prediction;
}

/** What the two ways to a changed network may differ by, of the largest value. */
const agreement = 2e-5;

/**
 * With the changes that come with a run, which must agree with making all of them while the network loads.
 * Answers the former.
 */
async function runBothWays(
  graph: Graph,
  feeds: Feeds,
  changes: WeightChanges,
): Promise<Record<string, Tensor>> {
  const merged = await runGraph(graph, feeds, cpu, changes);
  const branched = await runBranched(graph, feeds, cpu, changes);
  assertAgree(branched, merged);
  return branched;
}

function assertAgree(found: Record<string, Tensor>, expected: Record<string, Tensor>): void {
  for (const [name, { data }] of Object.entries(expected)) {
    const largest = data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const apart = data.reduce(
      (max, value, i) => Math.max(max, Math.abs(value - found[name].data[i])),
      0,
    );
    if (!(apart <= agreement * largest)) {
      throw new Error(`Expected ${name} within ${agreement} but it is ${apart / largest} away`);
    }
  }
}

/** The weight as the network sees it: added to zeros. */
async function weightItself(
  weights: NetworkWeights,
  name: string,
  changes: WeightChanges,
): Promise<Tensor> {
  const stored = weights.get(name);
  if (!stored) throw new Error(`Expected the weight ${name}`);
  const graph = new GraphBuilder('weight');
  const shape = [1, ...stored.shape];
  const none = graph.input('none', shape);
  graph.output('weight', graph.addWeight(none, { name, shape: stored.shape, stored }));
  const zeros = tensor(new Float32Array(sizeOfShape(shape)), shape);
  const ran = await runGraph(graph.finish(), { none: zeros }, undefined, changes);
  return { ...ran['weight'], shape: stored.shape };
}
