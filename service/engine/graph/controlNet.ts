/** A ControlNet (Zhang et al. 2023): a second way down that also sees a control picture. */
import type { ControlNetConfig, NetworkWeights } from '../weights/types.ts';
import { GraphBuilder } from './builder.ts';
import type { Graph, Value } from './ir.ts';
import { conv, type Net } from './layers.ts';
import { conditionInputs, encode, latentInput, middle } from './unetEncoder.ts';

export interface ControlNetSize {
  readonly batch: number;
  /** Of the latents. */
  readonly height: number;
  readonly width: number;
  /** Length of the text context. */
  readonly tokens: number;
}

/**
 * Inputs: `latents` [B,inChannels,h,w], `hint` [B,hintChannels,8h,8w] in 0..1, and the UNet's `time`,
 * `context` and `added`. Outputs: `down0`, `down1`, ... and `mid`, what is added to the UNet's skip
 * connections and middle at full strength. Throws as unetGraph does.
 */
export function controlNetGraph(
  weights: NetworkWeights,
  config: ControlNetConfig,
  size: ControlNetSize,
): Graph {
  const graph = new GraphBuilder('control-net', { repeated: true });
  const net: Net = { graph, weights };
  const latents = latentInput(graph, config.trunk, size);
  const scale = 2 ** (config.hintWidths.length - 1);
  const { batch, height, width } = size;
  const hint = graph.input('hint', [batch, config.hintChannels, scale * height, scale * width]);
  const conditions = conditionInputs(net, config.trunk, size);

  const skips = encode(net, latents, conditions, hintFeatures(net, hint, config));
  skips.forEach((skip, i) => {
    const out = skip.shape[1];
    graph.output(`down${i}`, conv(net, `controlnet_down_blocks.${i}`, skip, { out, kernel: 1 }));
  });
  const deepest = middle(net, skips[skips.length - 1], conditions);
  const out = deepest.shape[1];
  graph.output('mid', conv(net, 'controlnet_mid_block', deepest, { out, kernel: 1 }));
  return graph.finish();
}

/** The control picture at the size of the latents, by convolutions of which every second one halves. */
function hintFeatures(net: Net, hint: Value, { trunk, hintWidths }: ControlNetConfig): Value {
  const path = 'controlnet_cond_embedding';
  const layer = (name: string, x: Value, out: number, stride = 1): Value =>
    net.graph.activation(conv(net, `${path}.${name}`, x, { out, stride }), 'silu');
  let h = layer('conv_in', hint, hintWidths[0]);
  hintWidths.slice(1).forEach((out, i) => {
    h = layer(`blocks.${2 * i}`, h, hintWidths[i]);
    h = layer(`blocks.${2 * i + 1}`, h, out, 2);
  });
  return conv(net, `${path}.conv_out`, h, { out: trunk.blockOutChannels[0] });
}
