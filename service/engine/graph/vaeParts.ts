/**
 * The autoencoder cut in two: the part near the latents, which is small and looks at all pixels at
 * once (attention), and the part near the picture, which fills the memory and sees only neighbours
 * but for its group norms. The second can be computed window by window when those norms are told
 * the statistics of the whole picture.
 */
import type { NetworkWeights, VaeConfig } from '../weights/types.ts';
import { GraphBuilder } from './builder.ts';
import type { Graph, Value } from './ir.ts';
import type { NamedNorm, Net, StatisticsSource } from './layers.ts';
import {
  decoderAnswer,
  decoderLevels,
  decoderStem,
  encoderAnswer,
  encoderLevels,
  encoderStem,
  type LevelRange,
} from './vae.ts';

/** Sides of a part's input in its own pixels. */
export interface PartSize {
  readonly height: number;
  readonly width: number;
}

export interface VaeCut {
  /** Resolutions on the picture's side: 1 or more, fewer than the autoencoder has. */
  readonly outerLevels: number;
}

/** How the group norms of an outer part come to their statistics. */
export interface OuterNorms {
  /**
   * 'own': each its input's; 'told': inputs `mean NAME` and `factor NAME` [1,groups,1], the factor
   * being 1 / sqrt(variance + epsilon).
   */
  readonly statistics: 'own' | 'told';
  /**
   * Outputs `sums NAME` [C,2] of what each norm gets ('own') or makes of it ('told'), over the
   * pixels of inputs `mask HxW` [H*W,1].
   */
  readonly measured: boolean;
}

/** Input `latents` [1,latentChannels,h,w], unscaled; output `features` before the outer levels. */
export function decoderInnerGraph(
  weights: NetworkWeights,
  config: VaeConfig,
  { size, cut }: { readonly size: PartSize; readonly cut: VaeCut },
): Graph {
  const graph = new GraphBuilder('vae-decoder-inner');
  const net: Net = { graph, weights };
  const latents = graph.input('latents', [1, config.latentChannels, size.height, size.width]);
  const { inner } = decoderRanges(config, cut);
  const h = decoderLevels(net, decoderStem(net, latents, config), config, inner);
  graph.output('features', h);
  return graph.finish();
}

export interface OuterPart {
  readonly size: PartSize;
  readonly cut: VaeCut;
  readonly norms: OuterNorms;
}

/** Input `features` as the inner part answers them; output `picture` [1,3,H,W]. */
export function decoderOuterGraph(
  weights: NetworkWeights,
  config: VaeConfig,
  { size, cut, norms }: OuterPart,
): Graph {
  const graph = new GraphBuilder('vae-decoder-outer');
  const net: Net = { graph, weights, statistics: statisticsOf(norms) };
  const { outer } = decoderRanges(config, cut);
  const width = config.blockOutChannels.toReversed()[outer.begin - 1];
  const features = graph.input('features', [1, width, size.height, size.width]);
  const h = decoderLevels(net, features, config, outer);
  graph.output('picture', decoderAnswer(net, h, config));
  return graph.finish();
}

/** Input `picture` [1,3,H,W] in -1..1; output `features` after the outer levels. */
export function encoderOuterGraph(
  weights: NetworkWeights,
  config: VaeConfig,
  { size, cut, norms }: OuterPart,
): Graph {
  const graph = new GraphBuilder('vae-encoder-outer');
  const net: Net = { graph, weights, statistics: statisticsOf(norms) };
  const picture = graph.input('picture', [1, 3, size.height, size.width]);
  const levels = { begin: 0, end: cut.outerLevels };
  graph.output(
    'features',
    encoderLevels(net, encoderStem(net, picture, config), config, levels),
  );
  return graph.finish();
}

/** Input `features` as the outer part answers them; outputs as the whole encoder's. */
export function encoderInnerGraph(
  weights: NetworkWeights,
  config: VaeConfig,
  { size, cut }: { readonly size: PartSize; readonly cut: VaeCut },
): Graph {
  const graph = new GraphBuilder('vae-encoder-inner');
  const net: Net = { graph, weights };
  const width = config.blockOutChannels[cut.outerLevels - 1];
  const features = graph.input('features', [1, width, size.height, size.width]);
  const levels = { begin: cut.outerLevels, end: config.blockOutChannels.length };
  encoderAnswer(net, encoderLevels(net, features, config, levels), config);
  return graph.finish();
}

function decoderRanges(
  { blockOutChannels }: VaeConfig,
  { outerLevels }: VaeCut,
): { readonly inner: LevelRange; readonly outer: LevelRange } {
  const count = blockOutChannels.length;
  const border = count - outerLevels;
  return { inner: { begin: 0, end: border }, outer: { begin: border, end: count } };
}

function statisticsOf({ statistics, measured }: OuterNorms): StatisticsSource {
  const masks = new Map<string, Value>();
  const measure = (graph: GraphBuilder, x: Value, path: string): void => {
    const [, , height, width] = x.shape;
    const name = `mask ${height}x${width}`;
    const mask = masks.get(name) ?? graph.input(name, [height * width, 1]);
    masks.set(name, mask);
    graph.output(`sums ${path}`, graph.channelSums(x, mask));
  };
  return {
    standardise(graph: GraphBuilder, x: Value, { path, groups }: NamedNorm) {
      if (statistics === 'own') {
        if (measured) measure(graph, x, path);
        return undefined;
      }
      const [mean, factor] = ['mean', 'factor'].map((what) =>
        graph.input(`${what} ${path}`, [1, groups, 1]),
      );
      const standard = graph.standardise(x, mean, factor);
      if (measured) measure(graph, standard, path);
      return standard;
    },
  };
}
