/**
 * OpenCLIP's text model as single files hold it (`transformer.resblocks.0.attn.in_proj_weight`), under
 * the names of transformers. Its query, key and value lie in one tensor, one after the other.
 */
import { bytesOfType } from './safetensors.ts';
import type { TensorSource, Tensors } from './tensorSource.ts';
import type { StoredTensor } from './types.ts';

const singles: Readonly<Record<string, string>> = {
  'text_model.embeddings.token_embedding.weight': 'token_embedding.weight',
  'text_model.embeddings.position_embedding.weight': 'positional_embedding',
  'text_model.final_layer_norm.weight': 'ln_final.weight',
  'text_model.final_layer_norm.bias': 'ln_final.bias',
  'text_projection.weight': 'text_projection',
};

const layerParts: Readonly<Record<string, string>> = {
  layer_norm1: 'ln_1',
  layer_norm2: 'ln_2',
  'mlp.fc1': 'mlp.c_fc',
  'mlp.fc2': 'mlp.c_proj',
  'self_attn.out_proj': 'attn.out_proj',
};

const joined = ['q_proj', 'k_proj', 'v_proj'];

/** The text model whose names begin with `prefix`; undefined when there is none. */
export function openClipSource(tensors: Tensors, prefix: string): TensorSource | undefined {
  if (!tensors.has(`${prefix}transformer.resblocks.0.ln_1.weight`)) return undefined;
  return (name) => {
    const single = singles[name];
    if (single !== undefined) return tensors.get(prefix + single);
    const layer = /^text_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
    if (!layer) return undefined;
    const [, index, part, kind] = layer;
    const block = `${prefix}transformer.resblocks.${index}`;
    const third = joined.indexOf(part.replace(/^self_attn\./, ''));
    if (third >= 0) return thirdOf(tensors.get(`${block}.attn.in_proj_${kind}`), third);
    const renamed = layerParts[part];
    return renamed === undefined ? undefined : tensors.get(`${block}.${renamed}.${kind}`);
  };
}

/** A third of the rows: a byte range of the same file. */
function thirdOf(whole: StoredTensor | undefined, third: number): StoredTensor | undefined {
  const rows = (whole?.shape[0] ?? 0) / 3;
  if (!whole || !Number.isInteger(rows)) return undefined;
  const width = whole.shape.slice(1).reduce((product, side) => product * side, 1);
  const bytes = rows * width * bytesOfType(whole.dtype);
  const begin = whole.begin + third * bytes;
  return { ...whole, shape: [rows, ...whole.shape.slice(1)], begin, end: begin + bytes };
}
