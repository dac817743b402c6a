/**
 * Every step in operators of ONNX opset 17 alone, written as the formulas say: works on every device
 * and is the oracle that the fused lowerings are tested against.
 */
import { type Activation, type Shape, type Value, type Weight } from '../ir.ts';
import type { Emitter } from './emitter.ts';
import { startsOf } from './lowRankBranch.ts';
import type { Lowering } from './lowering.ts';

/** Where a token may not look, its score sinks by this much: exp gives exactly 0. */
export const unseen = -10_000;

export const plain: Lowering = {
  doubledConv(emit, { x, weight, bias }) {
    const inputs = [
      repeatPixels(emit, emit.value(x), [emit.floats([1, 1, 2, 2])]),
      emit.weight(weight),
      ...(bias ? [emit.weight(bias)] : []),
    ];
    return emit.node('Conv', inputs, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  },

  conv(emit, { x, weight, bias, stride, padding }) {
    const inputs = [emit.value(x), emit.weight(weight), ...(bias ? [emit.weight(bias)] : [])];
    const [, , kernel] = weight.shape;
    return emit.node('Conv', inputs, {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: padding,
    });
  },

  linear: (emit, { x, weight, bias }) => layer(emit, x, weight, bias),

  matrixProduct: (emit, { x, weight }) => emit.node('MatMul', [emit.value(x), emit.weight(weight)]),

  geglu(emit, { x, weight, bias, out }) {
    const both = layer(emit, x, weight, bias);
    const width = out.shape[out.shape.length - 1];
    const [values, gates] = [0, width].map((begin) => sliceLast(emit, both, begin, width));
    return emit.node('Mul', [values, gelu(emit, gates)]);
  },

  groupNorm(emit, { x, weight, bias, groups, epsilon, silu }) {
    const [batch, channels, height, width] = x.shape;
    const perGroup = (channels / groups) * height * width;
    const grouped = reshape(emit, emit.value(x), [batch, groups, perGroup]);
    const normalised = reshape(emit, normalise(emit, grouped, epsilon), x.shape);
    const scaled = emit.node('Mul', [normalised, emit.weight(weight, [channels, 1, 1])]);
    const shifted = emit.node('Add', [scaled, emit.weight(bias, [channels, 1, 1])]);
    return silu ? activate(emit, shifted, 'silu') : shifted;
  },

  standardise(emit, { x, mean, factor }) {
    const [batch, channels, height, width] = x.shape;
    const groups = mean.shape[1];
    const perGroup = (channels / groups) * height * width;
    const grouped = reshape(emit, emit.value(x), [batch, groups, perGroup]);
    const centred = emit.node('Sub', [grouped, emit.value(mean)]);
    return reshape(emit, emit.node('Mul', [centred, emit.value(factor)]), x.shape);
  },

  scaleChannels(emit, { x, weight, bias, silu }) {
    const channels = x.shape[1];
    const scaled = emit.node('Mul', [emit.value(x), emit.weight(weight, [channels, 1, 1])]);
    const shifted = emit.node('Add', [scaled, emit.weight(bias, [channels, 1, 1])]);
    return silu ? activate(emit, shifted, 'silu') : shifted;
  },

  channelSums(emit, { x, mask, out }) {
    const [, channels, height, width] = x.shape;
    const [values, counted] = [x, mask].map((value) => wide(emit, emit.value(value)));
    const rows = reshape(emit, values, [channels, height * width]);
    const squares = emit.node('Mul', [rows, rows]);
    const sums = [rows, squares].map((terms) => emit.node('MatMul', [terms, counted]));
    return reshape(emit, emit.node('Concat', sums, { axis: 1 }), out.shape);
  },

  layerNorm(emit, { x, weight, bias, epsilon }) {
    const scaled = emit.node('Mul', [normalise(emit, emit.value(x), epsilon), emit.weight(weight)]);
    return emit.node('Add', [scaled, emit.weight(bias)]);
  },

  attention(emit, { query, key, value, heads, causal, exact, out }) {
    const widened = exact && emit.precision !== 'float32';
    const perHead = (x: Value, order: readonly number[]): string => {
      const [batch, length, width] = x.shape;
      const whole = widened ? emit.cast(emit.value(x), 'float32') : emit.value(x);
      const split = reshape(emit, whole, [batch, length, heads, width / heads]);
      return emit.node('Transpose', [split], { perm: order });
    };
    const headWidth = out.shape[2] / heads;
    const scale = headWidth ** -0.5;
    const factor = widened ? emit.floatScalar(scale) : emit.real(scale);
    const q = emit.node('Mul', [perHead(query, [0, 2, 1, 3]), factor]);
    let scores = emit.node('MatMul', [q, perHead(key, [0, 2, 3, 1])]);
    if (causal) scores = emit.node('Add', [scores, causalBias(emit, [1, 1, ...square(query)])]);
    const shares = emit.node('Softmax', [scores], { axis: -1 });
    const seen = emit.node('MatMul', [shares, perHead(value, [0, 2, 1, 3])]);
    const joined = reshape(emit, emit.node('Transpose', [seen], { perm: [0, 2, 1, 3] }), out.shape);
    return widened ? emit.cast(joined, emit.precision) : joined;
  },

  activation: (emit, { x, activation }) => activate(emit, emit.value(x), activation),

  prelu: (emit, { x, slopes }) =>
    emit.node('PRelu', [emit.value(x), emit.weight(slopes, [slopes.shape[0], 1, 1])]),

  add: (emit, { a, b }) => emit.node('Add', [emit.value(a), emit.value(b)]),

  addWeight: (emit, { x, weight }) => emit.node('Add', [emit.value(x), emit.weight(weight)]),

  affine(emit, { x, factor, offset }) {
    const scaled = emit.node('Mul', [emit.value(x), emit.real(factor)]);
    return offset === 0 ? scaled : emit.node('Add', [scaled, emit.real(offset)]);
  },

  clamp: (emit, { x, min, max }) =>
    emit.node('Clip', [emit.value(x), emit.real(min), emit.real(max)]),

  concat: (emit, { parts, axis }) =>
    emit.node(
      'Concat',
      parts.map((part) => emit.value(part)),
      { axis },
    ),

  slice: (emit, { x, axis, begin, end }) =>
    emit.node('Slice', [emit.value(x), ...[[begin], [end], [axis]].map((at) => emit.ints(at))]),

  reshape: (emit, { x, out }) => reshape(emit, emit.value(x), out.shape),

  transpose: (emit, { x, order }) => emit.node('Transpose', [emit.value(x)], { perm: order }),

  resize(emit, { x, out }) {
    const [, , height, width] = x.shape;
    const scales = [1, 1, out.shape[2] / height, out.shape[3] / width];
    // Whole factors are given as such: devices have faster ways for them.
    const whole = scales.every(Number.isInteger);
    const target = whole ? [emit.floats(scales)] : ['', emit.ints(out.shape)];
    return repeatPixels(emit, emit.value(x), target);
  },

  embed: (emit, { table, ids }) =>
    emit.node('Gather', [emit.weight(table), emit.value(ids)], { axis: 0 }),
};

function layer(emit: Emitter, x: Value, weight: Weight, bias: Weight | undefined): string {
  const input = emit.value(x);
  const rows = [{ bias: bias && emit.weight(bias) }];
  const [start] = startsOf(emit, weight, input, { rows, times: timesTurned });
  return timesTurned(emit, input, emit.weight(weight), start);
}

function timesTurned(emit: Emitter, x: string, matrix: string, start?: string): string {
  const transposed = emit.node('Transpose', [matrix], { perm: [1, 0] });
  const product = emit.node('MatMul', [x, transposed]);
  return start === undefined ? product : emit.node('Add', [product, start]);
}

/** Nearest neighbour; `target` is one list of scales, or nothing and one of sizes. */
function repeatPixels(emit: Emitter, x: string, target: readonly string[]): string {
  return emit.node('Resize', [x, '', ...target], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}

/** Sums of a whole picture need float32. */
function wide(emit: Emitter, name: string): string {
  return emit.precision === 'float32' ? name : emit.cast(name, 'float32');
}

export function reshape(emit: Emitter, name: string, shape: Shape): string {
  return emit.node('Reshape', [name, emit.ints(shape)]);
}

/** The mask that hides later tokens, [..., S, S]. */
export function causalBias(emit: Emitter, shape: Shape): string {
  const [side, repeats] = [shape[shape.length - 1], shape.slice(0, -2)];
  const copies = repeats.reduce((product, count) => product * count, 1);
  const bias = Float32Array.from({ length: copies * side * side }, (_, i) =>
    i % side > Math.floor(i / side) % side ? unseen : 0,
  );
  return emit.reals(bias, shape, 'causal');
}

function square(tokens: Value): Shape {
  return [tokens.shape[1], tokens.shape[1]];
}

/** (x - mean) / sqrt(variance + epsilon) over the last axis. */
function normalise(emit: Emitter, x: string, epsilon: number): string {
  const overLast = { axes: [-1], keepdims: 1 };
  const centred = emit.node('Sub', [x, emit.node('ReduceMean', [x], overLast)]);
  const squares = emit.node('Mul', [centred, centred]);
  const variance = emit.node('ReduceMean', [squares], overLast);
  const deviation = emit.node('Sqrt', [emit.node('Add', [variance, emit.real(epsilon)])]);
  return emit.node('Div', [centred, deviation]);
}

function sliceLast(emit: Emitter, x: string, begin: number, width: number): string {
  const range = [[begin], [begin + width], [-1]].map((at) => emit.ints(at));
  return emit.node('Slice', [x, ...range]);
}

export function activate(emit: Emitter, x: string, activation: Activation): string {
  switch (activation) {
    case 'silu':
      return emit.node('Mul', [x, emit.node('Sigmoid', [x])]);
    case 'quick_gelu': {
      const steep = emit.node('Mul', [x, emit.real(quickGeluSlope)]);
      return emit.node('Mul', [x, emit.node('Sigmoid', [steep])]);
    }
    case 'gelu':
      return gelu(emit, x);
    case 'relu':
      return emit.node('Relu', [x]);
    case 'leaky_relu':
      return emit.node('LeakyRelu', [x], { alpha: { float: 0.2 } });
    case 'tanh':
      return emit.node('Tanh', [x]);
  }
}

/** x * sigmoid(1.702 x), CLIP's approximation of GELU (Hendrycks & Gimpel 2016). */
export const quickGeluSlope = 1.702;

/** x * (1 + erf(x / sqrt 2)) / 2. */
function gelu(emit: Emitter, x: string): string {
  const erf = emit.node('Erf', [emit.node('Mul', [x, emit.real(Math.SQRT1_2)])]);
  const doubled = emit.node('Mul', [x, emit.node('Add', [erf, emit.real(1)])]);
  return emit.node('Mul', [doubled, emit.real(0.5)]);
}
