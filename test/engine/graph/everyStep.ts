/** A small graph that holds every kind of step once or more. */
import { GraphBuilder } from '../../../service/engine/graph/builder.ts';
import type { Activation, Graph, Shape, Weight } from '../../../service/engine/graph/ir.ts';
import type { NetworkShapes } from '../../../service/engine/weights/networkShapes.ts';
import type { NetworkWeights } from '../../../service/engine/weights/types.ts';

export const everyStepShapes: NetworkShapes = new Map([
  ['kernel.weight', [16, 4, 3, 3]],
  ['doubling.weight', [16, 16, 3, 3]],
  ['halving.weight', [16, 16, 3, 3]],
  ['channel.weight', [16]],
  ['channel.bias', [16]],
  ['matrix.weight', [16, 16]],
  ['gate.weight', [64, 16]],
  ['gate.bias', [64]],
  ['narrow.weight', [16, 32]],
  ['table.weight', [50, 16]],
  ['positions.weight', [16, 16]],
]);

const activations: readonly Activation[] = [
  'silu',
  'gelu',
  'quick_gelu',
  'relu',
  'leaky_relu',
  'tanh',
];

/**
 * Inputs: `picture` [1,4,4,4], `ids` [1,16], `mean` and `factor` [1,4,1], `mask` [16,1]. Outputs:
 * `tokens` [1,16,16], `clamped` [1,24,4,4], `sums` [16,2].
 */
export function everyStepGraph(weights: NetworkWeights): Graph {
  const graph = new GraphBuilder('every-step');
  const weight = (name: string): Weight => {
    const stored = weights.get(name);
    if (!stored) throw new Error(`Expected the tensor ${name}`);
    return { name, shape: stored.shape, stored };
  };
  const picture = graph.input('picture', [1, 4, 4, 4]);
  const ids = graph.input('ids', [1, 16], 'int32');
  const [scale, shift] = [weight('channel.weight'), weight('channel.bias')];

  let h = graph.conv(picture, weight('kernel.weight'), { bias: shift });
  h = graph.groupNorm(h, scale, shift, { groups: 4, epsilon: 1e-5, silu: true });
  const small = graph.conv(h, weight('halving.weight'), { stride: 2, padding: [0, 0, 1, 1] });
  h = graph.add(h, graph.resize(small, 4, 4));
  h = graph.add(h, graph.doubledConv(small, weight('doubling.weight'), shift));

  h = graph.add(h, graph.prelu(h, scale));

  const [mean, factor] = ['mean', 'factor'].map((name) => graph.input(name, [1, 4, 1]));
  h = graph.scaleChannels(graph.standardise(h, mean, factor), scale, shift, true);
  graph.output('sums', graph.channelSums(h, graph.input('mask', [16, 1])));

  const shape: Shape = [1, 16, 16];
  let tokens = graph.transpose(graph.reshape(h, shape), [0, 2, 1]);
  const words = graph.addWeight(
    graph.embed(ids, weight('table.weight')),
    weight('positions.weight'),
  );
  const query = graph.linear(
    graph.layerNorm(tokens, scale, shift, 1e-5),
    weight('matrix.weight'),
    shift,
  );
  tokens = graph.add(tokens, graph.attention(query, words, words, { heads: 2 }));
  tokens = graph.add(tokens, graph.attention(tokens, words, words, { heads: 2, causal: true }));
  const gated = graph.geglu(tokens, weight('gate.weight'), weight('gate.bias'));
  tokens = graph.add(tokens, graph.linear(gated, weight('narrow.weight')));
  tokens = graph.add(tokens, graph.matrixProduct(tokens, weight('matrix.weight')));
  for (const activation of activations)
    tokens = graph.add(tokens, graph.activation(tokens, activation));
  graph.output('tokens', graph.matrixProduct(tokens, weight('matrix.weight')));

  h = graph.prelu(h, weight('channel.bias'));
  const half = graph.slice(h, 1, 8, 16);
  const clamped = graph.clamp(graph.affine(graph.concat([h, half], 1), 2, 0.25), -1, 1.5);
  graph.output('clamped', clamped);
  return graph.finish();
}
