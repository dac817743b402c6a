/** Walks an ONNX model (github.com/onnx/onnx, onnx.proto): its ports, its constants, its operators. */
import {
  exactNumber,
  fieldsOf,
  malformed,
  OnnxError,
  textOf,
  varintsOf,
  type ByteRange,
  type ByteSource,
} from './protoFields.ts';

/** Element types of TensorProto.DataType that networks take and answer, and weights have. */
const elementTypes: ReadonlyMap<number, OnnxType> = new Map([
  [1, 'F32'],
  [2, 'U8'],
  [3, 'I8'],
  [5, 'I16'],
  [6, 'I32'],
  [7, 'I64'],
  [9, 'BOOL'],
  [10, 'F16'],
  [11, 'F64'],
  [16, 'BF16'],
]);
export type OnnxType =
  | 'F32'
  | 'U8'
  | 'I8'
  | 'I16'
  | 'I32'
  | 'I64'
  | 'BOOL'
  | 'F16'
  | 'F64'
  | 'BF16';

/** An input or output. */
export interface OnnxPort {
  readonly name: string;
  /** Undefined for what is no tensor of a known type. */
  readonly type: OnnxType | undefined;
  /** Undefined sides may have any length; undefined altogether: nothing is said. */
  readonly shape: ReadonlyArray<number | undefined> | undefined;
}

/** A TensorProto, its numbers unread. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType | undefined;
  readonly dims: readonly number[];
  /** In the file; undefined when they lie elsewhere or are written as a list of numbers. */
  readonly raw?: ByteRange;
  /** `location`, `offset`, `length` of a file of weights. */
  readonly external?: ReadonlyMap<string, string>;
}

export interface GraphHeader {
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** All constants, those inside operators and inner graphs too. */
  readonly tensors: readonly OnnxTensor[];
  /** Names of the outermost graph's constants. */
  readonly initializers: ReadonlySet<string>;
  readonly isRandom: boolean;
}

type Message = 'model' | 'graph' | 'node' | 'attribute' | 'function' | 'sparse' | 'tensor';

/** Fields of each message that hold messages in which there may be constants. */
const inner: Readonly<Record<Message, Readonly<Record<number, Message>>>> = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
};

const maxDepth = 16;
const maxTensors = 131_072;
const maxPorts = 4_096;
/** SDXL's UNet has a few hundred thousand. */
const maxFields = 1_000_000;
const randomOperators = /^Random|^Multinomial$|^Bernoulli$/;

interface Walk {
  readonly source: ByteSource;
  readonly tensors: OnnxTensor[];
  readonly initializers: Set<string>;
  readonly inputs: OnnxPort[];
  readonly outputs: OnnxPort[];
  isRandom: boolean;
  hasGraph: boolean;
  fields: number;
}

/** Throws OnnxError when `range` holds no model. */
export async function readGraph(source: ByteSource, range: ByteRange): Promise<GraphHeader> {
  const walk: Walk = {
    source,
    tensors: [],
    initializers: new Set(),
    inputs: [],
    outputs: [],
    isRandom: false,
    hasGraph: false,
    fields: 0,
  };
  await visit(walk, 'model', range, 0);
  if (!walk.hasGraph) throw malformed();
  return walk;
}

async function visit(walk: Walk, kind: Message, range: ByteRange, depth: number): Promise<void> {
  if (depth > maxDepth) throw new OnnxError('its graphs are nested too deeply');
  if (kind === 'tensor') {
    const tensor = await readTensor(walk.source, range);
    walk.tensors.push(tensor);
    if (walk.tensors.length > maxTensors) throw new OnnxError('it has too many constants');
    if (depth === 2) walk.initializers.add(tensor.name);
    return;
  }
  for await (const field of fieldsOf(walk.source, range)) {
    if (++walk.fields > maxFields) throw new OnnxError('it has too many operators');
    const found = inner[kind][field.number];
    if (kind === 'model' && found === 'graph') walk.hasGraph = true;
    if (kind === 'node' && field.number === 4) {
      walk.isRandom ||= randomOperators.test(await textOf(walk.source, field));
    } else if (kind === 'graph' && depth === 1 && (field.number === 11 || field.number === 12)) {
      const ports = field.number === 11 ? walk.inputs : walk.outputs;
      if (ports.length < maxPorts) ports.push(await readPort(walk.source, field));
    } else if (found !== undefined) {
      await visit(walk, found, field, depth + 1);
    }
  }
}

async function readTensor(source: ByteSource, range: ByteRange): Promise<OnnxTensor> {
  const dims: number[] = [];
  let name = '';
  let type: OnnxType | undefined;
  let raw: ByteRange | undefined;
  const external = new Map<string, string>();
  for await (const field of fieldsOf(source, range)) {
    switch (field.number) {
      case 1:
        dims.push(...(await varintsOf(source, field)));
        break;
      case 2:
        type = elementTypes.get(exactNumber(field.value ?? 0n));
        break;
      case 8:
        name = await textOf(source, field);
        break;
      case 9:
        raw = { begin: field.begin, end: field.end };
        break;
      case 13: {
        const [key, value] = await readPair(source, field);
        external.set(key, value);
        break;
      }
    }
    if (dims.length > 16) throw new OnnxError('one of its constants has too many axes');
  }
  return { name, type, dims, ...(raw ? { raw } : {}), ...(external.size > 0 ? { external } : {}) };
}

async function readPair(source: ByteSource, range: ByteRange): Promise<[string, string]> {
  const pair: [string, string] = ['', ''];
  for await (const field of fieldsOf(source, range)) {
    if (field.number === 1 || field.number === 2)
      pair[field.number - 1] = await textOf(source, field);
  }
  return pair;
}

/** ValueInfoProto: name, then a type that may be a tensor's. */
async function readPort(source: ByteSource, range: ByteRange): Promise<OnnxPort> {
  let name = '';
  let type: OnnxType | undefined;
  let shape: Array<number | undefined> | undefined;
  for await (const field of fieldsOf(source, range)) {
    if (field.number === 1) name = await textOf(source, field);
    const tensor = field.number === 2 ? await fieldOf(source, field, 1) : undefined;
    if (!tensor) continue;
    for await (const part of fieldsOf(source, tensor)) {
      if (part.number === 1) type = elementTypes.get(exactNumber(part.value ?? 0n));
      if (part.number === 2) shape = await readSides(source, part);
    }
  }
  return { name, type, shape };
}

/** TensorShapeProto: a number, or a name for a side of any length. */
async function readSides(source: ByteSource, range: ByteRange): Promise<Array<number | undefined>> {
  const sides: Array<number | undefined> = [];
  for await (const field of fieldsOf(source, range)) {
    if (field.number !== 1) continue;
    const side = (await fieldOf(source, field, 1))?.value;
    // Some writers put -1 or 0 where a side is free.
    const isLength = side !== undefined && side > 0n && side < 2n ** 31n;
    sides.push(isLength ? Number(side) : undefined);
    if (sides.length > 16) throw malformed();
  }
  return sides;
}

async function fieldOf(source: ByteSource, range: ByteRange, number: number) {
  for await (const field of fieldsOf(source, range)) if (field.number === number) return field;
  return undefined;
}
