/** The parts that the UNet and the autoencoder are made of. */
import type { Value } from './ir.ts';
import {
  conv,
  geglu,
  groupNorm,
  groupNormSilu,
  layerNorm,
  linear,
  linearNoBias,
  type Net,
  type Norm,
} from './layers.ts';

export interface ResidualBlock {
  /** Output channels. */
  readonly out: number;
  readonly norm: Norm;
  /** SiLU of the time embedding [B,E]; the autoencoder has none. */
  readonly time?: Value;
}

/** x + conv(norm(conv(norm(x)) + time)), with a 1x1 convolution on x where the channels change. */
export function residualBlock(net: Net, path: string, x: Value, block: ResidualBlock): Value {
  const { out, norm, time } = block;
  const { graph } = net;
  let h = conv(net, `${path}.conv1`, groupNormSilu(net, `${path}.norm1`, x, norm), { out });
  if (time) {
    const shift = linear(net, `${path}.time_emb_proj`, time, out);
    h = graph.add(h, graph.reshape(shift, [...shift.shape, 1, 1]));
  }
  h = conv(net, `${path}.conv2`, groupNormSilu(net, `${path}.norm2`, h, norm), { out });
  const skip = x.shape[1] === out ? x : conv(net, `${path}.conv_shortcut`, x, { out, kernel: 1 });
  return graph.add(h, skip);
}

/** A transformer's group norm has this epsilon in every published model, unlike the blocks'. */
const transformerEpsilon = 1e-6;

export interface Transformer {
  /** Text context [B,T,C]. */
  readonly context: Value;
  readonly depth: number;
  readonly heads: number;
  readonly groups: number;
  /** Attention stays in float32. */
  readonly exact: boolean;
}

/**
 * x plus what its pixels, as tokens, learn from each other and from the text. The projections are
 * 1x1 convolutions in SD 1 and matrices in SD 2; over tokens both are the same matrix.
 */
export function spatialTransformer(net: Net, path: string, x: Value, block: Transformer): Value {
  const [, channels] = x.shape;
  const norm = { groups: block.groups, epsilon: transformerEpsilon };
  let tokens = tokensOf(net, groupNorm(net, `${path}.norm`, x, norm));
  tokens = linear(net, `${path}.proj_in`, tokens, channels);
  for (let i = 0; i < block.depth; i++) {
    tokens = transformerBlock(net, `${path}.transformer_blocks.${i}`, tokens, block);
  }
  tokens = linear(net, `${path}.proj_out`, tokens, channels);
  return net.graph.add(pictureOf(net, tokens, x), x);
}

function transformerBlock(net: Net, path: string, tokens: Value, block: Transformer): Value {
  const { graph } = net;
  const { context, heads, exact } = block;
  const width = tokens.shape[2];
  const self = layerNorm(net, `${path}.norm1`, tokens);
  let h = graph.add(tokens, attention(net, `${path}.attn1`, [self, self], { heads, exact }));
  const cross = layerNorm(net, `${path}.norm2`, h);
  h = graph.add(h, attention(net, `${path}.attn2`, [cross, context], { heads, exact }));
  const hidden = geglu(net, `${path}.ff.net.0.proj`, layerNorm(net, `${path}.norm3`, h), 4 * width);
  return graph.add(h, linear(net, `${path}.ff.net.2`, hidden, width));
}

function attention(
  net: Net,
  path: string,
  [x, source]: readonly [Value, Value],
  options: { readonly heads: number; readonly exact: boolean },
): Value {
  const width = x.shape[2];
  const query = linearNoBias(net, `${path}.to_q`, x, width);
  const key = linearNoBias(net, `${path}.to_k`, source, width);
  const value = linearNoBias(net, `${path}.to_v`, source, width);
  return linear(net, `${path}.to_out.0`, net.graph.attention(query, key, value, options), width);
}

/** The autoencoder's middle attention: one head over all pixels, around a residual. */
export function pixelAttention(net: Net, path: string, x: Value, norm: Norm): Value {
  const [, channels] = x.shape;
  const tokens = tokensOf(net, groupNorm(net, `${path}.group_norm`, x, norm));
  const [query, key, value] = ['to_q', 'to_k', 'to_v'].map((name) =>
    linear(net, `${path}.${name}`, tokens, channels),
  );
  const seen = net.graph.attention(query, key, value, { heads: 1 });
  return net.graph.add(pictureOf(net, linear(net, `${path}.to_out.0`, seen, channels), x), x);
}

/** [B,C,H,W] to [B,HW,C]. */
function tokensOf(net: Net, x: Value): Value {
  const [batch, channels, height, width] = x.shape;
  return net.graph.transpose(net.graph.reshape(x, [batch, channels, height * width]), [0, 2, 1]);
}

/** [B,HW,C] back to the shape of `like`. */
function pictureOf(net: Net, tokens: Value, like: Value): Value {
  return net.graph.reshape(net.graph.transpose(tokens, [0, 2, 1]), like.shape);
}
