/**
 * The autoencoder in stages that can be computed in bands of rows. Convolutions see a few rows
 * beyond; only group norms look at the whole picture. So a stage runs once for each of its norms to
 * measure what that norm gets, and once more with all of them told: exactly what the whole network
 * computes, in the memory of one band. The attention in the middle, at the latents' size, is no stage.
 */
import type { NetworkWeights, VaeConfig } from '../weights/types.ts';
import { residualBlock } from './blocks.ts';
import { GraphBuilder } from './builder.ts';
import type { Graph, GraphStep, Value } from './ir.ts';
import { doubledConv, type Net } from './layers.ts';
import {
  decoderAnswer,
  decoderStem,
  encoderAnswer,
  encoderHalving,
  encoderStem,
  normOf,
  type PictureSize,
} from './vae.ts';

/** A part of the network from [1,C,H,W] to [1,outChannels,H*outScale/inScale,...]. */
export interface BandStage {
  /** The same for the same computation. */
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Rows of input that make a unit, and the rows of output they become. */
  readonly inScale: 1 | 2;
  readonly outScale: 1 | 2;
  /** Units of input beyond its own that a unit of output depends on, above and below. */
  readonly halo: number;
  /** Group norms in it. */
  readonly norms: number;
  readonly write: (net: Net, x: Value) => Value;
}

/** From a picture to what the encoder's middle gets. */
export function encoderStages(config: VaeConfig): readonly BandStage[] {
  const { blockOutChannels: widths, layersPerBlock } = config;
  const stages: BandStage[] = [
    {
      ...plainStage('encoder.conv_in', 3, widths[0]),
      halo: 1,
      write: (net, x) => encoderStem(net, x, config),
    },
  ];
  widths.forEach((out, level) => {
    for (let layer = 0; layer < layersPerBlock; layer++) {
      const width = layer === 0 ? (widths[level - 1] ?? out) : out;
      const path = `encoder.down_blocks.${level}.resnets.${layer}`;
      stages.push(residualStage(path, [width, out], config));
    }
    if (level < widths.length - 1) {
      stages.push({
        ...plainStage(`encoder.down_blocks.${level}.downsamplers.0`, out, out),
        inScale: 2,
        halo: 1,
        write: (net, x) => encoderHalving(net, x, level),
      });
    }
  });
  return stages;
}

/** From what the decoder's middle answers to a picture. */
export function decoderStages(config: VaeConfig): readonly BandStage[] {
  const widths = config.blockOutChannels.toReversed();
  const stages: BandStage[] = [];
  widths.forEach((out, level) => {
    const width = widths[level - 1] ?? out;
    for (let layer = 0; layer <= config.layersPerBlock; layer++) {
      const path = `decoder.up_blocks.${level}.resnets.${layer}`;
      const doubles = level > 0 && layer === 0;
      const inner = residualStage(path, [layer === 0 ? width : out, out], config);
      stages.push(doubles ? doubledStage(level, width, inner) : inner);
    }
  });
  const [last] = config.blockOutChannels;
  const write = (net: Net, x: Value) => decoderAnswer(net, x, config);
  stages.push({ ...plainStage('decoder.conv_out', last, 3), halo: 1, norms: 1, write });
  return stages;
}

function plainStage(name: string, inChannels: number, outChannels: number) {
  return { name, inChannels, outChannels, inScale: 1, outScale: 1, norms: 0 } as const;
}

function residualStage(
  path: string,
  [width, out]: readonly [number, number],
  config: VaeConfig,
): BandStage {
  const write = (net: Net, x: Value) => residualBlock(net, path, x, { out, norm: normOf(config) });
  return { ...plainStage(path, width, out), halo: 2, norms: 2, write };
}

/** A doubling and the block after it: what lies between, the widest of all, is never kept whole. */
function doubledStage(level: number, width: number, inner: BandStage): BandStage {
  const path = `decoder.up_blocks.${level - 1}.upsamplers.0.conv`;
  return {
    ...inner,
    inChannels: width,
    outScale: 2,
    write: (net, x) => inner.write(net, doubledConv(net, path, x, { out: width })),
  };
}

/**
 * One run of a stage over a band [1,C,height,width] of its input `x`. With `measures` k the first k
 * norms are told and the output is `sums` [C,2] of what the next one gets, counted over the pixels
 * of input `mask` [pixels,1]; without it all are told and the output is `y`. What is told are inputs
 * `mean i` and `factor i` [1,groups,1], the factor being 1 / sqrt(variance + epsilon).
 */
export function bandGraph(
  weights: NetworkWeights,
  stage: BandStage,
  run: { readonly height: number; readonly width: number; readonly measures?: number | undefined },
): Graph {
  const { height, width, measures } = run;
  const graph = new GraphBuilder(`vae-band ${stage.name}`);
  let norms = 0;
  const statistics = {
    standardise(_: GraphBuilder, x: Value, { groups }: { readonly groups: number }): Value {
      const index = norms++;
      if (index === measures) {
        const mask = graph.input('mask', [x.shape[2] * x.shape[3], 1]);
        graph.output('sums', graph.channelSums(x, mask));
      }
      // What comes after the measured norm is not computed.
      if (measures !== undefined && index >= measures) return x;
      const [mean, factor] = ['mean', 'factor'].map((name) =>
        graph.input(`${name} ${index}`, [1, groups, 1]),
      );
      return graph.standardise(x, mean, factor);
    },
  };
  const x = graph.input('x', [1, stage.inChannels, height, width]);
  const y = stage.write({ graph, weights, statistics }, x);
  if (measures === undefined) graph.output('y', y);
  return onlyNeeded(graph.finish());
}

/** Input `latents` [1,latentChannels,h,w], unscaled; output `y`, what the decoder's stages begin with. */
export function decoderMiddleGraph(
  weights: NetworkWeights,
  config: VaeConfig,
  { height, width }: Omit<PictureSize, 'batch'>,
): Graph {
  const graph = new GraphBuilder('vae-decoder-middle');
  const latents = graph.input('latents', [1, config.latentChannels, height, width]);
  graph.output('y', decoderStem({ graph, weights }, latents, config));
  return graph.finish();
}

/** Input `x`, what the encoder's stages end with; outputs as the whole encoder's. */
export function encoderMiddleGraph(
  weights: NetworkWeights,
  config: VaeConfig,
  { height, width }: Omit<PictureSize, 'batch'>,
): Graph {
  const graph = new GraphBuilder('vae-encoder-middle');
  const [widest] = config.blockOutChannels.toReversed();
  const x = graph.input('x', [1, widest, height, width]);
  encoderAnswer({ graph, weights }, x, config);
  return graph.finish();
}

function onlyNeeded(graph: Graph): Graph {
  const needed = new Set([...graph.outputs.values()].map(({ id }) => id));
  const steps = graph.steps.toReversed().filter((step) => {
    if (!needed.has(step.out.id)) return false;
    for (const { id } of inputsOf(step)) needed.add(id);
    return true;
  });
  return { ...graph, steps: steps.toReversed() };
}

function inputsOf(step: GraphStep): readonly Value[] {
  return Object.values(step).flatMap((part: GraphStep[keyof GraphStep]) => {
    const values: readonly unknown[] = Array.isArray(part) ? part : [part];
    return values.filter(isValue);
  });
}

function isValue(part: unknown): part is Value {
  return typeof part === 'object' && part !== null && 'id' in part;
}
