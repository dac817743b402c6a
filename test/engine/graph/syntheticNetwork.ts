/** A network of any configuration with synthetic weights in a real file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Graph } from '../../../service/engine/graph/ir.ts';
import type { Feeds } from '../../../service/engine/runtime/network.ts';
import { sizeOfShape } from '../../../service/engine/tensor.ts';
import { readSafetensors } from '../../../service/engine/weights/safetensors.ts';
import type { NetworkShapes } from '../../../service/engine/weights/networkShapes.ts';
import type { NetworkWeights, UNetConfig } from '../../../service/engine/weights/types.ts';
import { writeModel } from '../../fixtures/writeModel.ts';

export const smallUNet: UNetConfig = {
  inChannels: 4,
  outChannels: 4,
  blockOutChannels: [16, 32],
  layersPerBlock: 1,
  transformerDepth: [1, 0],
  midTransformerDepth: 1,
  crossAttentionDim: 24,
  heads: [2, 4],
  linearProjection: false,
  normGroups: 4,
  normEps: 1e-5,
  addedWidth: 0,
  exactAttention: false,
};

/** Writes tensors of these shapes below `folder` and opens them. */
export async function writeNetwork(
  folder: string,
  shapes: NetworkShapes,
  dtype: 'F32' | 'F16' = 'F32',
): Promise<NetworkWeights> {
  const manifest = join(folder, `manifest-${dtype}.json`);
  const tensors = Object.fromEntries(shapes);
  writeFileSync(manifest, JSON.stringify({ component: 'unet', prefix: 'test.', tensors }));
  const out = join(folder, `model-${dtype}.safetensors`);
  await writeModel({ manifest, out, seed: 1, dtype });
  return (await readSafetensors(out)).tensors;
}

/** Values that look random and are the same everywhere. */
export function wave(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => 1.3 * Math.sin(i * 12.9898));
}

/** Inputs for a graph: waves, and ids below 40. */
export function feedsOf(graph: Graph): Feeds {
  const feeds: Record<string, Feeds[string]> = {};
  for (const [name, { shape, type }] of graph.inputs) {
    const values = wave(sizeOfShape(shape));
    const ids = Int32Array.from(values, (value) => Math.abs(Math.round(value * 30)));
    feeds[name] = type === 'real' ? { data: values, shape } : { data: ids, shape };
  }
  return feeds;
}

/** Largest difference over the largest expected value. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(found[i] - expected[i]);
    difference = Math.max(difference, Number.isNaN(d) ? Infinity : d);
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return found.length === expected.length ? difference / largest : Infinity;
}
