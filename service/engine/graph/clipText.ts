/** The text encoders: CLIP's and OpenCLIP's causal pre-norm transformer over token ids (Radford et al. 2021). */
import type { ClipTextConfig, NetworkWeights } from '../weights/types.ts';
import { GraphBuilder } from './builder.ts';
import type { Graph, Value } from './ir.ts';
import { layerNorm, linear, linearNoBias, matrixProduct, weight, type Net } from './layers.ts';

export interface ClipTextSize {
  readonly batch: number;
  /** The state answered is the one before this many of the last layers; 0..layers. */
  readonly layersLeftOut: number;
  /** The state passes the final norm. */
  readonly normed: boolean;
  /** Takes token embeddings in the place of ids. */
  readonly embedded?: boolean;
}

/**
 * Input: `ids` int32 [B,maxPositions], or `tokens` [B,maxPositions,hiddenSize]. Output: `context` [B,maxPositions,hiddenSize], the hidden state
 * asked for; with a projection also `pooled` [B,maxPositions,width], which every position would answer
 * for the whole text: the last layer's state through the final norm and the projection.
 */
export function clipTextGraph(
  weights: NetworkWeights,
  config: ClipTextConfig,
  size: ClipTextSize,
): Graph {
  const { layers, projection } = config;
  const graph = new GraphBuilder('clip-text');
  const net: Net = { graph, weights };

  let h = positioned(net, tokensOf(net, config, size), config);
  const asked = layers - size.layersLeftOut;
  let context = h;
  for (let layer = 0; layer < (projection ? layers : asked); layer++) {
    h = encoderLayer(net, `text_model.encoder.layers.${layer}`, h, config);
    if (layer === asked - 1) context = h;
  }
  const finalNorm = (x: Value): Value => layerNorm(net, 'text_model.final_layer_norm', x);
  graph.output('context', size.normed ? finalNorm(context) : context);
  if (projection) {
    const project = projection.inFirst ? matrixProduct : linearNoBias;
    graph.output('pooled', project(net, 'text_projection', finalNorm(h), projection.width));
  }
  return graph.finish();
}

const embeddings = 'text_model.embeddings';

function tokensOf(net: Net, config: ClipTextConfig, { batch, embedded }: ClipTextSize): Value {
  const { hiddenSize, vocabSize, maxPositions } = config;
  if (embedded) return net.graph.input('tokens', [batch, maxPositions, hiddenSize]);
  const ids = net.graph.input('ids', [batch, maxPositions], 'int32');
  const table = weight(net, `${embeddings}.token_embedding.weight`, [vocabSize, hiddenSize]);
  return net.graph.embed(ids, table);
}

function positioned(net: Net, tokens: Value, config: ClipTextConfig): Value {
  const { hiddenSize, maxPositions } = config;
  const name = `${embeddings}.position_embedding.weight`;
  return net.graph.addWeight(tokens, weight(net, name, [maxPositions, hiddenSize]));
}

function encoderLayer(net: Net, path: string, x: Value, config: ClipTextConfig): Value {
  const { hiddenSize, intermediateSize, heads, activation } = config;
  const { graph } = net;
  const normed = layerNorm(net, `${path}.layer_norm1`, x);
  const [query, key, value] = ['q_proj', 'k_proj', 'v_proj'].map((name) =>
    linear(net, `${path}.self_attn.${name}`, normed, hiddenSize),
  );
  const seen = graph.attention(query, key, value, { heads, causal: true });
  const h = graph.add(x, linear(net, `${path}.self_attn.out_proj`, seen, hiddenSize));
  const hidden = linear(
    net,
    `${path}.mlp.fc1`,
    layerNorm(net, `${path}.layer_norm2`, h),
    intermediateSize,
  );
  const activated = graph.activation(hidden, activation);
  return graph.add(h, linear(net, `${path}.mlp.fc2`, activated, hiddenSize));
}
