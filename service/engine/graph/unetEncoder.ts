/** The way down and the middle of a UNet, which its ControlNets repeat (Zhang et al. 2023). */
import { depthAt } from '../weights/networkShapes.ts';
import type { UNetConfig } from '../weights/types.ts';
import { residualBlock, spatialTransformer } from './blocks.ts';
import type { GraphBuilder } from './builder.ts';
import type { Value } from './ir.ts';
import { conv, linear, type Net } from './layers.ts';

/** What every level sees besides the picture. */
export interface Conditions {
  readonly config: UNetConfig;
  readonly time: Value;
  readonly context: Value;
}

interface ConditionSize {
  readonly batch: number;
  /** Length of the text context. */
  readonly tokens: number;
}

/**
 * The inputs `time` [B,blockOutChannels[0]], the timesteps' sinusoids (timestepEmbedding.ts), `context`
 * [B,T,crossAttentionDim] and, where the configuration has it, `added` [B,addedWidth].
 */
export function conditionInputs(net: Net, config: UNetConfig, size: ConditionSize): Conditions {
  const { graph } = net;
  const width = 4 * config.blockOutChannels[0];
  const sinusoids = graph.input('time', [size.batch, config.blockOutChannels[0]]);
  const context = graph.input('context', [size.batch, size.tokens, config.crossAttentionDim]);
  let time = embedding(net, 'time_embedding', sinusoids, width);
  if (config.addedWidth > 0) {
    const added = graph.input('added', [size.batch, config.addedWidth]);
    time = graph.add(time, embedding(net, 'add_embedding', added, width));
  }
  // Every block begins its use of the embedding with the SiLU.
  return { config, context, time: graph.activation(time, 'silu') };
}

/** linear SiLU linear. */
function embedding(net: Net, path: string, x: Value, width: number): Value {
  const hidden = net.graph.activation(linear(net, `${path}.linear_1`, x, width), 'silu');
  return linear(net, `${path}.linear_2`, hidden, width);
}

/** Input `latents` [B,inChannels,h,w] of a UNet or ControlNet. */
export function latentInput(
  graph: GraphBuilder,
  { inChannels }: UNetConfig,
  size: { readonly batch: number; readonly height: number; readonly width: number },
): Value {
  return graph.input('latents', [size.batch, inChannels, size.height, size.width]);
}

/**
 * The way down; answers all skip connections, the last of them the smallest picture. `shown`
 * [B,blockOutChannels[0],h,w] is added before the first level.
 */
export function encode(net: Net, latents: Value, conditions: Conditions, shown?: Value): Value[] {
  const { blockOutChannels, layersPerBlock } = conditions.config;
  let h = conv(net, 'conv_in', latents, { out: blockOutChannels[0] });
  if (shown) h = net.graph.add(h, shown);
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

export function middle(net: Net, x: Value, conditions: Conditions): Value {
  const { config } = conditions;
  if (config.ownDepths) return x;
  const [, out] = x.shape;
  const heads = config.heads[config.heads.length - 1];
  let h = residual(net, 'mid_block.resnets.0', x, out, conditions);
  const depth = config.midTransformerDepth;
  if (depth > 0) h = transformer(net, 'mid_block.attentions.0', h, { depth, heads }, conditions);
  return residual(net, 'mid_block.resnets.1', h, out, conditions);
}

export function residual(
  net: Net,
  path: string,
  x: Value,
  out: number,
  { config, time }: Conditions,
): Value {
  return residualBlock(net, path, x, { out, norm: normOf(config), time });
}

/** The level's transformer, where it has one. */
export function attend(
  net: Net,
  path: string,
  x: Value,
  level: number,
  conditions: Conditions,
): Value {
  const depth = depthAt(conditions.config, path, level);
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
  const { normGroups: groups, exactAttention: exact } = config;
  return spatialTransformer(net, path, x, { ...shape, context, groups, exact });
}

export function normOf(config: UNetConfig): { groups: number; epsilon: number } {
  return { groups: config.normGroups, epsilon: config.normEps };
}
