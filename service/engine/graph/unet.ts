/**
 * The denoising UNet of Stable Diffusion (Rombach et al. 2022, Podell et al. 2023) from its
 * configuration: SD 1, 2 and XL in any width, with 4 input channels or more (masks, pictures).
 */
import type { OddSizes } from '../diffusion.ts';
import type { NetworkWeights, UNetConfig } from '../weights/types.ts';
import { GraphBuilder } from './builder.ts';
import type { Graph, Value } from './ir.ts';
import { conv, doubledConv, groupNormSilu, type Net } from './layers.ts';
import {
  attend,
  conditionInputs,
  encode,
  latentInput,
  middle,
  normOf,
  residual,
  type Conditions,
} from './unetEncoder.ts';

export interface UNetSize {
  readonly batch: number;
  /** Of the latents. */
  readonly height: number;
  readonly width: number;
  /** Length of the text context. */
  readonly tokens: number;
  readonly oddSizes: OddSizes;
  /** Takes what ControlNets add to its skip connections. */
  readonly controlled?: boolean;
}

/**
 * Inputs: `latents` [B,inChannels,h,w]; `time`, `context` and `added` as conditionInputs says; when
 * controlled, `down0`, `down1`, ... and `mid` in the shapes of a ControlNet's outputs (controlNet.ts).
 * Output: `prediction` [B,outChannels,h,w]. Throws E_MODEL_MISSING_PART or E_MODEL_DAMAGED where the
 * weights do not fit the configuration.
 */
export function unetGraph(weights: NetworkWeights, config: UNetConfig, size: UNetSize): Graph {
  const graph = new GraphBuilder('unet', { repeated: true });
  const net: Net = { graph, weights };
  const latents = latentInput(graph, config, size);
  const conditions = conditionInputs(net, config, size);

  const own = encode(net, latents, conditions);
  const deepest = middle(net, own[own.length - 1], conditions);
  const controlled = (name: string, x: Value): Value =>
    size.controlled ? graph.add(x, graph.input(name, x.shape)) : x;
  const skips = own.map((skip, i) => controlled(`down${i}`, skip));
  const h = decode(net, controlled('mid', deepest), skips, conditions, size.oddSizes);

  const normed = groupNormSilu(net, 'conv_norm_out', h, normOf(config));
  graph.output('prediction', conv(net, 'conv_out', normed, { out: config.outChannels }));
  return graph.finish();
}

/** The way up, which takes the skip connections in reverse. */
function decode(
  net: Net,
  x: Value,
  allSkips: readonly Value[],
  conditions: Conditions,
  oddSizes: OddSizes,
): Value {
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
    if (level > 0) {
      const next = skips[skips.length - 1];
      h = upsample(net, `${path}.upsamplers.0.conv`, h, next, oddSizes);
    }
  });
  return h;
}

/** Doubles the picture, or rather: brings it to the size of the next skip connection. */
function upsample(net: Net, path: string, x: Value, skip: Value, oddSizes: OddSizes): Value {
  const [, out, height, width] = x.shape;
  const [, , skipHeight, skipWidth] = skip.shape;
  const fits = skipHeight === 2 * height && skipWidth === 2 * width;
  if (oddSizes === 'diffusers' && !fits) {
    return conv(net, path, net.graph.resize(x, skipHeight, skipWidth), { out });
  }
  return net.graph.resize(doubledConv(net, path, x, { out }), skipHeight, skipWidth);
}
