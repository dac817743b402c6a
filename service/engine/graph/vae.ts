/** The variational autoencoder between pictures and latents (Rombach et al. 2022), both halves. */
import type { NetworkWeights, VaeConfig } from '../weights/types.ts';
import { GraphBuilder } from './builder.ts';
import { pixelAttention, residualBlock } from './blocks.ts';
import type { Graph, Value } from './ir.ts';
import { conv, doubledConv, groupNormSilu, type Net } from './layers.ts';

/** Of the network's input: picture pixels for the encoder, latent pixels for the decoder. */
export interface PictureSize {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

const epsilon = 1e-6;
const [minLogVariance, maxLogVariance] = [-30, 20];

/**
 * Input: `picture` [B,3,H,W] in -1..1, sides multiples of the downscale. Outputs: `mean` and
 * `logVariance` [B,latentChannels,H/8,W/8], the log variance clamped to -30..20.
 */
export function vaeEncoderGraph(
  weights: NetworkWeights,
  config: VaeConfig,
  size: PictureSize,
): Graph {
  const graph = new GraphBuilder('vae-encoder');
  const net: Net = { graph, weights };
  const picture = graph.input('picture', [size.batch, 3, size.height, size.width]);
  const h = encoderLevels(net, encoderStem(net, picture, config), config, everyLevel(config));
  encoderAnswer(net, h, config);
  return graph.finish();
}

/** Input: `latents` [B,latentChannels,h,w], unscaled. Output: `picture` [B,3,8h,8w], about -1..1. */
export function vaeDecoderGraph(
  weights: NetworkWeights,
  config: VaeConfig,
  size: PictureSize,
): Graph {
  const graph = new GraphBuilder('vae-decoder');
  const net: Net = { graph, weights };
  const { batch, height, width } = size;
  const latents = graph.input('latents', [batch, config.latentChannels, height, width]);
  const h = decoderLevels(net, decoderStem(net, latents, config), config, everyLevel(config));
  graph.output('picture', decoderAnswer(net, h, config));
  return graph.finish();
}

/** Resolutions of a half in the order of its computation: begin inclusive, end exclusive. */
export interface LevelRange {
  readonly begin: number;
  readonly end: number;
}

function everyLevel({ blockOutChannels }: VaeConfig): LevelRange {
  return { begin: 0, end: blockOutChannels.length };
}

export function encoderStem(net: Net, picture: Value, { blockOutChannels }: VaeConfig): Value {
  return conv(net, 'encoder.conv_in', picture, { out: blockOutChannels[0] });
}

/** Each level with the halving after it, which the last one lacks. */
export function encoderLevels(net: Net, x: Value, config: VaeConfig, levels: LevelRange): Value {
  const { blockOutChannels, layersPerBlock } = config;
  let h = x;
  for (let level = levels.begin; level < levels.end; level++) {
    const path = `encoder.down_blocks.${level}`;
    const out = blockOutChannels[level];
    for (let layer = 0; layer < layersPerBlock; layer++) {
      h = residualBlock(net, `${path}.resnets.${layer}`, h, { out, norm: normOf(config) });
    }
    if (level < blockOutChannels.length - 1) {
      // Zeros on the right and the bottom only: how the published weights were trained.
      const halving = { out, stride: 2, padding: [0, 0, 1, 1] } as const;
      h = conv(net, `${path}.downsamplers.0.conv`, h, halving);
    }
  }
  return h;
}

/** The encoder's middle and its outputs `mean` and `logVariance`. */
export function encoderAnswer(net: Net, x: Value, config: VaeConfig): void {
  const { graph } = net;
  const { latentChannels } = config;
  let h = middle(net, 'encoder.mid_block', x, config);
  h = groupNormSilu(net, 'encoder.conv_norm_out', h, normOf(config));
  h = conv(net, 'encoder.conv_out', h, { out: 2 * latentChannels });
  h = conv(net, 'quant_conv', h, { out: 2 * latentChannels, kernel: 1 });
  graph.output('mean', graph.slice(h, 1, 0, latentChannels));
  const logVariance = graph.slice(h, 1, latentChannels, 2 * latentChannels);
  graph.output('logVariance', graph.clamp(logVariance, minLogVariance, maxLogVariance));
}

/** The decoder's entrance and its middle. */
export function decoderStem(net: Net, latents: Value, config: VaeConfig): Value {
  const [widest] = config.blockOutChannels.toReversed();
  const h = conv(net, 'post_quant_conv', latents, { out: config.latentChannels, kernel: 1 });
  const entered = conv(net, 'decoder.conv_in', h, { out: widest });
  return middle(net, 'decoder.mid_block', entered, config);
}

/** Each level with the doubling before it, which the first one lacks. */
export function decoderLevels(net: Net, x: Value, config: VaeConfig, levels: LevelRange): Value {
  const widths = config.blockOutChannels.toReversed();
  let h = x;
  for (let level = levels.begin; level < levels.end; level++) {
    const out = widths[level];
    if (level > 0) {
      const doubling = `decoder.up_blocks.${level - 1}.upsamplers.0.conv`;
      h = doubledConv(net, doubling, h, { out: widths[level - 1] });
    }
    for (let layer = 0; layer <= config.layersPerBlock; layer++) {
      const path = `decoder.up_blocks.${level}.resnets.${layer}`;
      h = residualBlock(net, path, h, { out, norm: normOf(config) });
    }
  }
  return h;
}

export function decoderAnswer(net: Net, x: Value, config: VaeConfig): Value {
  const h = groupNormSilu(net, 'decoder.conv_norm_out', x, normOf(config));
  return conv(net, 'decoder.conv_out', h, { out: 3 });
}

function middle(net: Net, path: string, x: Value, config: VaeConfig): Value {
  const block = { out: x.shape[1], norm: normOf(config) };
  let h = residualBlock(net, `${path}.resnets.0`, x, block);
  h = pixelAttention(net, `${path}.attentions.0`, h, block.norm);
  return residualBlock(net, `${path}.resnets.1`, h, block);
}

function normOf({ normGroups }: VaeConfig): { readonly groups: number; readonly epsilon: number } {
  return { groups: normGroups, epsilon };
}
