/** Collects the ONNX nodes and tensors that a lowering writes. */
import path from 'node:path';
import { PentimentoError } from '../../../../shared/errors.ts';
import { sizeOfShape } from '../../tensor.ts';
import type { StoredType } from '../../weights/types.ts';
import type { Shape, Value, Weight } from '../ir.ts';
import { halfBits } from '../onnx/half.ts';
import {
  dataTypes,
  type Attributes,
  type DataType,
  type Initializer,
  type OnnxNode,
} from '../onnx/model.ts';

/** The number format a device computes in. */
export type Precision = 'float32' | 'float16';

const storedTypes: Partial<Record<StoredType, { type: Precision; bytes: number }>> = {
  F32: { type: 'float32', bytes: 4 },
  F16: { type: 'float16', bytes: 2 },
};

export class Emitter {
  readonly precision: Precision;
  readonly nodes: OnnxNode[] = [];
  readonly initializers = new Map<string, Initializer>();
  /** Files the initializers point into. */
  readonly files = new Set<string>();
  readonly #names = new Map<number, string>();
  #count = 0;

  constructor(precision: Precision) {
    this.precision = precision;
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

  cast(name: string, type: DataType): string {
    return this.node('Cast', [name], { to: dataTypes[type] });
  }

  /** A weight in the device's number format, straight from its file. */
  weight(weight: Weight, shape: Shape = weight.shape): string {
    return this.#stored(weight, shape, 0);
  }

  /** Rows begin..end (axis 0) of a weight: a byte range of the same file. */
  weightRows(weight: Weight, begin: number, end: number): string {
    return this.#stored(weight, [end - begin, ...weight.shape.slice(1)], begin);
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

  #stored(weight: Weight, shape: Shape, firstRow: number): string {
    const { stored } = weight;
    const format = storedTypes[stored.dtype];
    if (!format) {
      const detail = `${weight.name} is stored as ${stored.dtype}, which must be converted first.`;
      throw new PentimentoError('E_INTERNAL', detail);
    }
    const { type, bytes } = format;
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
    return type === this.precision ? name : this.cast(name, this.precision);
  }

  #inline(type: DataType, bytes: Uint8Array, shape: Shape, label?: string): string {
    const name = `${type}[${shape.join(',')}]${label ?? Buffer.from(bytes).toString('hex')}`;
    if (!this.initializers.has(name)) {
      this.initializers.set(name, { name, type, shape, source: { kind: 'inline', bytes } });
    }
    return name;
  }
}

/** onnxruntime takes external files only below a base folder: we name the volume's root as that. */
function belowRoot(file: string): string {
  return path.relative(path.parse(file).root, file).split(path.sep).join('/');
}

function bytesOf(values: Uint16Array | Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
