/**
 * Names and shapes of every tensor a network must have, from its configuration; names as diffusers
 * and transformers give them. What a file must fulfil before a graph is built over it.
 */
import type {
  ClipTextConfig,
  ControlNetConfig,
  UNetConfig,
  UpscalerConfig,
  VaeConfig,
} from './types.ts';

export type NetworkShapes = ReadonlyMap<string, readonly number[]>;

class ShapeList {
  readonly shapes = new Map<string, readonly number[]>();

  conv(path: string, out: number, inner: number, side = 3): void {
    this.shapes.set(`${path}.weight`, [out, inner, side, side]);
    this.shapes.set(`${path}.bias`, [out]);
  }

  linear(path: string, out: number, inner: number, bias = true): void {
    this.shapes.set(`${path}.weight`, [out, inner]);
    if (bias) this.shapes.set(`${path}.bias`, [out]);
  }

  norm(path: string, channels: number): void {
    this.shapes.set(`${path}.weight`, [channels]);
    this.shapes.set(`${path}.bias`, [channels]);
  }

  /** Residual block; `time` is the width of the time embedding, none in a VAE. */
  residual(path: string, [inner, out]: readonly [number, number], time?: number): void {
    this.norm(`${path}.norm1`, inner);
    this.conv(`${path}.conv1`, out, inner);
    if (time !== undefined) this.linear(`${path}.time_emb_proj`, out, time);
    this.norm(`${path}.norm2`, out);
    this.conv(`${path}.conv2`, out, out);
    if (inner !== out) this.conv(`${path}.conv_shortcut`, out, inner, 1);
  }
}

export function unetShapes(config: UNetConfig): NetworkShapes {
  const list = new ShapeList();
  const { blockOutChannels: channels, layersPerBlock: layers } = config;
  const time = 4 * channels[0];
  const top = channels.length - 1;
  const skips = encoderShapes(list, config);
  let width = channels[top];
  channels.toReversed().forEach((out, i) => {
    for (let j = 0; j <= layers; j++) {
      list.residual(`up_blocks.${i}.resnets.${j}`, [width + (skips.pop() ?? 0), out], time);
      width = out;
      transformer(list, `up_blocks.${i}.attentions.${j}`, {
        config,
        width,
        depth: depthAt(config, `up_blocks.${i}.attentions.${j}`, top - i),
      });
    }
    if (i < top) list.conv(`up_blocks.${i}.upsamplers.0.conv`, out, out);
  });
  list.norm('conv_norm_out', width);
  list.conv('conv_out', config.outChannels, width);
  return list.shapes;
}

/** The way down and the middle, which UNet and ControlNet share; answers the skips' widths. */
function encoderShapes(list: ShapeList, config: UNetConfig): number[] {
  const { blockOutChannels: channels, layersPerBlock: layers } = config;
  const time = 4 * channels[0];
  list.conv('conv_in', channels[0], config.inChannels);
  list.linear('time_embedding.linear_1', time, channels[0]);
  list.linear('time_embedding.linear_2', time, time);
  if (config.addedWidth > 0) {
    list.linear('add_embedding.linear_1', time, config.addedWidth);
    list.linear('add_embedding.linear_2', time, time);
  }

  const skips = [channels[0]];
  let width = channels[0];
  channels.forEach((out, i) => {
    for (let j = 0; j < layers; j++) {
      list.residual(`down_blocks.${i}.resnets.${j}`, [width, out], time);
      width = out;
      const depth = depthAt(config, `down_blocks.${i}.attentions.${j}`, i);
      transformer(list, `down_blocks.${i}.attentions.${j}`, { config, width, depth });
      skips.push(width);
    }
    if (i === channels.length - 1) return;
    list.conv(`down_blocks.${i}.downsamplers.0.conv`, out, out);
    skips.push(out);
  });

  if (config.ownDepths) return skips;
  list.residual('mid_block.resnets.0', [width, width], time);
  transformer(list, 'mid_block.attentions.0', { config, width, depth: config.midTransformerDepth });
  list.residual('mid_block.resnets.1', [width, width], time);
  return skips;
}

/** Transformer blocks of the attention at `path`, on that level; 0: there is none. */
export function depthAt(
  { ownDepths, transformerDepth }: Pick<UNetConfig, 'ownDepths' | 'transformerDepth'>,
  path: string,
  level: number,
): number {
  return ownDepths ? (ownDepths[path] ?? 0) : transformerDepth[level];
}

export function controlNetShapes(config: ControlNetConfig): NetworkShapes {
  const list = new ShapeList();
  const { trunk, hintChannels, hintWidths } = config;
  const hint = 'controlnet_cond_embedding';
  list.conv(`${hint}.conv_in`, hintWidths[0], hintChannels);
  hintWidths.slice(1).forEach((width, i) => {
    list.conv(`${hint}.blocks.${2 * i}`, hintWidths[i], hintWidths[i]);
    list.conv(`${hint}.blocks.${2 * i + 1}`, width, hintWidths[i]);
  });
  list.conv(`${hint}.conv_out`, trunk.blockOutChannels[0], hintWidths[hintWidths.length - 1]);
  encoderShapes(list, trunk).forEach((width, i) => {
    list.conv(`controlnet_down_blocks.${i}`, width, width, 1);
  });
  const deepest = trunk.blockOutChannels[trunk.blockOutChannels.length - 1];
  list.conv('controlnet_mid_block', deepest, deepest, 1);
  return list.shapes;
}

function transformer(
  list: ShapeList,
  path: string,
  { config, width, depth }: { config: UNetConfig; width: number; depth: number },
): void {
  if (depth === 0) return;
  const project = (name: string): void =>
    config.linearProjection ? list.linear(name, width, width) : list.conv(name, width, width, 1);
  list.norm(`${path}.norm`, width);
  project(`${path}.proj_in`);
  for (let k = 0; k < depth; k++) {
    const block = `${path}.transformer_blocks.${k}`;
    for (const norm of ['norm1', 'norm2', 'norm3']) list.norm(`${block}.${norm}`, width);
    for (const [attention, context] of [
      ['attn1', width],
      ['attn2', config.crossAttentionDim],
    ] as const) {
      list.linear(`${block}.${attention}.to_q`, width, width, false);
      list.linear(`${block}.${attention}.to_k`, width, context, false);
      list.linear(`${block}.${attention}.to_v`, width, context, false);
      list.linear(`${block}.${attention}.to_out.0`, width, width);
    }
    list.linear(`${block}.ff.net.0.proj`, 8 * width, width);
    list.linear(`${block}.ff.net.2`, width, 4 * width);
  }
  project(`${path}.proj_out`);
}

export function vaeShapes(config: VaeConfig): NetworkShapes {
  const list = new ShapeList();
  const { blockOutChannels: channels, layersPerBlock: layers, latentChannels } = config;
  const top = channels.length - 1;
  const deepest = channels[top];
  const middle = (part: string): void => {
    const attention = `${part}.mid_block.attentions.0`;
    list.residual(`${part}.mid_block.resnets.0`, [deepest, deepest]);
    list.norm(`${attention}.group_norm`, deepest);
    for (const name of ['to_q', 'to_k', 'to_v', 'to_out.0'])
      list.linear(`${attention}.${name}`, deepest, deepest);
    list.residual(`${part}.mid_block.resnets.1`, [deepest, deepest]);
  };

  list.conv('encoder.conv_in', channels[0], 3);
  let width = channels[0];
  channels.forEach((out, i) => {
    for (let j = 0; j < layers; j++, width = out)
      list.residual(`encoder.down_blocks.${i}.resnets.${j}`, [width, out]);
    if (i < top) list.conv(`encoder.down_blocks.${i}.downsamplers.0.conv`, out, out);
  });
  middle('encoder');
  list.norm('encoder.conv_norm_out', width);
  list.conv('encoder.conv_out', 2 * latentChannels, width);
  list.conv('quant_conv', 2 * latentChannels, 2 * latentChannels, 1);

  list.conv('post_quant_conv', latentChannels, latentChannels, 1);
  list.conv('decoder.conv_in', width, latentChannels);
  middle('decoder');
  channels.toReversed().forEach((out, i) => {
    for (let j = 0; j <= layers; j++, width = out)
      list.residual(`decoder.up_blocks.${i}.resnets.${j}`, [width, out]);
    if (i < top) list.conv(`decoder.up_blocks.${i}.upsamplers.0.conv`, out, out);
  });
  list.norm('decoder.conv_norm_out', width);
  list.conv('decoder.conv_out', 3, width);
  return list.shapes;
}

export function clipTextShapes(config: ClipTextConfig): NetworkShapes {
  const list = new ShapeList();
  const { hiddenSize: width, intermediateSize } = config;
  list.shapes.set('text_model.embeddings.token_embedding.weight', [config.vocabSize, width]);
  list.shapes.set('text_model.embeddings.position_embedding.weight', [config.maxPositions, width]);
  for (let i = 0; i < config.layers; i++) {
    const layer = `text_model.encoder.layers.${i}`;
    list.norm(`${layer}.layer_norm1`, width);
    list.norm(`${layer}.layer_norm2`, width);
    for (const name of ['q_proj', 'k_proj', 'v_proj', 'out_proj'])
      list.linear(`${layer}.self_attn.${name}`, width, width);
    list.linear(`${layer}.mlp.fc1`, intermediateSize, width);
    list.linear(`${layer}.mlp.fc2`, width, intermediateSize);
  }
  list.norm('text_model.final_layer_norm', width);
  if (config.projection) {
    const { width: out, inFirst } = config.projection;
    list.shapes.set('text_projection.weight', inFirst ? [width, out] : [out, width]);
  }
  return list.shapes;
}

const taesdWidth = 64;

/** TAESD's decoder (and its encoder, when asked for), under diffusers' layer numbers. */
export function taesdShapes(part: 'decoder' | 'encoder'): NetworkShapes {
  const list = new ShapeList();
  let layer = 0;
  const path = (): string => `${part}.layers.${layer++}`;
  const block = (): void => {
    const name = path();
    for (const conv of [0, 2, 4]) list.conv(`${name}.conv.${conv}`, taesdWidth, taesdWidth);
  };
  const bare = (): void => {
    list.shapes.set(`${path()}.weight`, [taesdWidth, taesdWidth, 3, 3]);
  };
  if (part === 'decoder') {
    list.conv(path(), taesdWidth, 4);
    layer++; // ReLU
    for (let level = 0; level < 3; level++) {
      for (let i = 0; i < 3; i++) block();
      layer++; // doubling
      bare();
    }
    block();
    list.conv(path(), 3, taesdWidth);
  } else {
    list.conv(path(), taesdWidth, 3);
    block();
    for (let level = 0; level < 3; level++) {
      bare();
      for (let i = 0; i < 3; i++) block();
    }
    list.conv(path(), 4, taesdWidth);
  }
  return list.shapes;
}

/** An upscaler, under Real-ESRGAN's names. */
export function upscalerShapes(config: UpscalerConfig): NetworkShapes {
  const list = new ShapeList();
  const { features } = config;
  if (config.kind === 'compact') {
    const { convolutions, scale } = config;
    for (let i = 0; i <= convolutions; i++) {
      list.conv(`body.${2 * i}`, features, i === 0 ? 3 : features);
      list.shapes.set(`body.${2 * i + 1}.weight`, [features]);
    }
    list.conv(`body.${2 * convolutions + 2}`, 3 * scale ** 2, features);
    return list.shapes;
  }
  list.conv('conv_first', features, 3 * config.folding ** 2);
  for (let block = 0; block < config.blocks; block++) {
    for (const dense of [1, 2, 3]) {
      for (let i = 0; i < 5; i++) {
        const out = i < 4 ? config.growth : features;
        list.conv(`body.${block}.rdb${dense}.conv${i + 1}`, out, features + i * config.growth);
      }
    }
  }
  list.conv('conv_body', features, features);
  for (let i = 1; i <= config.doublings; i++) list.conv(`conv_up${i}`, features, features);
  list.conv('conv_hr', features, features);
  list.conv('conv_last', 3, features);
  return list.shapes;
}
