/** The part of ONNX that we write (onnx.proto, IR version 8), and its encoding. */
import { ProtoWriter } from './protobuf.ts';

/** Numbers of TensorProto.DataType. */
export const dataTypes = { float32: 1, int32: 6, int64: 7, float16: 10 } as const;
export type DataType = keyof typeof dataTypes;

/** A whole number, a list of them, a text, or a real number. */
export type Attribute = number | readonly number[] | string | { readonly float: number };
export type Attributes = Readonly<Record<string, Attribute>>;

export interface OnnxNode {
  readonly type: string;
  /** '' is ONNX's own; contributed operators are in 'com.microsoft', those on blocks of channels in the last. */
  readonly domain: '' | 'com.microsoft' | typeof blocksDomain;
  /** '' leaves an optional input out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** Bytes of a tensor: inside the model, or a range of a file below the volume's root. */
export type TensorSource =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'file';
      readonly location: string;
      readonly offset: number;
      readonly length: number;
    };

export interface Initializer {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
  readonly source: TensorSource;
}

export interface Port {
  readonly name: string;
  readonly type: DataType;
  /** Sides that may have any length have a name. */
  readonly shape: ReadonlyArray<number | string>;
}

export interface OnnxModel {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly initializers: readonly Initializer[];
  readonly nodes: readonly OnnxNode[];
}

/** onnxruntime's convolutions for the CPU, which its optimiser writes otherwise. */
export const blocksDomain = 'com.microsoft.nchwc';

const irVersion = 8;
/** DirectML's kernels end near 20; 17 is the first with LayerNormalization. */
const opset = 17;

/** The bytes of a ModelProto. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const writer = new ProtoWriter();
  writer.int(1, irVersion);
  writer.string(2, 'pentimento');
  writer.message(7, (graph) => {
    for (const node of model.nodes) graph.message(1, (w) => writeNode(w, node));
    graph.string(2, model.name);
    for (const tensor of model.initializers) graph.message(5, (w) => writeInitializer(w, tensor));
    for (const port of model.inputs) graph.message(11, (w) => writePort(w, port));
    for (const port of model.outputs) graph.message(12, (w) => writePort(w, port));
  });
  // Devices may refuse a model that names a domain they do not have.
  const inBlocks = model.nodes.some(({ domain }) => domain === blocksDomain);
  for (const [domain, version] of [
    ['', opset],
    ['com.microsoft', 1],
    ...(inBlocks ? [[blocksDomain, 1] as const] : []),
  ] as const) {
    writer.message(8, (set) => {
      set.string(1, domain);
      set.int(2, version);
    });
  }
  return writer.finish();
}

function writeNode(writer: ProtoWriter, node: OnnxNode): void {
  for (const input of node.inputs) writer.string(1, input);
  for (const output of node.outputs) writer.string(2, output);
  writer.string(3, `${node.type}:${node.outputs[0]}`);
  writer.string(4, node.type);
  for (const [name, value] of Object.entries(node.attributes)) {
    writer.message(5, (attribute) => writeAttribute(attribute, name, value));
  }
  writer.string(7, node.domain);
}

export const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 } as const;

function writeAttribute(writer: ProtoWriter, name: string, value: Attribute): void {
  writer.string(1, name);
  if (typeof value === 'number') {
    writer.int(3, value);
    writer.int(20, attributeTypes.int);
  } else if (typeof value === 'string') {
    writer.string(4, value);
    writer.int(20, attributeTypes.string);
  } else if ('float' in value) {
    writer.float(2, value.float);
    writer.int(20, attributeTypes.float);
  } else {
    for (const item of value) writer.int(8, item);
    writer.int(20, attributeTypes.ints);
  }
}

const external = 1;

function writeInitializer(writer: ProtoWriter, tensor: Initializer): void {
  const { source } = tensor;
  writer.ints(1, tensor.shape);
  writer.int(2, dataTypes[tensor.type]);
  writer.string(8, tensor.name);
  if (source.kind === 'inline') {
    writer.bytes(9, source.bytes);
    return;
  }
  const { location, offset, length } = source;
  for (const [key, value] of Object.entries({ location, offset, length })) {
    writer.message(13, (entry) => {
      entry.string(1, key);
      entry.string(2, String(value));
    });
  }
  writer.int(14, external);
}

function writePort(writer: ProtoWriter, port: Port): void {
  writer.string(1, port.name);
  writer.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.int(1, dataTypes[port.type]);
      tensor.message(2, (shape) => {
        for (const side of port.shape) {
          // A side with a name may have any length.
          if (typeof side === 'number') shape.message(1, (dimension) => dimension.int(1, side));
          else shape.message(1, (dimension) => dimension.string(2, side));
        }
      });
    }),
  );
}
