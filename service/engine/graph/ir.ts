/**
 * What a network computes, without saying how: a list of typed steps over values whose shapes are
 * all known. A device's lowering (lower/) decides which operators compute each step and in which
 * number format; nothing here knows ONNX.
 */
import type { StoredTensor } from '../weights/types.ts';

export type Shape = readonly number[];

/** 'real' is float32 or float16, as the lowering decides; 'int32' holds token ids. */
export type ValueType = 'real' | 'int32';

/** The result of a step, or an input of the graph. */
export interface Value {
  readonly id: number;
  readonly shape: Shape;
  readonly type: ValueType;
}

/** A named tensor that lies in a file; `shape` may regroup the stored axes, the bytes are equal. */
export interface Weight {
  readonly name: string;
  readonly shape: Shape;
  readonly stored: StoredTensor;
}

/** 'leaky_relu' lets a fifth of what is negative through. */
export type Activation = 'silu' | 'gelu' | 'quick_gelu' | 'relu' | 'leaky_relu' | 'tanh';

/** Zeros added around a picture: [top, left, bottom, right]. */
export type Padding = readonly [number, number, number, number];

interface Step {
  readonly out: Value;
}

export interface ConvStep extends Step {
  readonly kind: 'conv';
  /** [B,I,H,W], with a weight [O,I,k,k]. */
  readonly x: Value;
  readonly weight: Weight;
  readonly bias?: Weight;
  readonly stride: number;
  readonly padding: Padding;
}

/** A picture doubled by repeating its pixels, then a 3x3 convolution that keeps the new size. */
export interface DoubledConvStep extends Step {
  readonly kind: 'doubledConv';
  /** [B,I,H,W], with a weight [O,I,3,3] -> [B,O,2H,2W]. */
  readonly x: Value;
  readonly weight: Weight;
  readonly bias?: Weight;
}

export interface LinearStep extends Step {
  readonly kind: 'linear';
  /** [...,I], with a weight [O,I] as torch stores it: y = x W^T + b. */
  readonly x: Value;
  readonly weight: Weight;
  readonly bias?: Weight;
}

/** A matrix stored the other way round: [...,I] with a weight [I,O], y = x W. */
export interface MatrixProductStep extends Step {
  readonly kind: 'matrixProduct';
  readonly x: Value;
  readonly weight: Weight;
}

/** GEGLU (Shazeer 2020): the weight's first half makes values, the second half gates. */
export interface GegluStep extends Step {
  readonly kind: 'geglu';
  /** [...,I], with a weight [2*O,I] and a bias [2*O]: value * gelu(gate), [...,O]. */
  readonly x: Value;
  readonly weight: Weight;
  readonly bias: Weight;
}

export interface GroupNormStep extends Step {
  readonly kind: 'groupNorm';
  /** [B,C,H,W]. */
  readonly x: Value;
  readonly weight: Weight;
  readonly bias: Weight;
  readonly groups: number;
  readonly epsilon: number;
  /** Followed by SiLU, which some devices fuse. */
  readonly silu: boolean;
}

/** (x - mean) * factor with a mean and a factor told for each group of channels. */
export interface StandardiseStep extends Step {
  readonly kind: 'standardise';
  /** [1,C,H,W]. */
  readonly x: Value;
  /** [1,groups,1]. */
  readonly mean: Value;
  /** [1,groups,1]. */
  readonly factor: Value;
}

/** x * weight + bias for each channel. */
export interface ScaleChannelsStep extends Step {
  readonly kind: 'scaleChannels';
  /** [B,C,H,W]. */
  readonly x: Value;
  readonly weight: Weight;
  readonly bias: Weight;
  /** Followed by SiLU. */
  readonly silu: boolean;
}

/** Sums of each channel's values and of their squares, [C,2], in float32 on every device. */
export interface ChannelSumsStep extends Step {
  readonly kind: 'channelSums';
  /** [1,C,H,W]. */
  readonly x: Value;
  /** [H*W,1]: how much each pixel counts. */
  readonly mask: Value;
}

export interface LayerNormStep extends Step {
  readonly kind: 'layerNorm';
  readonly x: Value;
  readonly weight: Weight;
  readonly bias: Weight;
  readonly epsilon: number;
}

export interface AttentionStep extends Step {
  readonly kind: 'attention';
  /** [B,S,C] */
  readonly query: Value;
  /** [B,T,C] */
  readonly key: Value;
  readonly value: Value;
  readonly heads: number;
  /** No token sees a later one (text encoders). */
  readonly causal: boolean;
  /** In float32 even where the device would in float16: some models' scores overflow. Never causal. */
  readonly exact: boolean;
}

export interface ActivationStep extends Step {
  readonly kind: 'activation';
  readonly x: Value;
  readonly activation: Activation;
}

/** Negative values times a slope for each channel (He et al. 2015). */
export interface PreluStep extends Step {
  readonly kind: 'prelu';
  /** [B,C,H,W], with slopes [C]. */
  readonly x: Value;
  readonly slopes: Weight;
}

/** Elementwise sum; an axis of length 1 stretches. */
export interface AddStep extends Step {
  readonly kind: 'add';
  readonly a: Value;
  readonly b: Value;
}

/** Adds one weight to every item of the batch: [B,...S] + [...S]. */
export interface AddWeightStep extends Step {
  readonly kind: 'addWeight';
  readonly x: Value;
  readonly weight: Weight;
}

/** x * factor + offset. */
export interface AffineStep extends Step {
  readonly kind: 'affine';
  readonly x: Value;
  readonly factor: number;
  readonly offset: number;
}

export interface ClampStep extends Step {
  readonly kind: 'clamp';
  readonly x: Value;
  readonly min: number;
  readonly max: number;
}

export interface ConcatStep extends Step {
  readonly kind: 'concat';
  readonly parts: readonly Value[];
  readonly axis: number;
}

export interface SliceStep extends Step {
  readonly kind: 'slice';
  readonly x: Value;
  readonly axis: number;
  readonly begin: number;
  readonly end: number;
}

export interface ReshapeStep extends Step {
  readonly kind: 'reshape';
  readonly x: Value;
}

export interface TransposeStep extends Step {
  readonly kind: 'transpose';
  readonly x: Value;
  readonly order: readonly number[];
}

/** Nearest neighbour: out[y][x] = in[floor(y * h / H)][floor(x * w / W)]. */
export interface ResizeStep extends Step {
  readonly kind: 'resize';
  readonly x: Value;
}

/** Rows of a table by id: ids [B,S], table [N,C] -> [B,S,C]. */
export interface EmbedStep extends Step {
  readonly kind: 'embed';
  readonly ids: Value;
  readonly table: Weight;
}

export type GraphStep =
  | ConvStep
  | DoubledConvStep
  | LinearStep
  | MatrixProductStep
  | GegluStep
  | GroupNormStep
  | StandardiseStep
  | ScaleChannelsStep
  | ChannelSumsStep
  | LayerNormStep
  | AttentionStep
  | ActivationStep
  | PreluStep
  | AddStep
  | AddWeightStep
  | AffineStep
  | ClampStep
  | ConcatStep
  | SliceStep
  | ReshapeStep
  | TransposeStep
  | ResizeStep
  | EmbedStep;

export type StepKind = GraphStep['kind'];
export type StepOf<K extends StepKind> = Extract<GraphStep, { kind: K }>;

/** A whole network for one set of sizes. Reals go in and come out as float32 on every device. */
export interface Graph {
  readonly name: string;
  /** Runs at every step of a job: speed is worth some memory. */
  readonly repeated: boolean;
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  readonly steps: readonly GraphStep[];
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}

export function printShape(shape: Shape): string {
  return `[${shape.join(',')}]`;
}
