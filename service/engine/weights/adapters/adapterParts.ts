/** The tensors of a LoRA or one of its relatives, sorted by the layer they change. */
import type { StoredTensor } from '../types.ts';

/** What a tensor is to its layer, in one spelling for all programs. */
export type PartName =
  | 'up'
  | 'down'
  | 'core'
  | 'alpha'
  | 'scale'
  | 'magnitude'
  | 'hada_w1_a'
  | 'hada_w1_b'
  | 'hada_w2_a'
  | 'hada_w2_b'
  | 'hada_t1'
  | 'hada_t2'
  | 'lokr_w1'
  | 'lokr_w1_a'
  | 'lokr_w1_b'
  | 'lokr_w2'
  | 'lokr_w2_a'
  | 'lokr_w2_b'
  | 'lokr_t2'
  | 'diff'
  | 'diff_b'
  | 'w_norm'
  | 'b_norm'
  | 'oft_blocks'
  | 'oft_diag'
  | 'rescale'
  | 'ia3'
  | 'on_input'
  | 'a1'
  | 'a2'
  | 'b1'
  | 'b2';

export type LayerParts = ReadonlyMap<PartName, StoredTensor>;

/** Endings of tensor names and the part each is. The first that fits counts. */
const endings: ReadonlyArray<readonly [ending: RegExp, part: PartName | undefined]> = [
  [/[._]lora[._](?:up|B)(?:\.default)?\.weight$/, 'up'],
  [/[._]lora[._](?:down|A)(?:\.default)?\.weight$/, 'down'],
  [/\.lora_linear_layer\.up\.weight$/, 'up'],
  [/\.lora_linear_layer\.down\.weight$/, 'down'],
  [/\.lora_mid\.weight$/, 'core'],
  [/\.(?:dora_scale|lora_magnitude_vector)(?:\.default)?(?:\.weight)?$/, 'magnitude'],
  [
    /\.(alpha|scale|hada_w[12]_[ab]|hada_t[12]|lokr_w[12](?:_[ab])?|lokr_t2|diff(?:_b)?|[wb]_norm|oft_blocks|oft_diag|rescale|on_input)$/,
    undefined,
  ],
  [/\.([ab][12])\.weight$/, undefined],
];

/**
 * Parts by layer, under the layer's name as the file spells it. What belongs to no layer (embeddings
 * that travel with it) is left out.
 */
export function adapterLayers(
  tensors: ReadonlyMap<string, StoredTensor>,
): ReadonlyMap<string, LayerParts> {
  const layers = new Map<string, Map<PartName, StoredTensor>>();
  const add = (layer: string, part: PartName, tensor: StoredTensor): void => {
    const parts = layers.get(layer) ?? new Map<PartName, StoredTensor>();
    layers.set(layer, parts.set(part, tensor));
  };
  for (const [name, tensor] of tensors) {
    if (name.startsWith('bundle_emb.')) continue;
    const found = partOf(name);
    if (found) add(layerName(found.layer), found.part, tensor);
  }
  // IA3 stores a bare `weight` beside a flag; without the flag it is something else.
  for (const [layer, parts] of layers) {
    const vector = tensors.get(`${layer}.weight`);
    if (parts.has('on_input') && vector) parts.set('ia3', vector);
  }
  return layers;
}

function partOf(name: string): { layer: string; part: PartName } | undefined {
  for (const [ending, part] of endings) {
    const match = ending.exec(name);
    if (match) return { layer: name.slice(0, match.index), part: part ?? (match[1] as PartName) };
  }
  return undefined;
}

/** Older diffusers files name an attention's processor: `attn1.processor.to_q` is `attn1.to_q`. */
function layerName(name: string): string {
  return name
    .replace(/^base_model\.model\./, '')
    .replace(/\.processor\.(to_[qkv])$/, '.$1')
    .replace(/\.processor\.to_out$/, '.to_out.0');
}
