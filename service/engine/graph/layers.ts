/** Layers with named weights, as torch modules have them; `path` is the module's name in the file. */
import { PentimentoError } from '../../../shared/errors.ts';
import type { NetworkWeights } from '../weights/types.ts';
import type { GraphBuilder } from './builder.ts';
import { printShape, sameShape, type Padding, type Shape, type Value, type Weight } from './ir.ts';

/** What a network is written with: the graph that grows and the tensors it may name. */
export interface Net {
  readonly graph: GraphBuilder;
  readonly weights: NetworkWeights;
  /** Whose statistics group norms use (each its input's own). */
  readonly statistics?: StatisticsSource;
}

/** Takes the place of a group norm's own statistics. */
export interface StatisticsSource {
  /** x with a mean of 0 and a deviation of 1 in each group; undefined: by x's own statistics. */
  standardise(graph: GraphBuilder, x: Value, norm: NamedNorm): Value | undefined;
}

export interface NamedNorm extends Norm {
  /** The norm's name in the file. */
  readonly path: string;
}

export interface ConvLayer {
  /** Output channels. */
  readonly out: number;
  /** Side of the kernel, odd. */
  readonly kernel?: 1 | 3;
  readonly stride?: number;
  readonly padding?: Padding;
  readonly bias?: boolean;
}

/**
 * The tensor called `name`, which must have `shape` (a 1x1 convolution may stand for a matrix).
 * Throws E_MODEL_MISSING_PART when it is absent, E_MODEL_DAMAGED when its shape is another.
 */
export function weight(net: Net, name: string, shape: Shape): Weight {
  const stored = net.weights.get(name);
  if (!stored)
    throw new PentimentoError('E_MODEL_MISSING_PART', `The tensor ${name} is not there.`);
  if (!sameShape(withoutOnes(stored.shape), withoutOnes(shape))) {
    const found = `${name} is ${printShape(stored.shape)} where ${printShape(shape)} belongs.`;
    throw new PentimentoError('E_MODEL_DAMAGED', found);
  }
  return { name, shape, stored };
}

/** Convolution of [B,I,H,W]; at stride 1 the size stays unless `padding` says otherwise. */
export function conv(net: Net, path: string, x: Value, layer: ConvLayer): Value {
  const { out, kernel = 3, bias = true, ...placement } = layer;
  return net.graph.conv(x, weight(net, `${path}.weight`, [out, x.shape[1], kernel, kernel]), {
    ...placement,
    bias: bias ? weight(net, `${path}.bias`, [out]) : undefined,
  });
}

/** Repeats every pixel twice both ways, then a 3x3 convolution: [B,I,H,W] to [B,O,2H,2W]. */
export function doubledConv(
  net: Net,
  path: string,
  x: Value,
  { out, bias = true }: Pick<ConvLayer, 'out' | 'bias'>,
): Value {
  const kernel = weight(net, `${path}.weight`, [out, x.shape[1], 3, 3]);
  return net.graph.doubledConv(x, kernel, bias ? weight(net, `${path}.bias`, [out]) : undefined);
}

/** y = x W^T + b over the last axis. */
export function linear(net: Net, path: string, x: Value, out: number): Value {
  const bias = weight(net, `${path}.bias`, [out]);
  return net.graph.linear(x, matrix(net, path, x, out), bias);
}

/** y = x W^T over the last axis. */
export function linearNoBias(net: Net, path: string, x: Value, out: number): Value {
  return net.graph.linear(x, matrix(net, path, x, out));
}

/** y = x W over the last axis, with W stored as [in,out]. */
export function matrixProduct(net: Net, path: string, x: Value, out: number): Value {
  const matrix = weight(net, `${path}.weight`, [x.shape[x.shape.length - 1], out]);
  return net.graph.matrixProduct(x, matrix);
}

/** value * gelu(gate) with both halves from one matrix; answers [...,out]. */
export function geglu(net: Net, path: string, x: Value, out: number): Value {
  const bias = weight(net, `${path}.bias`, [2 * out]);
  return net.graph.geglu(x, matrix(net, path, x, 2 * out), bias);
}

/** x where it is positive, elsewhere x times the channel's slope. */
export function prelu(net: Net, path: string, x: Value): Value {
  return net.graph.prelu(x, weight(net, `${path}.weight`, [x.shape[1]]));
}

export interface Norm {
  readonly groups: number;
  readonly epsilon: number;
}

export function groupNorm(net: Net, path: string, x: Value, norm: Norm): Value {
  const [scale, shift] = scaleAndShift(net, path, x.shape[1]);
  const standard = net.statistics?.standardise(net.graph, x, { ...norm, path });
  return standard
    ? net.graph.scaleChannels(standard, scale, shift, false)
    : net.graph.groupNorm(x, scale, shift, norm);
}

export function groupNormSilu(net: Net, path: string, x: Value, norm: Norm): Value {
  const [scale, shift] = scaleAndShift(net, path, x.shape[1]);
  const standard = net.statistics?.standardise(net.graph, x, { ...norm, path });
  return standard
    ? net.graph.scaleChannels(standard, scale, shift, true)
    : net.graph.groupNorm(x, scale, shift, { ...norm, silu: true });
}

const layerNormEpsilon = 1e-5;

export function layerNorm(net: Net, path: string, x: Value): Value {
  const [scale, shift] = scaleAndShift(net, path, x.shape[x.shape.length - 1]);
  return net.graph.layerNorm(x, scale, shift, layerNormEpsilon);
}

function matrix(net: Net, path: string, x: Value, out: number): Weight {
  return weight(net, `${path}.weight`, [out, x.shape[x.shape.length - 1]]);
}

function scaleAndShift(net: Net, path: string, width: number): [Weight, Weight] {
  return [weight(net, `${path}.weight`, [width]), weight(net, `${path}.bias`, [width])];
}

function withoutOnes(shape: Shape): Shape {
  return shape.filter((side) => side !== 1);
}
