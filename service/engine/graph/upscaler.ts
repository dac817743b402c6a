/**
 * Networks that enlarge pictures: ESRGAN's residual-in-residual dense blocks (Wang et al. 2018, with
 * Real-ESRGAN's pixel folding) and Real-ESRGAN's compact one (Wang et al. 2021).
 */
import type { NetworkWeights, UpscalerConfig } from '../weights/types.ts';
import { GraphBuilder } from './builder.ts';
import type { Graph, Value } from './ir.ts';
import { conv, doubledConv, prelu, type Net } from './layers.ts';

export interface UpscalerSize {
  /** Of the picture that goes in; multiples of ESRGAN's folding. */
  readonly height: number;
  readonly width: number;
}

/** Input: `picture` [1,3,H,W] in 0..1. Output: `larger` [1,3,scale*H,scale*W], about 0..1. */
export function upscalerGraph(
  weights: NetworkWeights,
  config: UpscalerConfig,
  size: UpscalerSize,
): Graph {
  const graph = new GraphBuilder('upscaler');
  const net: Net = { graph, weights };
  const picture = graph.input('picture', [1, 3, size.height, size.width]);
  const larger =
    config.kind === 'esrgan' ? esrgan(net, picture, config) : compact(net, picture, config);
  graph.output('larger', larger);
  return graph.finish();
}

type Esrgan = Extract<UpscalerConfig, { kind: 'esrgan' }>;
type Compact = Extract<UpscalerConfig, { kind: 'compact' }>;

function esrgan(net: Net, picture: Value, config: Esrgan): Value {
  const { graph } = net;
  const { features: out, folding, growth } = config;
  const start = conv(net, 'conv_first', folded(net, picture, folding), { out });
  let h = start;
  for (let block = 0; block < config.blocks; block++) {
    const before = h;
    for (const dense of [1, 2, 3]) h = denseBlock(net, `body.${block}.rdb${dense}`, h, growth);
    h = graph.add(graph.affine(h, residualShare), before);
  }
  h = graph.add(conv(net, 'conv_body', h, { out }), start);
  for (let i = 1; i <= config.doublings; i++) {
    h = graph.activation(doubledConv(net, `conv_up${i}`, h, { out }), 'leaky_relu');
  }
  h = graph.activation(conv(net, 'conv_hr', h, { out }), 'leaky_relu');
  return conv(net, 'conv_last', h, { out: 3 });
}

/** Residuals are added at this share, which keeps deep networks stable. */
const residualShare = 0.2;

/** Five convolutions, each of which sees all before it. */
function denseBlock(net: Net, path: string, x: Value, growth: number): Value {
  const { graph } = net;
  let seen: readonly Value[] = [x];
  for (let i = 1; i <= 4; i++) {
    const h = conv(net, `${path}.conv${i}`, graph.concat(seen, 1), { out: growth });
    seen = [...seen, graph.activation(h, 'leaky_relu')];
  }
  const last = conv(net, `${path}.conv5`, graph.concat(seen, 1), { out: x.shape[1] });
  return graph.add(graph.affine(last, residualShare), x);
}

function compact(net: Net, picture: Value, config: Compact): Value {
  const { features: out, convolutions, scale } = config;
  let h = picture;
  for (let i = 0; i <= convolutions; i++) {
    h = prelu(net, `body.${2 * i + 1}`, conv(net, `body.${2 * i}`, h, { out }));
  }
  h = conv(net, `body.${2 * convolutions + 2}`, h, { out: 3 * scale ** 2 });
  const [, , height, width] = picture.shape;
  return net.graph.add(
    unfolded(net, h, scale),
    net.graph.resize(picture, scale * height, scale * width),
  );
}

/** Squares of pixels become channels: [1,C,fH,fW] to [1,C*f*f,H,W]. */
function folded(net: Net, x: Value, by: number): Value {
  if (by === 1) return x;
  const [, channels, height, width] = x.shape;
  const [h, w] = [height / by, width / by];
  const split = net.graph.reshape(x, [channels, h, by, w, by]);
  const moved = net.graph.transpose(split, [0, 2, 4, 1, 3]);
  return net.graph.reshape(moved, [1, channels * by * by, h, w]);
}

/** Channels become squares of pixels: [1,C*f*f,H,W] to [1,C,fH,fW]. */
function unfolded(net: Net, x: Value, by: number): Value {
  const [, channels, height, width] = x.shape;
  const split = net.graph.reshape(x, [channels / (by * by), by, by, height, width]);
  const moved = net.graph.transpose(split, [0, 3, 1, 4, 2]);
  return net.graph.reshape(moved, [1, channels / (by * by), by * height, by * width]);
}
