/** Finds a network's tensors by their diffusers name, whatever layout the file has. */
import { openClipSource } from './openClipSource.ts';
import {
  olderVaeName,
  originalControlNetNames,
  originalUnetNames,
  originalVaeName,
} from './originalNames.ts';
import type { StoredTensor } from './types.ts';

/** The stored tensor of a diffusers / transformers name without prefix; undefined when the file has none. */
export type TensorSource = (name: string) => StoredTensor | undefined;
export type Tensors = ReadonlyMap<string, StoredTensor>;

/** How many of `name(0)`, `name(1)`, ... the file has, without a gap. */
export function countTensors(
  has: (name: string) => boolean,
  name: (index: number) => string,
): number {
  let count = 0;
  while (has(name(count))) count++;
  return count;
}

/** The UNet of a checkpoint, or alone in a file, in either layout; undefined when there is none. */
export function unetSource(tensors: Tensors): TensorSource | undefined {
  for (const prefix of ['model.diffusion_model.', '']) {
    const found = originalTrunk(tensors, prefix, originalUnetNames);
    if (found) return found;
  }
  return diffusersTrunk(tensors);
}

/** A ControlNet in either layout; undefined when there is none. */
export function controlNetSource(tensors: Tensors): TensorSource | undefined {
  for (const prefix of ['control_model.', '']) {
    if (!tensors.has(`${prefix}input_hint_block.0.weight`)) continue;
    return originalTrunk(tensors, prefix, originalControlNetNames);
  }
  return tensors.has('controlnet_cond_embedding.conv_in.weight')
    ? diffusersTrunk(tensors)
    : undefined;
}

function originalTrunk(
  tensors: Tensors,
  prefix: string,
  originalNames: (name: string, layers: number) => readonly string[],
): TensorSource | undefined {
  if (!tensors.has(`${prefix}input_blocks.0.0.weight`)) return undefined;
  const resnet = (i: number): string => `${prefix}input_blocks.${i + 1}.0.in_layers.2.weight`;
  const layers = countTensors((name) => tensors.has(name), resnet);
  return (name) => {
    for (const original of originalNames(name, layers)) {
      const found = tensors.get(prefix + original);
      if (found) return found;
    }
    return undefined;
  };
}

function diffusersTrunk(tensors: Tensors): TensorSource | undefined {
  return tensors.has('conv_in.weight') && tensors.has('time_embedding.linear_1.weight')
    ? (name) => tensors.get(name)
    : undefined;
}

/** The VAE of a checkpoint, or alone in a file, in any of its layouts; undefined when there is none. */
export function vaeSource(tensors: Tensors): TensorSource | undefined {
  for (const prefix of ['first_stage_model.', 'vae.', '']) {
    if (!tensors.has(`${prefix}decoder.conv_in.weight`)) continue;
    const levels = countTensors(
      (name) => tensors.has(name),
      (i) => `${prefix}decoder.up.${i}.block.0.conv1.weight`,
    );
    return levels > 0
      ? (name) => tensors.get(prefix + originalVaeName(name, levels))
      : (name) => tensors.get(prefix + name) ?? tensors.get(prefix + olderVaeName(name));
  }
  return undefined;
}

/** How a file holds a text model: with the matrices of transformers, or with OpenCLIP's. */
export interface TextModel {
  readonly source: TensorSource;
  readonly layout: 'transformers' | 'openclip';
}

/**
 * The text model below `place`: a family's place in a single file (`conditioner.embedders.1.`), or ''
 * for a file of its own. Older files lack `text_model.`. Undefined when there is none.
 */
export function textModelAt(tensors: Tensors, place: string): TextModel | undefined {
  const openClip = openClipSource(tensors, `${place}model.`);
  if (openClip) return { source: openClip, layout: 'openclip' };
  for (const prefix of [`${place}transformer.`, `${place}text_encoder.`, place]) {
    for (const inner of ['text_model.', '']) {
      if (!tensors.has(`${prefix}${inner}embeddings.token_embedding.weight`)) continue;
      const source: TensorSource = (name) => {
        const own = /^text_model\.(.+)$/.exec(name)?.[1];
        return tensors.get(own === undefined ? prefix + name : prefix + inner + own);
      };
      return { source, layout: 'transformers' };
    }
  }
  return undefined;
}

/** TAESD, in diffusers' naming or in its author's two files; in the latter the decoder's numbers are one higher. */
export function taesdSource(
  tensors: Tensors,
  part: 'decoder' | 'encoder',
): TensorSource | undefined {
  const shift = part === 'decoder' ? 1 : 0;
  if (tensors.has(`${part}.layers.0.weight`)) return (name) => tensors.get(name);
  for (const prefix of [`taesd_${part}.`, '']) {
    if (!tensors.has(`${prefix}${shift}.weight`)) continue;
    return (name) =>
      tensors.get(
        name.replace(
          /^(?:en|de)coder\.layers\.(\d+)/,
          (_, n: string) => `${prefix}${Number(n) + shift}`,
        ),
      );
  }
  return undefined;
}
