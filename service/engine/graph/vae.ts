/** The variational autoencoder between pictures and latents (Rombach et al. 2022), both halves. */
import type { NetworkWeights, VaeConfig } from '../weights/types.ts';
import { GraphBuilder } from './builder.ts';
import { pixelAttention, residualBlock } from './blocks.ts';
import type { Graph, Value } from './ir.ts';
import { conv, doubledConv, groupNormSilu, type Net, type Norm } from './layers.ts';

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
  const h = encoderLevels(net, encoderStem(net, picture, config), config);
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
  const h = decoderLevels(net, decoderStem(net, latents, config), config);
  graph.output('picture', decoderAnswer(net, h, config));
  return graph.finish();
}

/** The encoder's first convolution: [B,3,H,W] to [B,C,H,W]. */
export function encoderStem(net: Net, picture: Value, { blockOutChannels }: VaeConfig): Value {
  return conv(net, 'encoder.conv_in', picture, { out: blockOutChannels[0] });
}

function encoderLevels(net: Net, x: Value, config: VaeConfig): Value {
  const { blockOutChannels, layersPerBlock } = config;
  let h = x;
  blockOutChannels.forEach((out, level) => {
    for (let layer = 0; layer < layersPerBlock; layer++) {
      const path = `encoder.down_blocks.${level}.resnets.${layer}`;
      h = residualBlock(net, path, h, { out, norm: normOf(config) });
    }
    if (level < blockOutChannels.length - 1) h = encoderHalving(net, h, level);
  });
  return h;
}

/** The halving after a level: [B,C,H,W] to [B,C,H/2,W/2]. */
export function encoderHalving(net: Net, x: Value, level: number): Value {
  // Zeros on the right and the bottom only: how the published weights were trained.
  const halving = { out: x.shape[1], stride: 2, padding: [0, 0, 1, 1] } as const;
  return conv(net, `encoder.down_blocks.${level}.downsamplers.0.conv`, x, halving);
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

function decoderLevels(net: Net, x: Value, config: VaeConfig): Value {
  const levels = config.blockOutChannels.toReversed();
  let h = x;
  levels.forEach((out, level) => {
    const path = `decoder.up_blocks.${level}`;
    for (let layer = 0; layer <= config.layersPerBlock; layer++) {
      h = residualBlock(net, `${path}.resnets.${layer}`, h, { out, norm: normOf(config) });
    }
    if (level < levels.length - 1) {
      h = doubledConv(net, `${path}.upsamplers.0.conv`, h, { out });
    }
  });
  return h;
}

/** The decoder's last norm and convolution: [B,C,H,W] to a picture [B,3,H,W]. */
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

export function normOf({ normGroups }: VaeConfig): Norm {
  return { groups: normGroups, epsilon };
}
