/**
 * The denoising UNet of Stable Diffusion (Rombach et al. 2022) from its configuration: SD 1 and 2 in
 * any width, with 4 input channels or more (masks and masked pictures).
 */
import type { OddSizes } from '../diffusion.ts';
import type { NetworkWeights, UNetConfig } from '../weights/types.ts';
import { GraphBuilder } from './builder.ts';
import { residualBlock, spatialTransformer } from './blocks.ts';
import type { Graph, Value } from './ir.ts';
import { conv, groupNormSilu, linear, type Net } from './layers.ts';

export interface UNetSize {
  readonly batch: number;
  /** Of the latents. */
  readonly height: number;
  readonly width: number;
  /** Length of the text context. */
  readonly tokens: number;
  readonly oddSizes: OddSizes;
}

/** What every level sees besides the picture. */
interface Conditions {
  readonly config: UNetConfig;
  readonly time: Value;
  readonly context: Value;
  readonly oddSizes: OddSizes;
}

/**
 * Inputs: `latents` [B,inChannels,h,w]; `time` [B,blockOutChannels[0]], the timesteps' sinusoids
 * (timestepEmbedding.ts); `context` [B,T,crossAttentionDim]. Output: `prediction` [B,outChannels,h,w].
 * Throws E_MODEL_MISSING_PART or E_MODEL_DAMAGED where the weights do not fit the configuration.
 */
export function unetGraph(weights: NetworkWeights, config: UNetConfig, size: UNetSize): Graph {
  const { batch, height, width } = size;
  const graph = new GraphBuilder('unet');
  const net: Net = { graph, weights };
  const latents = graph.input('latents', [batch, config.inChannels, height, width]);
  const sinusoids = graph.input('time', [batch, config.blockOutChannels[0]]);
  const context = graph.input('context', [batch, size.tokens, config.crossAttentionDim]);
  const time = timeEmbedding(net, sinusoids);
  const conditions: Conditions = { config, time, context, oddSizes: size.oddSizes };

  const skips = encode(net, latents, conditions);
  const h = decode(net, middle(net, skips[skips.length - 1], conditions), skips, conditions);

  const normed = groupNormSilu(net, 'conv_norm_out', h, normOf(config));
  graph.output('prediction', conv(net, 'conv_out', normed, { out: config.outChannels }));
  return graph.finish();
}

/** SiLU(MLP(sinusoids)) [B,4*C]: every block begins its use of the embedding with the SiLU. */
function timeEmbedding(net: Net, sinusoids: Value): Value {
  const width = 4 * sinusoids.shape[1];
  const hidden = linear(net, 'time_embedding.linear_1', sinusoids, width);
  const activated = net.graph.activation(hidden, 'silu');
  return net.graph.activation(linear(net, 'time_embedding.linear_2', activated, width), 'silu');
}

/** The way down; answers all skip connections, the last of them the smallest picture. */
function encode(net: Net, latents: Value, conditions: Conditions): Value[] {
  const { blockOutChannels, layersPerBlock } = conditions.config;
  let h = conv(net, 'conv_in', latents, { out: blockOutChannels[0] });
  const skips = [h];
  blockOutChannels.forEach((out, level) => {
    const path = `down_blocks.${level}`;
    for (let layer = 0; layer < layersPerBlock; layer++) {
      h = residual(net, `${path}.resnets.${layer}`, h, out, conditions);
      h = attend(net, `${path}.attentions.${layer}`, h, level, conditions);
      skips.push(h);
    }
    if (level < blockOutChannels.length - 1) {
      h = conv(net, `${path}.downsamplers.0.conv`, h, { out, stride: 2 });
      skips.push(h);
    }
  });
  return skips;
}

function middle(net: Net, x: Value, conditions: Conditions): Value {
  const { config } = conditions;
  const [, out] = x.shape;
  const heads = config.heads[config.heads.length - 1];
  let h = residual(net, 'mid_block.resnets.0', x, out, conditions);
  const depth = config.midTransformerDepth;
  if (depth > 0) h = transformer(net, 'mid_block.attentions.0', h, { depth, heads }, conditions);
  return residual(net, 'mid_block.resnets.1', h, out, conditions);
}

/** The way up, which takes the skip connections in reverse. */
function decode(net: Net, x: Value, allSkips: readonly Value[], conditions: Conditions): Value {
  const { blockOutChannels, layersPerBlock } = conditions.config;
  const skips = [...allSkips];
  let h = x;
  blockOutChannels.toReversed().forEach((out, block) => {
    const path = `up_blocks.${block}`;
    const level = blockOutChannels.length - 1 - block;
    for (let layer = 0; layer <= layersPerBlock; layer++) {
      h = net.graph.concat([h, ...skips.splice(-1)], 1);
      h = residual(net, `${path}.resnets.${layer}`, h, out, conditions);
      h = attend(net, `${path}.attentions.${layer}`, h, level, conditions);
    }
    if (level > 0) h = upsample(net, `${path}.upsamplers.0.conv`, h, skips, conditions);
  });
  return h;
}

/** Doubles the picture, or rather: brings it to the size of the next skip connection. */
function upsample(
  net: Net,
  path: string,
  x: Value,
  skips: readonly Value[],
  { oddSizes }: Conditions,
): Value {
  const [, out, height, width] = x.shape;
  const [, , skipHeight, skipWidth] = skips[skips.length - 1].shape;
  if (oddSizes === 'diffusers') {
    return conv(net, path, net.graph.resize(x, skipHeight, skipWidth), { out });
  }
  const doubled = conv(net, path, net.graph.resize(x, 2 * height, 2 * width), { out });
  return net.graph.resize(doubled, skipHeight, skipWidth);
}

function residual(
  net: Net,
  path: string,
  x: Value,
  out: number,
  { config, time }: Conditions,
): Value {
  return residualBlock(net, path, x, { out, norm: normOf(config), time });
}

/** The level's transformer, where it has one. */
function attend(net: Net, path: string, x: Value, level: number, conditions: Conditions): Value {
  const depth = conditions.config.transformerDepth[level];
  const heads = conditions.config.heads[level];
  return depth > 0 ? transformer(net, path, x, { depth, heads }, conditions) : x;
}

function transformer(
  net: Net,
  path: string,
  x: Value,
  shape: { readonly depth: number; readonly heads: number },
  { config, context }: Conditions,
): Value {
  return spatialTransformer(net, path, x, { ...shape, context, groups: config.normGroups });
}

function normOf(config: UNetConfig): { groups: number; epsilon: number } {
  return { groups: config.normGroups, epsilon: config.normEps };
}
