/** A case's network, written to a real file from its manifest and run by the engine's own graphs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '../../service/engine/graph/ir.ts';
import { fused } from '../../service/engine/graph/lower/fused.ts';
import { lowerGraph, type Lowering } from '../../service/engine/graph/lower/lowering.ts';
import { loadNetwork, type Feeds } from '../../service/engine/runtime/network.ts';
import { tensor, type Tensor } from '../../service/engine/tensor.ts';
import { readSafetensors } from '../../service/engine/weights/safetensors.ts';
import type { Tensors } from '../../service/engine/weights/tensorSource.ts';
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
  lowering: Lowering = fused,
): Promise<Record<string, Tensor>> {
  const { bytes, root } = lowerGraph(graph, lowering, 'float32');
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

/** Throws Unsupported for families that are not built yet. */
export function needFamily(c: Case, families: readonly string[]): void {
  const { family } = readManifest(join(c.root, String(c.input['manifest'])));
  if (family === undefined || !families.includes(family)) {
    throw new Unsupported(`the family ${String(family)}`);
  }
}
