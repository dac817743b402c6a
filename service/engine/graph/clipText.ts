/** CLIP's text encoder (Radford et al. 2021): a causal pre-norm transformer over token ids. */
import type { ClipTextConfig, NetworkWeights } from '../weights/types.ts';
import { GraphBuilder } from './builder.ts';
import type { Graph, Value } from './ir.ts';
import { layerNorm, linear, weight, type Net } from './layers.ts';

export interface ClipTextSize {
  readonly batch: number;
  /** 1: all layers run; n: the last n - 1 are left out. 1..layers. */
  readonly clipSkip: number;
}

/**
 * Input: `ids` int32 [B,maxPositions]. Output: `context` [B,maxPositions,hiddenSize], the hidden
 * state after the layers that run, through the final norm.
 */
export function clipTextGraph(
  weights: NetworkWeights,
  config: ClipTextConfig,
  size: ClipTextSize,
): Graph {
  const { hiddenSize, vocabSize, maxPositions } = config;
  const graph = new GraphBuilder('clip-text');
  const net: Net = { graph, weights };
  const ids = graph.input('ids', [size.batch, maxPositions], 'int32');

  const embeddings = 'text_model.embeddings';
  const tokens = weight(net, `${embeddings}.token_embedding.weight`, [vocabSize, hiddenSize]);
  const position = `${embeddings}.position_embedding.weight`;
  const positions = weight(net, position, [maxPositions, hiddenSize]);
  let h = graph.addWeight(graph.embed(ids, tokens), positions);
  for (let layer = 0; layer <= config.layers - size.clipSkip; layer++) {
    h = encoderLayer(net, `text_model.encoder.layers.${layer}`, h, config);
  }
  graph.output('context', layerNorm(net, 'text_model.final_layer_norm', h));
  return graph.finish();
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
