/** A model of others with its own noise taken out: what it answered at random is then the mean. */
import {
  fieldsOf,
  textOf,
  type ByteRange,
  type ByteSource,
} from '../../weights/onnx/protoFields.ts';
import { attributeTypes } from './model.ts';
import { ProtoWriter } from './protobuf.ts';

const [graphField, nodeField] = [7, 1];
const node = { operator: 4, attribute: 5 } as const;
const attribute = { name: 1, float: 2, type: 20 } as const;

/** The runtime asks for more than 0. */
const weakest = 1e-30;

/**
 * The bytes of a ModelProto in which every normal noise of the outermost graph is too weak to change a
 * float32. The rest stays byte for byte. Throws OnnxError when it is not well formed.
 */
export async function withoutNoise(model: Uint8Array): Promise<Uint8Array> {
  const source: ByteSource = {
    read: (position, length) => Promise.resolve(model.subarray(position, position + length)),
  };
  const silenced = async (range: ByteRange): Promise<Uint8Array> => {
    const writer = new ProtoWriter();
    let isNoise = false;
    for await (const field of fieldsOf(source, range)) {
      if (field.number === node.operator) {
        isNoise = /^RandomNormal(?:Like)?$/.test(await textOf(source, field));
      }
      if (field.number === node.attribute && (await nameOf(source, field)) === 'scale') continue;
      writer.raw(model.subarray(field.at, field.end));
    }
    if (!isNoise) return model.subarray(range.begin, range.end);
    writer.message(node.attribute, (scale) => {
      scale.string(attribute.name, 'scale');
      scale.float(attribute.float, weakest);
      scale.int(attribute.type, attributeTypes.float);
    });
    return writer.finish();
  };
  const graph = (range: ByteRange) => copied({ model, source, range }, nodeField, silenced);
  return copied({ model, source, range: { begin: 0, end: model.length } }, graphField, graph);
}

interface Message {
  readonly model: Uint8Array;
  readonly source: ByteSource;
  readonly range: ByteRange;
}

/** The message with what `change` makes of every field of that number. */
async function copied(
  { model, source, range }: Message,
  number: number,
  change: (range: ByteRange) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const writer = new ProtoWriter();
  for await (const field of fieldsOf(source, range)) {
    if (field.number === number) writer.bytes(number, await change(field));
    else writer.raw(model.subarray(field.at, field.end));
  }
  return writer.finish();
}

async function nameOf(source: ByteSource, range: ByteRange): Promise<string> {
  for await (const field of fieldsOf(source, range)) {
    if (field.number === attribute.name) return textOf(source, field);
  }
  return '';
}
