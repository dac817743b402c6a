/**
 * A weight with its changes, as operators over constants: onnxruntime computes them once while it loads the
 * network, always in float32. Formulas: the papers named in weightChange.ts; multipliers as
 * AUTOMATIC1111 applies them.
 */
import { sizeOfShape } from '../../tensor.ts';
import type { Shape, Weight } from '../ir.ts';
import type {
  ChangeForm,
  Factor,
  Generalised,
  Kronecker,
  LowRank,
  Rotation,
  WeightChange,
} from '../weightChange.ts';
import type { Emitter } from './emitter.ts';

/** [out, in, k*k] of a weight: matrices have k = 1, vectors in = k = 1. */
export interface Sides {
  readonly out: number;
  readonly in: number;
  readonly taps: number;
}

export function sidesOf(shape: Shape): Sides {
  const [out, inputs = 1, ...kernel] = shape;
  return { out, in: inputs, taps: sizeOfShape(kernel) };
}

/** The name of the changed weight [out, in, k*k], float32. */
export function changedWeight(
  emit: Emitter,
  weight: Weight,
  changes: readonly WeightChange[],
): string {
  const sides = sidesOf(weight.shape);
  const whole: Shape = [sides.out, sides.in, sides.taps];
  let value = emit.exact(weight, whole);
  for (const { change, scale, multiplier, magnitude } of changes) {
    const summed = magnitude
      ? undefined
      : added(emit, change, { value, sides }, scale * multiplier);
    if (summed !== undefined) {
      value = summed;
      continue;
    }
    const difference = differenceOf(emit, change, { value, sides });
    if (magnitude) {
      const moved = plus(emit, value, times(emit, difference, scale));
      const scaled = withMagnitude(emit, moved, magnitude, sides);
      const step = emit.node('Sub', [scaled, value]);
      value = plus(emit, value, times(emit, step, multiplier));
    } else {
      value = plus(emit, value, times(emit, difference, scale * multiplier));
    }
  }
  return value;
}

/** W + factor * up x down in one product, the commonest change; undefined for others. */
function added(
  emit: Emitter,
  change: ChangeForm,
  { value, sides }: Changing,
  factor: number,
): string | undefined {
  if (change.form !== 'lowRank' || change.core) return undefined;
  const columns = sides.in * sides.taps;
  if (sizeOfShape(change.down.shape.slice(1)) !== columns) return undefined;
  const factors = factorsOf(emit, change);
  const flat = reshape(emit, value, [sides.out, columns]);
  const sum = emit.node('Gemm', [...factors, flat], { alpha: { float: factor } });
  return reshape(emit, sum, [sides.out, sides.in, sides.taps]);
}

interface Changing {
  /** The weight as the changes before left it. */
  readonly value: string;
  readonly sides: Sides;
}

/** [out, in, k*k]. */
function differenceOf(emit: Emitter, change: ChangeForm, { value, sides }: Changing): string {
  const { out, in: inputs, taps } = sides;
  const whole: Shape = [out, inputs, taps];
  switch (change.form) {
    case 'lowRank':
      return widened(emit, lowRank(emit, change, taps), { change, sides });
    case 'hadamard': {
      const [first, second] = change.pairs.map((pair) => lowRank(emit, pair, taps));
      return reshape(emit, emit.node('Mul', [first, second]), whole);
    }
    case 'kronecker':
      return kronecker(emit, change, sides);
    case 'difference': {
      const { in: stored } = sidesOf(change.values.shape);
      return padInputs(emit, emit.exact(change.values, [out, stored, taps]), { stored, sides });
    }
    case 'scaling': {
      const shape = change.along === 'out' ? [out, 1, 1] : [1, inputs, 1];
      return emit.node('Mul', [value, emit.exact(change.vector, shape)]);
    }
    case 'generalised': {
      const [left, right] = change.added.map((factor) => matrix(emit, factor));
      const added = reshape(emit, product(emit, left, right), whole);
      return plus(emit, inputsTurned(emit, value, change), added);
    }
    case 'rotation': {
      const flat = reshape(emit, value, [out, inputs * taps]);
      const turned = reshape(emit, rotated(emit, flat, change, inputs * taps), whole);
      const rescaled = change.rescale
        ? emit.node('Mul', [turned, emit.exact(change.rescale, [out, 1, 1])])
        : turned;
      return emit.node('Sub', [rescaled, value]);
    }
  }
}

/** [out, in * k*k], with the stored number of inputs. */
function lowRank(emit: Emitter, change: LowRank, taps: number): string {
  const [a, b] = factorsOf(emit, change);
  return change.core ? tucker(emit, { a, b, core: change.core }, taps) : product(emit, a, b);
}

/** [out, r] and [r, columns]. */
function factorsOf(emit: Emitter, { up, down, upTurned, first }: LowRank): [string, string] {
  const stored = matrix(emit, up);
  const a = upTurned ? emit.node('Transpose', [stored], { perm: [1, 0] }) : stored;
  const b = matrix(emit, down);
  if (first === undefined) return [a, b];
  const range = (axis: number) => [[0], [first], [axis]].map((at) => emit.ints(at));
  return [emit.node('Slice', [a, ...range(1)]), emit.node('Slice', [b, ...range(0)])];
}

/** sum over p, q of a[o,p] core[p,q,t] b[q,i], as [o, i * t]. */
function tucker(
  emit: Emitter,
  { a, b, core }: { readonly a: string; readonly b: string; readonly core: Weight },
  taps: number,
): string {
  const [p, q] = core.shape;
  // [p, q, t] -> [p, t, q] x [q, i] -> [p, t, i] -> [p, i, t]
  const turned = emit.node('Transpose', [emit.exact(core, [p, q, taps])], { perm: [0, 2, 1] });
  const inner = emit.node('Transpose', [product(emit, turned, b)], { perm: [0, 2, 1] });
  return product(emit, a, reshape(emit, inner, [p, -1]));
}

/** A difference made for fewer input channels than the weight has, as [out, in, k*k]. */
function widened(
  emit: Emitter,
  difference: string,
  { change, sides }: { readonly change: LowRank; readonly sides: Sides },
): string {
  const { out, taps } = sides;
  const { in: inputs, taps: downTaps } = sidesOf(change.down.shape);
  const stored = change.core ? inputs : (inputs * downTaps) / taps;
  return padInputs(emit, reshape(emit, difference, [out, stored, taps]), { stored, sides });
}

function padInputs(
  emit: Emitter,
  difference: string,
  { stored, sides }: { readonly stored: number; readonly sides: Sides },
): string {
  const missing = sides.in - stored;
  if (missing === 0) return difference;
  return emit.node('Pad', [difference, emit.ints([0, 0, 0, 0, missing, 0])]);
}

/** w1 [o1,i1] (x) w2 [o2,i2,t] -> [o1*o2, i1*i2, t]. */
function kronecker(emit: Emitter, { w1, w2 }: Kronecker, { out, in: inputs, taps }: Sides): string {
  const [o1, i1] = factorSides(w1);
  const [o2, i2] = [out / o1, inputs / i1];
  const first = reshape(emit, factor(emit, w1), [o1, 1, i1, 1, 1]);
  const second = reshape(emit, secondFactor(emit, w2, taps), [1, o2, 1, i2, taps]);
  return reshape(emit, emit.node('Mul', [first, second]), [out, inputs, taps]);
}

function secondFactor(emit: Emitter, w2: Kronecker['w2'], taps: number): string {
  if (!('core' in w2)) return factor(emit, w2);
  const a = emit.node('Transpose', [matrix(emit, w2.a)], { perm: [1, 0] });
  return tucker(emit, { a, b: matrix(emit, w2.b), core: w2.core }, taps);
}

function factor(emit: Emitter, value: Factor): string {
  if ('a' in value) return product(emit, matrix(emit, value.a), matrix(emit, value.b));
  return matrix(emit, value);
}

export function factorSides(value: Factor): readonly [number, number] {
  if (!('a' in value)) return [value.shape[0], sizeOfShape(value.shape.slice(1))];
  return [value.a.shape[0], sizeOfShape(value.b.shape.slice(1))];
}

/** Rows of a tensor of any number of axes. */
function matrix(emit: Emitter, weight: Weight): string {
  const [rows, ...rest] = weight.shape;
  return emit.exact(weight, [rows, sizeOfShape(rest)]);
}

/** V g / |V|, with the length over everything but the input column or the output row. */
function withMagnitude(
  emit: Emitter,
  value: string,
  { values, per }: NonNullable<WeightChange['magnitude']>,
  sides: Sides,
): string {
  const [axes, shape] =
    per === 'in'
      ? [
          [0, 2],
          [1, sides.in, 1],
        ]
      : [
          [1, 2],
          [sides.out, 1, 1],
        ];
  const length = emit.node('ReduceL2', [value], { axes, keepdims: 1 });
  const scaled = emit.node('Mul', [value, emit.exact(values, shape)]);
  return emit.node('Div', [scaled, length]);
}

/** W x right[0] x right[1] over the inputs, for every tap by itself, as [out, in, k*k]. */
function inputsTurned(emit: Emitter, value: string, { right }: Generalised): string {
  const [first, second] = right.map((factor) => matrix(emit, factor));
  const taps = { perm: [0, 2, 1] };
  const turned = product(emit, product(emit, emit.node('Transpose', [value], taps), first), second);
  return emit.node('Transpose', [turned], taps);
}

/** [out, columns], each block of rows turned. */
function rotated(emit: Emitter, flat: string, change: Rotation, columns: number): string {
  const { blocks, side, stages, butterfly } = change;
  let value = flat;
  stages.forEach((stage, i) => {
    const turn = emit.exactValues(stage, [blocks, side, side]);
    const apart = butterfly ? 2 ** i * (side / 2) : 0;
    // Rows that lie `apart` come together, two by two.
    const order: Shape = [-1, 2, apart, columns];
    if (butterfly) value = swapped(emit, value, order);
    value = product(emit, turn, reshape(emit, value, [blocks, side, columns]));
    if (butterfly) value = swapped(emit, value, [-1, apart, 2, columns]);
  });
  return value;
}

function swapped(emit: Emitter, value: string, order: Shape): string {
  const columns = order[3];
  const split = emit.node('Transpose', [reshape(emit, value, order)], { perm: [0, 2, 1, 3] });
  return reshape(emit, split, [-1, columns]);
}

function product(emit: Emitter, a: string, b: string): string {
  return emit.node('MatMul', [a, b]);
}

function plus(emit: Emitter, a: string, b: string): string {
  return emit.node('Add', [a, b]);
}

function times(emit: Emitter, value: string, by: number): string {
  return by === 1 ? value : emit.node('Mul', [value, emit.floatScalar(by)]);
}

function reshape(emit: Emitter, value: string, shape: Shape): string {
  return emit.node('Reshape', [value, emit.ints(shape)]);
}
