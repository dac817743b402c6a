/** LoRA files and their relatives as changes of one network's weights. */
import { PentimentoError } from '../../../shared/errors.ts';
import type { WeightChange, WeightChanges } from '../graph/weightChange.ts';
import { adapterLayers, type LayerParts, type PartName } from '../weights/adapters/adapterParts.ts';
import { layerBlock } from '../weights/adapters/layerBlock.ts';
import { layerSpellings, type AdaptedNetwork } from '../weights/adapters/layerSpellings.ts';
import type { TrainedScales } from '../weights/adapters/peftScales.ts';
import { readValues } from '../weights/readValues.ts';
import type { NetworkWeights, StoredTensor } from '../weights/types.ts';
import { layerChanges, smallParts } from './adapterChange.ts';

/** One file and how strongly it counts. */
export interface Adapter {
  /** For sentences. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What the file's metadata says of its layers' scales. */
  readonly scales?: TrainedScales | undefined;
  /** For the text encoders; 1 as trained, negative turns away. */
  readonly text: number;
  readonly unet: number;
  /** Rank to which plain low-rank layers are cut down. */
  readonly rank?: number | undefined;
  /** Further factors, by a layer's block (layerBlock.ts). */
  readonly blocks?: readonly number[] | undefined;
}

export interface AdaptedWeights {
  readonly network: AdaptedNetwork;
  readonly weights: NetworkWeights;
  /** Residual layers per block of a UNet. */
  readonly layers: number;
}

/**
 * What the files, in this order, do to the weights of one network; files with a multiplier of 0 do
 * nothing. Throws E_MODEL_FAMILY when a layer was made for another size, E_FILE, E_MODEL_CHANGED.
 */
export async function adapterChanges(
  adapters: readonly Adapter[],
  { network, weights, layers }: AdaptedWeights,
): Promise<WeightChanges> {
  const spellings = layerSpellings(network, weights.keys(), { layers });
  const changes = new Map<string, WeightChange[]>();
  const add = (name: string, change: WeightChange | undefined): void => {
    if (change && weights.has(name)) changes.set(name, [...(changes.get(name) ?? []), change]);
  };
  for (const [index, adapter] of adapters.entries()) {
    const multiplier = network === 'unet' ? adapter.unet : adapter.text;
    if (multiplier === 0) continue;
    const all = adapterLayers(adapter.tensors);
    const mine = [...all].filter(([key]) => spellings.has(key));
    const values = await smallValues(mine.map(([, parts]) => parts));
    for (const [i, [key, parts]] of mine.entries()) {
      const path = spellings.get(key) ?? '';
      const weight = weights.get(`${path}.weight`);
      if (!weight) continue;
      const block = layerBlock(network, path, layers);
      const strength = multiplier * (block === undefined ? 1 : (adapter.blocks?.[block] ?? 1));
      if (strength === 0) continue;
      const prefix = `adapter${index}.${key}`;
      const scale = adapter.scales?.(key);
      const layer = { prefix, parts, values: values[i], rank: adapter.rank, scale };
      const made = layerChanges(layer, weight.shape, strength);
      add(`${path}.weight`, made.weight);
      add(`${path}.bias`, made.bias);
    }
  }
  return changes;
}

/** Throws E_MODEL_FAMILY for a file that would change nothing: not one of its layers is in these networks. */
export function assertAdapts(
  adapters: readonly Adapter[],
  networks: readonly AdaptedWeights[],
): void {
  if (adapters.length === 0) return;
  const spellings = networks.map(({ network, weights, layers }) =>
    layerSpellings(network, weights.keys(), { layers }),
  );
  for (const { name, tensors } of adapters) {
    const keys = [...adapterLayers(tensors).keys()];
    if (keys.some((key) => spellings.some((known) => known.has(key)))) continue;
    const detail = `The LoRA "${name.slice(0, 60)}" has no layer that this model has.`;
    throw new PentimentoError('E_MODEL_FAMILY', detail);
  }
}

/** Of each layer, the numbers that decide how the rest is computed. */
async function smallValues(
  layers: readonly LayerParts[],
): Promise<readonly ReadonlyMap<PartName, Float32Array>[]> {
  const wanted = layers.map((parts) => [...parts].filter(([part]) => smallParts.has(part)));
  const read = await readValues(wanted.flat().map(([, tensor]) => tensor));
  let at = 0;
  return wanted.map((parts) => new Map(parts.map(([part]) => [part, read[at++]])));
}
