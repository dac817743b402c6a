/**
 * Writes a Graph step by step. Every value knows its shape, so a mistake in a network's description
 * throws where it is written, not inside the device.
 */
import { sizeOfShape } from '../tensor.ts';
import {
  printShape,
  sameShape,
  type Activation,
  type Graph,
  type GraphStep,
  type Padding,
  type Shape,
  type Value,
  type ValueType,
  type Weight,
} from './ir.ts';

type Unplaced<S> = S extends GraphStep ? Omit<S, 'out'> : never;

export class GraphBuilder {
  readonly #name: string;
  readonly #repeated: boolean;
  readonly #inputs = new Map<string, Value>();
  readonly #outputs = new Map<string, Value>();
  readonly #steps: GraphStep[] = [];
  #values = 0;

  constructor(name: string, { repeated = false }: { readonly repeated?: boolean } = {}) {
    this.#name = name;
    this.#repeated = repeated;
  }

  input(name: string, shape: Shape, type: ValueType = 'real'): Value {
    expect(!this.#inputs.has(name), `one input called ${name}`, 'two');
    const value = this.#value(shape, type);
    this.#inputs.set(name, value);
    return value;
  }

  output(name: string, value: Value): void {
    const used = this.#inputs.has(name) || this.#outputs.has(name);
    expect(!used, `one input or output called ${name}`, 'two');
    this.#outputs.set(name, value);
  }

  finish(): Graph {
    expect(this.#outputs.size > 0, 'at least one output', 'none');
    return {
      name: this.#name,
      repeated: this.#repeated,
      inputs: this.#inputs,
      outputs: this.#outputs,
      steps: this.#steps,
    };
  }

  conv(x: Value, weight: Weight, options: ConvOptions = {}): Value {
    const { bias, stride = 1 } = options;
    const [outChannels, inChannels, kernel] = axes(weight.shape, 4, weight.name);
    const [batch, channels, height, width] = axes(x.shape, 4, 'the input of a convolution');
    expectEqual(channels, inChannels, `the input channels of ${weight.name}`);
    expectBias(bias, outChannels);
    const same = (kernel - 1) / 2;
    const padding = options.padding ?? [same, same, same, same];
    const [top, left, bottom, right] = padding;
    const side = (length: number, before: number, after: number): number =>
      Math.floor((length + before + after - kernel) / stride) + 1;
    const shape = [batch, outChannels, side(height, top, bottom), side(width, left, right)];
    const step = { kind: 'conv', x, weight, stride, padding } as const;
    return this.#add(bias ? { ...step, bias } : step, shape);
  }

  doubledConv(x: Value, weight: Weight, bias?: Weight): Value {
    const [outChannels, inChannels, ...kernel] = axes(weight.shape, 4, weight.name);
    const [batch, channels, height, width] = axes(x.shape, 4, 'the input of a convolution');
    expectEqual(channels, inChannels, `the input channels of ${weight.name}`);
    expect(sameShape(kernel, [3, 3]), `a kernel of 3x3 in ${weight.name}`, printShape(kernel));
    expectBias(bias, outChannels);
    const step = { kind: 'doubledConv', x, weight } as const;
    const shape = [batch, outChannels, 2 * height, 2 * width];
    return this.#add(bias ? { ...step, bias } : step, shape);
  }

  linear(x: Value, weight: Weight, bias?: Weight): Value {
    const [outWidth, inWidth] = axes(weight.shape, 2, weight.name);
    expectEqual(lastOf(x.shape), inWidth, `the input width of ${weight.name}`);
    expectBias(bias, outWidth);
    const step = { kind: 'linear', x, weight } as const;
    return this.#add(bias ? { ...step, bias } : step, [...x.shape.slice(0, -1), outWidth]);
  }

  matrixProduct(x: Value, weight: Weight): Value {
    const [inWidth, outWidth] = axes(weight.shape, 2, weight.name);
    expectEqual(lastOf(x.shape), inWidth, `the input width of ${weight.name}`);
    return this.#add({ kind: 'matrixProduct', x, weight }, [...x.shape.slice(0, -1), outWidth]);
  }

  geglu(x: Value, weight: Weight, bias: Weight): Value {
    const [doubled, inWidth] = axes(weight.shape, 2, weight.name);
    expectEqual(lastOf(x.shape), inWidth, `the input width of ${weight.name}`);
    expect(doubled % 2 === 0, `an even number of rows in ${weight.name}`, doubled);
    expectBias(bias, doubled);
    return this.#add({ kind: 'geglu', x, weight, bias }, [...x.shape.slice(0, -1), doubled / 2]);
  }

  groupNorm(x: Value, weight: Weight, bias: Weight, options: GroupNormOptions): Value {
    const [, channels] = axes(x.shape, 4, 'the input of a group norm');
    const { groups, epsilon, silu = false } = options;
    expectEqual(channels, weight.shape[0], `the channels of ${weight.name}`);
    expectBias(bias, channels);
    expect(channels % groups === 0, `channels that divide into ${groups} groups`, channels);
    return this.#add({ kind: 'groupNorm', x, weight, bias, groups, epsilon, silu }, x.shape);
  }

  standardise(x: Value, mean: Value, factor: Value): Value {
    const [batch, channels] = axes(x.shape, 4, 'a picture to standardise');
    expectEqual(batch, 1, 'the batch of a picture to standardise');
    const groups = mean.shape[1];
    for (const { shape } of [mean, factor]) {
      expect(sameShape(shape, [1, groups, 1]), `statistics of [1,${groups},1]`, printShape(shape));
    }
    expect(channels % groups === 0, `channels that divide into ${groups} groups`, channels);
    return this.#add({ kind: 'standardise', x, mean, factor }, x.shape);
  }

  scaleChannels(x: Value, weight: Weight, bias: Weight, silu: boolean): Value {
    const [, channels] = axes(x.shape, 4, 'channels to scale');
    expectEqual(channels, weight.shape[0], `the channels of ${weight.name}`);
    expectBias(bias, channels);
    return this.#add({ kind: 'scaleChannels', x, weight, bias, silu }, x.shape);
  }

  channelSums(x: Value, mask: Value): Value {
    const [batch, channels, height, width] = axes(x.shape, 4, 'channels to sum');
    expectEqual(batch, 1, 'the batch of channels to sum');
    expect(sameShape(mask.shape, [height * width, 1]), `a mask of ${height * width}`, mask.shape);
    return this.#add({ kind: 'channelSums', x, mask }, [channels, 2]);
  }

  layerNorm(x: Value, weight: Weight, bias: Weight, epsilon: number): Value {
    expectEqual(lastOf(x.shape), weight.shape[0], `the width of ${weight.name}`);
    expectBias(bias, lastOf(x.shape));
    return this.#add({ kind: 'layerNorm', x, weight, bias, epsilon }, x.shape);
  }

  /** softmax(q k^T / sqrt(C / heads)) v for each head (Vaswani et al. 2017). */
  attention(query: Value, key: Value, value: Value, options: AttentionOptions): Value {
    const { heads, causal = false, exact = false } = options;
    expect(!(causal && exact), 'attention that is causal or exact', 'both');
    const [batch, , width] = axes(query.shape, 3, 'a query');
    expectEqual(key.shape[0], batch, 'the batch of a key');
    expectEqual(lastOf(key.shape), width, 'the width of a key');
    expect(sameShape(key.shape, value.shape), printShape(key.shape), printShape(value.shape));
    expect(width % heads === 0, `a width that divides into ${heads} heads`, width);
    if (causal) expectEqual(key.shape[1], query.shape[1], 'the length of a causal key');
    return this.#add({ kind: 'attention', query, key, value, heads, causal, exact }, query.shape);
  }

  activation(x: Value, activation: Activation): Value {
    return this.#add({ kind: 'activation', x, activation }, x.shape);
  }

  prelu(x: Value, slopes: Weight): Value {
    const [, channels] = axes(x.shape, 4, 'the input of a PReLU');
    expectBias(slopes, channels);
    return this.#add({ kind: 'prelu', x, slopes }, x.shape);
  }

  add(a: Value, b: Value): Value {
    expectEqual(b.shape.length, a.shape.length, 'the number of axes of a summand');
    const shape = a.shape.map((side, axis) => {
      const other = b.shape[axis];
      expect(side === other || other === 1, `an axis of ${side} or 1 in a summand`, other);
      return side;
    });
    return this.#add({ kind: 'add', a, b }, shape);
  }

  addWeight(x: Value, weight: Weight): Value {
    const item = x.shape.slice(x.shape.length - weight.shape.length);
    expect(sameShape(item, weight.shape), `${weight.name} of ${printShape(item)}`, weight.shape);
    return this.#add({ kind: 'addWeight', x, weight }, x.shape);
  }

  affine(x: Value, factor: number, offset = 0): Value {
    return this.#add({ kind: 'affine', x, factor, offset }, x.shape);
  }

  clamp(x: Value, min: number, max: number): Value {
    return this.#add({ kind: 'clamp', x, min, max }, x.shape);
  }

  concat(parts: readonly Value[], axis: number): Value {
    const shape = [...parts[0].shape];
    for (const part of parts.slice(1)) {
      shape[axis] = part.shape[axis];
      expect(sameShape(shape, part.shape), printShape(shape), printShape(part.shape));
    }
    shape[axis] = parts.reduce((sum, part) => sum + part.shape[axis], 0);
    return this.#add({ kind: 'concat', parts, axis }, shape);
  }

  slice(x: Value, axis: number, begin: number, end: number): Value {
    const inside = begin >= 0 && begin < end && end <= x.shape[axis];
    expect(inside, `a range inside 0..${x.shape[axis]}`, `${begin}..${end}`);
    const shape = x.shape.map((side, at) => (at === axis ? end - begin : side));
    return this.#add({ kind: 'slice', x, axis, begin, end }, shape);
  }

  reshape(x: Value, shape: Shape): Value {
    expectEqual(sizeOfShape(x.shape), sizeOfShape(shape), `the size of ${printShape(shape)}`);
    return sameShape(x.shape, shape) ? x : this.#add({ kind: 'reshape', x }, shape);
  }

  transpose(x: Value, order: readonly number[]): Value {
    expect(
      sameShape(
        [...order].toSorted((a, b) => a - b),
        x.shape.map((_, axis) => axis),
      ),
      'each axis once',
      order,
    );
    return this.#add(
      { kind: 'transpose', x, order },
      order.map((axis) => x.shape[axis]),
    );
  }

  /** Nearest neighbour to height and width; nothing is done when x already has them. */
  resize(x: Value, height: number, width: number): Value {
    const [batch, channels] = axes(x.shape, 4, 'a picture to resize');
    const shape = [batch, channels, height, width];
    return sameShape(x.shape, shape) ? x : this.#add({ kind: 'resize', x }, shape);
  }

  embed(ids: Value, table: Weight): Value {
    const [, width] = axes(table.shape, 2, table.name);
    expect(ids.type === 'int32', 'ids of type int32', ids.type);
    return this.#add({ kind: 'embed', ids, table }, [...ids.shape, width]);
  }

  #add(step: Unplaced<GraphStep>, shape: Shape): Value {
    const out = this.#value(shape, 'real');
    this.#steps.push({ ...step, out });
    return out;
  }

  #value(shape: Shape, type: ValueType): Value {
    const whole = shape.length > 0 && shape.every((side) => Number.isInteger(side) && side > 0);
    expect(whole, 'a shape of positive whole sides', printShape(shape));
    return { id: this.#values++, shape, type };
  }
}

export interface ConvOptions {
  readonly bias?: Weight | undefined;
  readonly stride?: number;
  /** Undefined: as much as keeps the size at stride 1. */
  readonly padding?: Padding;
}

export interface GroupNormOptions {
  readonly groups: number;
  readonly epsilon: number;
  readonly silu?: boolean;
}

export interface AttentionOptions {
  readonly heads: number;
  readonly causal?: boolean;
  readonly exact?: boolean;
}

function axes(shape: Shape, count: number, what: string): Shape {
  expectEqual(shape.length, count, `the number of axes of ${what}`);
  return shape;
}

function lastOf(shape: Shape): number {
  return shape[shape.length - 1];
}

function expectBias(bias: Weight | undefined, width: number): void {
  if (bias) expect(sameShape(bias.shape, [width]), `${bias.name} of [${width}]`, bias.shape);
}

function expectEqual(actual: number, expected: number, what: string): void {
  expect(actual === expected, `${expected} for ${what}`, actual);
}

/** Mistakes here are the network description's, never the user's: a plain RangeError. */
function expect(condition: boolean, expected: string, received: unknown): asserts condition {
  if (!condition) throw new RangeError(`Expected ${expected} but received ${String(received)}`);
}
