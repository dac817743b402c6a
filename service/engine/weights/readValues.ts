/** The numbers of small tensors, read into memory. */
import { openModelFile, readExactly } from './modelFile.ts';
import { toFloat32, isConvertible } from './toFloat32.ts';
import type { StoredTensor, StoredType } from './types.ts';

/** Values of each tensor in order, as float32; files are opened once each. Throws E_FILE, E_MODEL_CHANGED. */
export async function readValues(tensors: readonly StoredTensor[]): Promise<Float32Array[]> {
  const files = new Map<string, Awaited<ReturnType<typeof openModelFile>>>();
  try {
    const values: Float32Array[] = [];
    for (const tensor of tensors) {
      let file = files.get(tensor.file);
      if (!file) files.set(tensor.file, (file = await openModelFile(tensor.file)));
      const bytes = new Uint8Array(tensor.end - tensor.begin);
      await readExactly(file.handle, bytes, tensor.begin);
      values.push(asFloats(tensor, bytes));
    }
    return values;
  } finally {
    await Promise.all([...files.values()].map(({ handle }) => handle.close()));
  }
}

function asFloats({ dtype, shape, scale }: StoredTensor, bytes: Uint8Array): Float32Array {
  const count = shape.reduce((product, side) => product * side, 1);
  if (isConvertible(dtype)) {
    const out = new Uint32Array(count);
    toFloat32(dtype, bytes, out, scale);
    return new Float32Array(out.buffer);
  }
  const read = integers[dtype];
  if (read) return Float32Array.from(read(bytes.buffer), Number);
  return dtype === 'F32' ? new Float32Array(bytes.buffer) : Float32Array.from(bytes);
}

const integers: Partial<
  Record<StoredType, (buffer: ArrayBufferLike) => Iterable<number | bigint>>
> = {
  I64: (buffer) => new BigInt64Array(buffer),
  I32: (buffer) => new Int32Array(buffer),
  I16: (buffer) => new Int16Array(buffer),
  I8: (buffer) => new Int8Array(buffer),
};
