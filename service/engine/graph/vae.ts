/** The variational autoencoder between pictures and latents (Rombach et al. 2022), both halves. */
import type { NetworkWeights, VaeConfig } from '../weights/types.ts';
import { GraphBuilder } from './builder.ts';
import { pixelAttention, residualBlock } from './blocks.ts';
import type { Graph, Value } from './ir.ts';
import { conv, groupNormSilu, type Net } from './layers.ts';

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
  const { blockOutChannels, latentChannels, layersPerBlock } = config;
  const norm = { groups: config.normGroups, epsilon };
  const graph = new GraphBuilder('vae-encoder');
  const net: Net = { graph, weights };
  const picture = graph.input('picture', [size.batch, 3, size.height, size.width]);

  let h = conv(net, 'encoder.conv_in', picture, { out: blockOutChannels[0] });
  blockOutChannels.forEach((out, level) => {
    const path = `encoder.down_blocks.${level}`;
    for (let layer = 0; layer < layersPerBlock; layer++) {
      h = residualBlock(net, `${path}.resnets.${layer}`, h, { out, norm });
    }
    if (level < blockOutChannels.length - 1) {
      // Zeros on the right and the bottom only: how the published weights were trained.
      const halving = { out, stride: 2, padding: [0, 0, 1, 1] } as const;
      h = conv(net, `${path}.downsamplers.0.conv`, h, halving);
    }
  });
  h = middle(net, 'encoder.mid_block', h, config);
  h = groupNormSilu(net, 'encoder.conv_norm_out', h, norm);
  h = conv(net, 'encoder.conv_out', h, { out: 2 * latentChannels });
  h = conv(net, 'quant_conv', h, { out: 2 * latentChannels, kernel: 1 });

  graph.output('mean', graph.slice(h, 1, 0, latentChannels));
  const logVariance = graph.slice(h, 1, latentChannels, 2 * latentChannels);
  graph.output('logVariance', graph.clamp(logVariance, minLogVariance, maxLogVariance));
  return graph.finish();
}

/** Input: `latents` [B,latentChannels,h,w], unscaled. Output: `picture` [B,3,8h,8w], about -1..1. */
export function vaeDecoderGraph(
  weights: NetworkWeights,
  config: VaeConfig,
  size: PictureSize,
): Graph {
  const { latentChannels, layersPerBlock } = config;
  const levels = config.blockOutChannels.toReversed();
  const norm = { groups: config.normGroups, epsilon };
  const graph = new GraphBuilder('vae-decoder');
  const net: Net = { graph, weights };
  const latents = graph.input('latents', [size.batch, latentChannels, size.height, size.width]);

  let h = conv(net, 'post_quant_conv', latents, { out: latentChannels, kernel: 1 });
  h = conv(net, 'decoder.conv_in', h, { out: levels[0] });
  h = middle(net, 'decoder.mid_block', h, config);
  levels.forEach((out, level) => {
    const path = `decoder.up_blocks.${level}`;
    for (let layer = 0; layer <= layersPerBlock; layer++) {
      h = residualBlock(net, `${path}.resnets.${layer}`, h, { out, norm });
    }
    if (level < levels.length - 1) {
      const [, , height, width] = h.shape;
      h = graph.resize(h, 2 * height, 2 * width);
      h = conv(net, `${path}.upsamplers.0.conv`, h, { out });
    }
  });
  h = groupNormSilu(net, 'decoder.conv_norm_out', h, norm);
  graph.output('picture', conv(net, 'decoder.conv_out', h, { out: 3 }));
  return graph.finish();
}

function middle(net: Net, path: string, x: Value, config: VaeConfig): Value {
  const block = { out: x.shape[1], norm: { groups: config.normGroups, epsilon } };
  let h = residualBlock(net, `${path}.resnets.0`, x, block);
  h = pixelAttention(net, `${path}.attentions.0`, h, block.norm);
  return residualBlock(net, `${path}.resnets.1`, h, block);
}
