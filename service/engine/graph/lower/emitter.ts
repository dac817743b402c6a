/** Collects the ONNX nodes and tensors that a lowering writes. */
import path from 'node:path';
import { PentimentoError } from '../../../../shared/errors.ts';
import { sizeOfShape } from '../../tensor.ts';
import { blockedShape, unblockingOrder } from '../../weights/channelBlocks.ts';
import type { StoredType } from '../../weights/types.ts';
import type { Shape, Value, Weight } from '../ir.ts';
import type { WeightChanges } from '../weightChange.ts';
import { halfBits } from '../onnx/half.ts';
import {
  blocksDomain,
  dataTypes,
  type Attributes,
  type DataType,
  type Initializer,
  type OnnxNode,
  type Port,
} from '../onnx/model.ts';
import { branchInputs, branchRows } from '../weightChange.ts';
import { changedWeight } from './changedWeight.ts';

/** The number format a device computes in. */
export type Precision = 'float32' | 'float16';

const storedTypes: Partial<Record<StoredType, { type: Precision; bytes: number }>> = {
  F32: { type: 'float32', bytes: 4 },
  F16: { type: 'float16', bytes: 2 },
};

export interface EmitterOptions {
  readonly changes?: WeightChanges | undefined;
  /** The graph runs at every step of a job. */
  readonly repeated: boolean;
  /** Layers take low-rank changes with each run (lowRankBranch.ts). */
  readonly branched?: boolean | undefined;
}

export class Emitter {
  readonly precision: Precision;
  readonly repeated: boolean;
  readonly nodes: OnnxNode[] = [];
  readonly initializers = new Map<string, Initializer>();
  /** Files the initializers point into. */
  readonly files = new Set<string>();
  /** Layers that take a low-rank change with each run, by the names of their weights. */
  readonly branches = new Map<string, Weight>();
  /** Pictures that exist in blocks of channels too: those, by the names of the usual ones. */
  readonly inBlocks = new Map<string, string>();
  readonly #branched: boolean;
  readonly #names = new Map<number, string>();
  #count = 0;

  readonly #changes: WeightChanges;
  /** Changed weights that are written already. */
  readonly #changed = new Map<string, string>();

  constructor(
    precision: Precision,
    { changes = new Map(), repeated, branched = false }: EmitterOptions,
  ) {
    this.precision = precision;
    this.repeated = repeated;
    this.#branched = branched;
    this.#changes = changes;
  }

  /** The name that holds a graph value. */
  value(value: Value): string {
    const name = this.#names.get(value.id);
    if (name === undefined) throw new RangeError(`Value ${value.id} is used before it is computed`);
    return name;
  }

  bind(value: Value, name: string): void {
    this.#names.set(value.id, name);
  }

  /** One of ONNX's own operators; answers the name of its only output. */
  node(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#node(type, '', inputs, attributes);
  }

  /** One of onnxruntime's contributed operators. */
  contributed(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#node(type, 'com.microsoft', inputs, attributes);
  }

  /** One of onnxruntime's operators on pictures in blocks of channels. */
  onBlocks(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#node(type, blocksDomain, inputs, attributes);
  }

  /** The names of a layer's low-rank factors, which every run is given; undefined in graphs without. */
  branch(weight: Weight): { readonly down: string; readonly up: string } | undefined {
    if (!this.#branched) return undefined;
    this.branches.set(weight.name, weight);
    const { down, up } = branchInputs(weight);
    if (this.precision === 'float32') return { down: down.name, up: up.name };
    return { down: this.cast(down.name, this.precision), up: this.cast(up.name, this.precision) };
  }

  /** The inputs that hold the factors of all branches. */
  branchPorts(): Port[] {
    if (this.branches.size === 0) return [];
    const factors = [...this.branches.values()].flatMap((weight) => {
      const { down, up } = branchInputs(weight);
      return [down, up].map((port) => ({ ...port, type: 'float32' as const }));
    });
    return [{ ...branchRows, type: 'int64' }, ...factors];
  }

  cast(name: string, type: DataType): string {
    return this.node('Cast', [name], { to: dataTypes[type] });
  }

  /** A weight in the device's number format, straight from its file. */
  weight(weight: Weight, shape: Shape = weight.shape): string {
    const changed = this.#change(weight);
    return changed === undefined
      ? this.#stored(weight, shape, 0, this.precision)
      : this.node('Reshape', [changed, this.ints(shape)]);
  }

  /** Rows begin..end (axis 0) of a weight: a byte range of the same file. */
  weightRows(weight: Weight, begin: number, end: number): string {
    const shape = [end - begin, ...weight.shape.slice(1)];
    const changed = this.#change(weight);
    if (changed === undefined) return this.#stored(weight, shape, begin, this.precision);
    const range = [[begin], [end], [0]].map((at) => this.ints(at));
    return this.node('Reshape', [this.node('Slice', [changed, ...range]), this.ints(shape)]);
  }

  /**
   * A kernel in the blocks of channels that it is stored in, for `onBlocks`; undefined when it is stored
   * otherwise or changed.
   */
  blockedKernel(weight: Weight): string | undefined {
    if (weight.stored.block === undefined || this.#changes.has(weight.name)) return undefined;
    return this.#lying(weight, weight.shape, 0);
  }

  /** A weight in float32, without any change. */
  exact(weight: Weight, shape: Shape): string {
    return this.#stored(weight, shape, 0, 'float32');
  }

  /** A constant in float32 in every precision. */
  exactValues(values: Float32Array, shape: Shape): string {
    return this.#inline('float32', bytesOf(values), shape, `values${this.#count++}`);
  }

  /** One float32 number in every precision. */
  floatScalar(value: number): string {
    return this.#inline('float32', bytesOf(Float32Array.of(value)), []);
  }

  /** A constant in the device's number format. Long ones need a label that tells them apart. */
  reals(values: readonly number[] | Float32Array, shape: Shape, label?: string): string {
    const isHalf = this.precision === 'float16';
    const bytes = bytesOf(isHalf ? halfBits(values) : Float32Array.from(values));
    return this.#inline(this.precision, bytes, shape, label);
  }

  real(value: number): string {
    return this.reals([value], []);
  }

  /** A constant list of float32, where an operator wants that in every precision. */
  floats(values: readonly number[]): string {
    return this.#inline('float32', bytesOf(Float32Array.from(values)), [values.length]);
  }

  /** A constant list of int64. */
  ints(values: readonly number[]): string {
    return this.#inline('int64', bytesOf(BigInt64Array.from(values, BigInt)), [values.length]);
  }

  /** Makes `name` a float32 output of the graph. */
  finishAs(output: string, name: string): void {
    const attributes = { to: dataTypes.float32 };
    this.nodes.push({ type: 'Cast', domain: '', inputs: [name], outputs: [output], attributes });
  }

  #node(
    type: string,
    domain: OnnxNode['domain'],
    inputs: readonly string[],
    attributes: Attributes,
  ): string {
    const output = `v${this.#count++}`;
    this.nodes.push({ type, domain, inputs, outputs: [output], attributes });
    return output;
  }

  /** The changed weight in the device's number format; undefined when nothing changes it. */
  #change(weight: Weight): string | undefined {
    const changes = this.#changes.get(weight.name);
    if (!changes) return undefined;
    const known = this.#changed.get(weight.name);
    if (known !== undefined) return known;
    const exact = changedWeight(this, weight, changes);
    const name = this.precision === 'float32' ? exact : this.cast(exact, this.precision);
    this.#changed.set(weight.name, name);
    return name;
  }

  #stored(weight: Weight, shape: Shape, firstRow: number, precision: Precision): string {
    const { block, shape: kernel } = weight.stored;
    let name = this.#lying(
      weight,
      block === undefined ? shape : blockedShape(kernel, block),
      firstRow,
    );
    if (block !== undefined) {
      name = this.node('Transpose', [name], { perm: unblockingOrder });
      name = this.node('Reshape', [name, this.ints(shape)]);
    }
    return formatOf(weight).type === precision ? name : this.cast(name, precision);
  }

  /** The initializer that is a weight, in the order and the number format it lies in. */
  #lying(weight: Weight, shape: Shape, firstRow: number): string {
    const { stored } = weight;
    const { type, bytes } = formatOf(weight);
    const name = `${weight.name}[${shape.join(',')}@${firstRow}]`;
    if (!this.initializers.has(name)) {
      const rowBytes = sizeOfShape(weight.shape.slice(1)) * bytes;
      const location = belowRoot(stored.file);
      const offset = stored.begin + firstRow * rowBytes;
      const source = {
        kind: 'file',
        location,
        offset,
        length: sizeOfShape(shape) * bytes,
      } as const;
      this.initializers.set(name, { name, type, shape, source });
      this.files.add(stored.file);
    }
    return name;
  }

  #inline(type: DataType, bytes: Uint8Array, shape: Shape, label?: string): string {
    const name = `${type}[${shape.join(',')}]${label ?? Buffer.from(bytes).toString('hex')}`;
    if (!this.initializers.has(name)) {
      this.initializers.set(name, { name, type, shape, source: { kind: 'inline', bytes } });
    }
    return name;
  }
}

function formatOf({ name, stored: { dtype } }: Weight): { type: Precision; bytes: number } {
  const format = storedTypes[dtype];
  if (format) return format;
  const detail = `${name} is stored as ${dtype}, which must be converted first.`;
  throw new PentimentoError('E_INTERNAL', detail);
}

/** onnxruntime takes external files only below a base folder: we name the volume's root as that. */
function belowRoot(file: string): string {
  return path.relative(path.parse(file).root, file).split(path.sep).join('/');
}

function bytesOf(values: Uint16Array | Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
