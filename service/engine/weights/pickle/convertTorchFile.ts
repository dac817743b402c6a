/** A PyTorch file written again as .safetensors: the same numbers, in reading order, without a pickle. */
import { randomUUID } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { PentimentoError } from '../../../../shared/errors.ts';
import { sizeOfShape } from '../../tensor.ts';
import { assertUnchanged, openModelFile, readExactly } from '../modelFile.ts';
import { bytesOfType } from '../safetensors.ts';
import { safetensorsHeader, writeAll } from '../safetensorsHeader.ts';
import type { StoredTensor } from '../types.ts';
import { readTorchFile, type StridedTensor } from './readTorchFile.ts';

export interface Converted {
  readonly tensors: number;
  readonly bytes: number;
}

const chunkBytes = 8 * 1024 * 1024;

/**
 * Writes `to` from the PyTorch file `from`; an existing file is never replaced. Nothing half-written is
 * left behind. Throws what reading throws, E_FILE (exists already or not writable), E_DISK_FULL and
 * E_CANCELLED.
 */
export async function convertTorchFile(
  from: string,
  to: string,
  { signal }: { readonly signal?: AbortSignal },
): Promise<Converted> {
  const file = await readTorchFile(from);
  const tensors: [string, StoredTensor | StridedTensor][] = [...file.tensors, ...file.strided];
  if (tensors.length === 0) {
    throw new PentimentoError('E_MODEL_KIND', 'There is no tensor in this file.');
  }
  const header = safetensorsHeader(
    tensors.map(([name, { dtype, shape }]) => {
      return { name, dtype, shape, bytes: sizeOfShape(shape) * bytesOfType(dtype) };
    }),
    { format: 'pt', ...Object.fromEntries(file.metadata) },
  );
  const temporary = `${to}.${randomUUID().slice(0, 8)}.tmp`;
  const { handle } = await openModelFile(from);
  try {
    await writeWhole(temporary, async (out) => {
      await writeAll(out, header.bytes);
      for (const [, tensor] of tensors) {
        if (signal?.aborted) throw new PentimentoError('E_CANCELLED');
        await copyTensor(handle, out, tensor);
      }
    });
    await assertUnchanged([file]);
    await publish(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw outputError(error);
  } finally {
    await handle.close();
  }
  return { tensors: tensors.length, bytes: header.bytes.length + header.dataBytes };
}

async function writeWhole(path: string, write: (out: FileHandle) => Promise<void>): Promise<void> {
  const out = await open(path, 'wx');
  try {
    await write(out);
    await out.sync();
  } finally {
    await out.close();
  }
}

/** A rename would replace what is there: the name is taken first, by an empty file. */
async function publish(temporary: string, to: string): Promise<void> {
  const taken = await open(to, 'wx');
  await taken.close();
  await rename(temporary, to);
}

function outputError(error: unknown): unknown {
  if (error instanceof PentimentoError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new PentimentoError('E_DISK_FULL', 'The converted model did not fit.', { cause: error });
  }
  const sentence =
    code === 'EEXIST' ? 'There is a file of that name already.' : 'It could not be written there.';
  return new PentimentoError('E_FILE', sentence, { cause: error });
}

async function copyTensor(
  input: FileHandle,
  out: FileHandle,
  tensor: StoredTensor | StridedTensor,
): Promise<void> {
  if ('stride' in tensor) return writeAll(out, await gathered(input, tensor));
  for (let at = tensor.begin; at < tensor.end; at += chunkBytes) {
    const bytes = new Uint8Array(Math.min(chunkBytes, tensor.end - at));
    await readExactly(input, bytes, at);
    await writeAll(out, bytes);
  }
}

/** The elements in reading order. */
async function gathered(input: FileHandle, tensor: StridedTensor): Promise<Uint8Array> {
  const { shape, stride, begin, end } = tensor;
  const size = bytesOfType(tensor.dtype);
  const source = new Uint8Array(end - begin);
  await readExactly(input, source, begin);
  const out = new Uint8Array(sizeOfShape(shape) * size);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to += size) {
    out.set(source.subarray(from * size, (from + 1) * size), to);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += stride[axis];
      if (++index[axis] < shape[axis]) break;
      from -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}
