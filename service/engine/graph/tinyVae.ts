/**
 * TAESD, the tiny autoencoder (Ollin Boer Bohan 2023): works on scaled latents, a hundred times
 * cheaper than the full one. Layers are numbered as in its module list, without the activations' share.
 */
import type { NetworkWeights } from '../weights/types.ts';
import { GraphBuilder } from './builder.ts';
import type { Graph, Value } from './ir.ts';
import { conv, doubledConv, type Net } from './layers.ts';
import type { PictureSize } from './vae.ts';

const channels = 64;
const latentChannels = 4;
const blocksPerLevel = 3;
const levels = 3;
/** Latents pass 3 tanh(x / 3) first, so that no outlier dominates. */
const latentMagnitude = 3;

/** Input: `latents` [B,4,h,w], scaled. Output: `picture` [B,3,8h,8w], about 0..1. */
export function tinyVaeDecoderGraph(weights: NetworkWeights, size: PictureSize): Graph {
  const graph = new GraphBuilder('tiny-vae-decoder');
  const net: Net = { graph, weights };
  const latents = graph.input('latents', [size.batch, latentChannels, size.height, size.width]);
  const layer = counter('decoder.layers');

  let h = graph.activation(graph.affine(latents, 1 / latentMagnitude), 'tanh');
  h = conv(net, layer(), graph.affine(h, latentMagnitude), { out: channels });
  layer(); // ReLU
  h = graph.activation(h, 'relu');
  for (let level = 0; level < levels; level++) {
    for (let i = 0; i < blocksPerLevel; i++) h = block(net, layer(), h);
    layer(); // doubling
    h = doubledConv(net, layer(), h, { out: channels, bias: false });
  }
  h = block(net, layer(), h);
  graph.output('picture', conv(net, layer(), h, { out: 3 }));
  return graph.finish();
}

/** Input: `picture` [B,3,H,W] in 0..1. Output: `latents` [B,4,H/8,W/8], scaled. */
export function tinyVaeEncoderGraph(weights: NetworkWeights, size: PictureSize): Graph {
  const graph = new GraphBuilder('tiny-vae-encoder');
  const net: Net = { graph, weights };
  const picture = graph.input('picture', [size.batch, 3, size.height, size.width]);
  const layer = counter('encoder.layers');

  let h = conv(net, layer(), picture, { out: channels });
  h = block(net, layer(), h);
  for (let level = 0; level < levels; level++) {
    h = conv(net, layer(), h, { out: channels, stride: 2, bias: false });
    for (let i = 0; i < blocksPerLevel; i++) h = block(net, layer(), h);
  }
  graph.output('latents', conv(net, layer(), h, { out: latentChannels }));
  return graph.finish();
}

/** ReLU(x + conv ReLU conv ReLU conv x). */
function block(net: Net, path: string, x: Value): Value {
  const { graph } = net;
  let h = graph.activation(conv(net, `${path}.conv.0`, x, { out: channels }), 'relu');
  h = graph.activation(conv(net, `${path}.conv.2`, h, { out: channels }), 'relu');
  return graph.activation(graph.add(conv(net, `${path}.conv.4`, h, { out: channels }), x), 'relu');
}

/** Paths of a module list, one after the other. */
function counter(list: string): () => string {
  let next = 0;
  return () => `${list}.${next++}`;
}
