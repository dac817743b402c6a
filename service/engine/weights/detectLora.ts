import { shapeOf, unknownFile, type Detection, type Family, type HeaderView } from './detection.ts';
import { builtFamily } from './families.ts';

const loraPrefix =
  /^(?:lora_|lycoris_|unet\.|text_encoder|text_model\.|transformer\.|base_model\.|diffusion_model\.)/;
/** Suffixes and the method each belongs to. */
const methods: ReadonlyArray<readonly [suffix: RegExp, method: string]> = [
  [/\.(?:dora_scale|lora_magnitude_vector)(?:\.weight)?$/, 'dora'],
  [/\.hada_[wt][12](?:_[ab])?$/, 'loha'],
  [/\.lokr_[wt][12](?:_[ab])?$/, 'lokr'],
  [/\.oft_(?:blocks|diag)$/, 'oft'],
  [/\.[ab][12]\.weight$/, 'glora'],
  [/\.on_input$/, 'ia3'],
  [/\.diff$/, 'full'],
  [
    /(?:\.lora_(?:up|down|A|B)(?:\.[\w-]+)?|[._]lora\.(?:up|down)|\.lora_linear_layer\.(?:up|down))\.weight$/,
    'lora',
  ],
];

/** A LoRA or one of its relatives (LoHa, LoKr, DoRA, OFT, GLoRA, IA3, full differences); undefined when it is none. */
export function detectLora(header: HeaderView): Detection | undefined {
  const algorithms = new Set<string>();
  const targets = new Set<string>();
  const bundled = new Set<string>();
  let kohya = false;
  for (const name of header.tensors.keys()) {
    if (name.startsWith('bundle_emb.')) bundled.add(name.split('.')[1] ?? '');
    if (!loraPrefix.test(name)) continue;
    const method = methods.find(([suffix]) => suffix.test(name))?.[1];
    if (method === undefined) continue;
    algorithms.add(method);
    kohya ||= /^(?:lora|lycoris)_/.test(name);
    targets.add(targetOf(name));
  }
  if (algorithms.size === 0) return undefined;
  if (algorithms.has('dora')) algorithms.delete('lora');
  const family = loraFamily(header);
  return {
    ...unknownFile,
    component: 'lora',
    family,
    layout: kohya ? 'kohya' : 'diffusers',
    recognized: family === 'ambiguous' || builtFamily(family) !== undefined,
    algorithms: [...algorithms].sort(),
    targets: ['unet', 'text_encoder', 'text_encoder_2'].filter((target) => targets.has(target)),
    ...(bundled.size === 0 ? {} : { bundledEmbeddings: [...bundled] }),
  };
}

function targetOf(fullName: string): string {
  const name = fullName.replace(/^base_model\.model\./, '');
  if (/^(?:lora_te2_|text_encoder_2\.)/.test(name)) return 'text_encoder_2';
  return /^(?:lora_te1?_|text_encoder\.|text_model\.)/.test(name) ? 'text_encoder' : 'unet';
}

const contextFamilies: ReadonlyMap<number, Family> = new Map([
  [768, 'sd1'],
  [1024, 'sd2'],
  [2048, 'sdxl'],
]);

/** From what the trainer wrote, from names only one family has, then from the width of the text context. */
function loraFamily(header: HeaderView): Family {
  const told = header.metadata.get('ss_base_model_version') ?? '';
  if (told.startsWith('sdxl')) return 'sdxl';
  if (header.metadata.get('ss_v2') === 'True' || told.startsWith('sd_v2')) return 'sd2';
  if (told.startsWith('sd_v1')) return 'sd1';
  for (const name of header.tensors.keys()) {
    if (/(?:double|single)_blocks|single_transformer_blocks/.test(name)) return 'flux';
    if (/joint_blocks/.test(name)) return 'sd3';
    if (/transformer_blocks[._]\d+[._](?:img_mlp|img_mod|txt_mlp)[._]/.test(name))
      return 'qwen-image';
    if (/(?<!transformer)[._]blocks[._]\d+[._](?:self_attn|cross_attn)[._]/.test(name))
      return 'wan';
    // Two text encoders, original block names in kohya's form, or several transformer blocks per layer.
    if (/^(?:lora_te[12]_|text_encoder_2\.)/.test(name)) return 'sdxl';
    if (/^lora_unet_(?:input_blocks|output_blocks|middle_block)_/.test(name)) return 'sdxl';
    if (/attentions[._]\d+[._]transformer_blocks[._][1-9]/.test(name)) return 'sdxl';
  }
  return familyFromWidths(header) ?? familyFromProjection(header) ?? 'ambiguous';
}

/** Cross-attention keys and values read the text context; a text encoder's own layers have its width. */
function familyFromWidths(header: HeaderView): Family | undefined {
  for (const name of header.tensors.keys()) {
    const cross = /attn2[._]to_[kv][._]/.test(name);
    const text = /^(?:lora_te_|text_encoder\.).*self_attn[._][qkv]_proj[._]/.test(name);
    if (!cross && !text) continue;
    for (const width of widthsOf(header, name)) {
      const family = contextFamilies.get(width);
      if (family !== undefined) return family;
    }
  }
  return undefined;
}

/** The tensor's axes; for a factored LoKr those of the Kronecker product, for a rotation the rows of its blocks. */
function widthsOf(header: HeaderView, name: string): readonly number[] {
  if (/\.oft_(?:blocks|diag)$/.test(name)) {
    const [blocks = 0, side = 0] = shapeOf(header, name).slice(-3);
    return [blocks * side];
  }
  const stem = /^(.*)\.lokr_w[12](?:_[ab])?$/.exec(name)?.[1];
  if (stem === undefined) return shapeOf(header, name);
  const factor = (which: string, axis: number): number => {
    const whole = shapeOf(header, `${stem}.lokr_${which}`);
    return (
      whole[axis] ?? shapeOf(header, `${stem}.lokr_${which}_${axis === 0 ? 'a' : 'b'}`)[axis] ?? 0
    );
  };
  return [0, 1].map((axis) => factor('w1', axis) * factor('w2', axis));
}

/** SD 1 projects into attention by 1x1 convolution, later models by a matrix. */
function familyFromProjection(header: HeaderView): Family | undefined {
  for (const [name, { shape }] of header.tensors) {
    if (/proj_in[._].*(?:down|lora_A)/.test(name)) return shape.length === 4 ? 'sd1' : 'ambiguous';
  }
  return undefined;
}
