/**
 * Names in the original (CompVis / LDM) layout for a diffusers name. Facts of the mapping: the block
 * structures of both programs; L = residual layers per level, so a level takes L + 1 input blocks
 * (the last one halves) and L + 1 output blocks.
 */

const residualParts: Readonly<Record<string, string>> = {
  norm1: 'in_layers.0',
  conv1: 'in_layers.2',
  time_emb_proj: 'emb_layers.1',
  norm2: 'out_layers.0',
  conv2: 'out_layers.3',
  conv_shortcut: 'skip_connection',
};

const unetSingles: Readonly<Record<string, string>> = {
  conv_in: 'input_blocks.0.0',
  'time_embedding.linear_1': 'time_embed.0',
  'time_embedding.linear_2': 'time_embed.2',
  'add_embedding.linear_1': 'label_emb.0.0',
  'add_embedding.linear_2': 'label_emb.0.2',
  conv_norm_out: 'out.0',
  conv_out: 'out.2',
};

/** Inside a block: `resnets.0.conv1.weight` as `[kind, index, rest]`. */
const blockPattern =
  /^(down_blocks|up_blocks)\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)$/;
const middlePattern = /^mid_block\.(resnets|attentions)\.(\d+)\.(.+)$/;

/** `conv1.weight` of a residual block -> `in_layers.2.weight`. */
function residualName(rest: string): string {
  const [part, ...more] = rest.split('.');
  return [residualParts[part] ?? part, ...more].join('.');
}

/**
 * Possible names in the original UNet, likeliest first; `layers` = layers per block. More than one for
 * the convolution after an upsampling, whose place depends on whether attention comes before it.
 */
export function originalUnetNames(name: string, layers: number): readonly string[] {
  const dot = name.lastIndexOf('.');
  const single = unetSingles[name.slice(0, dot)];
  if (single !== undefined) return [`${single}${name.slice(dot)}`];

  const middle = middlePattern.exec(name);
  if (middle) {
    const [, kind, index, rest] = middle;
    return kind === 'attentions'
      ? [`middle_block.1.${rest}`]
      : [`middle_block.${2 * Number(index)}.${residualName(rest)}`];
  }
  const block = blockPattern.exec(name);
  if (!block) return [];
  const [, side, level, kind, index, rest] = block;
  const first = Number(level) * (layers + 1);
  const input = `input_blocks.${1 + first + Number(index)}`;
  const output = `output_blocks.${first + Number(index)}`;
  const here = side === 'down_blocks' ? input : output;
  switch (kind) {
    case 'resnets':
      return [`${here}.0.${residualName(rest)}`];
    case 'attentions':
      return [`${here}.1.${rest}`];
    case 'downsamplers':
      return [`input_blocks.${first + layers + 1}.0.${rest.replace(/^conv\./, 'op.')}`];
    default:
      return [2, 1].map((place) => `output_blocks.${first + layers}.${place}.${rest}`);
  }
}

/** The control picture's way in always is eight convolutions with activations between them. */
const lastHint = 14;

/** Possible names in the original ControlNet: its trunk is a UNet's way down. */
export function originalControlNetNames(name: string, layers: number): readonly string[] {
  const hint = /^controlnet_cond_embedding\.(conv_in|conv_out|blocks\.(\d+))\.(.+)$/.exec(name);
  if (hint) {
    const [, part, block, rest] = hint;
    // Numbered with the activations between them.
    const index = part === 'conv_in' ? 0 : part === 'conv_out' ? lastHint : 2 * Number(block) + 2;
    return part !== 'conv_out' && index >= lastHint ? [] : [`input_hint_block.${index}.${rest}`];
  }
  const out = /^controlnet_(?:down_blocks\.(\d+)|mid_block)\.(.+)$/.exec(name);
  if (!out) return originalUnetNames(name, layers);
  const [, index, rest] = out;
  return [index === undefined ? `middle_block_out.0.${rest}` : `zero_convs.${index}.0.${rest}`];
}

const vaeAttention: Readonly<Record<string, string>> = {
  group_norm: 'norm',
  to_q: 'q',
  to_k: 'k',
  to_v: 'v',
  'to_out.0': 'proj_out',
};

/** Name in the original VAE; `levels` = number of resolutions (the decoder counts them the other way round). */
export function originalVaeName(name: string, levels: number): string {
  return name
    .replace(/\.conv_norm_out\./, '.norm_out.')
    .replace(/\.conv_shortcut\./, '.nin_shortcut.')
    .replace(/\.mid_block\.resnets\.(\d+)\./, (_, i: string) => `.mid.block_${Number(i) + 1}.`)
    .replace(
      /\.mid_block\.attentions\.0\.(to_out\.0|\w+)\./,
      (_, part: string) => `.mid.attn_1.${vaeAttention[part] ?? part}.`,
    )
    .replace(/^encoder\.down_blocks\.(\d+)\./, 'encoder.down.$1.')
    .replace(
      /^decoder\.up_blocks\.(\d+)\./,
      (_, i: string) => `decoder.up.${levels - 1 - Number(i)}.`,
    )
    .replace(/\.resnets\.(\d+)\./, '.block.$1.')
    .replace(/\.downsamplers\.0\./, '.downsample.')
    .replace(/\.upsamplers\.0\./, '.upsample.');
}

/** Name in VAE files of older diffusers versions. */
export function olderVaeName(name: string): string {
  return name.replace(
    /(\.attentions\.0\.)(to_q|to_k|to_v|to_out\.0)\./,
    (_, path: string, part: string) => {
      const old = { to_q: 'query', to_k: 'key', to_v: 'value', 'to_out.0': 'proj_attn' }[part];
      return `${path}${old}.`;
    },
  );
}
