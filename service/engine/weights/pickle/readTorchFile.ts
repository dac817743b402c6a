/**
 * PyTorch files (.ckpt, .pt, .pth, .bin) read where they lie, as safetensors are: names, shapes and byte
 * ranges. The pickle inside is read by a machine that can only build containers; nothing in it runs.
 */
import { PentimentoError } from '../../../../shared/errors.ts';
import { fileError, openModelFile } from '../modelFile.ts';
import { bytesOfType, type TensorFile } from '../safetensors.ts';
import type { StoredTensor } from '../types.ts';
import { PickleDamaged, PickleUnsafe } from './pickleValues.ts';
import { readTorchLegacy, readTorchZip, type ByteRange } from './torchStorages.ts';
import { torchContents } from './torchTensors.ts';
import type { TorchTensor } from './torchWorld.ts';

/** A tensor whose numbers do not lie in reading order: it can be converted, not used in place. */
export interface StridedTensor extends StoredTensor {
  /** Elements from one item of an axis to the next; `begin` is the first element. */
  readonly stride: readonly number[];
}

export interface TorchFile extends TensorFile {
  readonly strided: ReadonlyMap<string, StridedTensor>;
}

/**
 * Every tensor of the model in a PyTorch file. Throws E_MODEL_UNSAFE (it names code to run),
 * E_MODEL_DAMAGED, E_MODEL_NOT_SAFETENSORS, E_FILE, E_MODEL_CHANGED.
 */
export async function readTorchFile(path: string): Promise<TorchFile> {
  const { handle, stamp } = await openModelFile(path);
  try {
    const start = new Uint8Array(2);
    await handle.read(start, 0, 2, 0);
    const isZip = start[0] === 0x50 && start[1] === 0x4b;
    const parts = isZip ? await readTorchZip(handle) : await readTorchLegacy(handle, stamp);
    const { tensors, metadata } = torchContents(parts.root);
    const placed = new Map<string, StoredTensor>();
    const strided = new Map<string, StridedTensor>();
    for (const [name, tensor] of tensors) {
      const stored = place(tensor, parts.storage(tensor.storage), stamp.file);
      if (isInOrder(tensor)) placed.set(name, stored);
      else strided.set(name, { ...stored, stride: tensor.stride });
    }
    return { ...stamp, tensors: placed, strided, metadata };
  } catch (error) {
    if (error instanceof PickleUnsafe) {
      const what = `it asks to run ${error.what.replaceAll(/[^\w.() -]/g, '?').slice(0, 80)}`;
      throw fileError('E_MODEL_UNSAFE', path, what, error);
    }
    if (error instanceof PickleDamaged)
      throw fileError('E_MODEL_DAMAGED', path, error.message, error);
    if (error instanceof PentimentoError) throw error;
    throw fileError('E_FILE', path, 'it cannot be read', error);
  } finally {
    await handle.close();
  }
}

function place(tensor: TorchTensor, storage: ByteRange, file: string): StoredTensor {
  const { dtype, shape, stride, offset } = tensor;
  const size = bytesOfType(dtype);
  const isEmpty = shape.includes(0);
  // The last element's place; numbers beyond 2^53 only grow, so the comparison still holds.
  const reach = isEmpty ? 0 : shape.reduce((sum, side, axis) => sum + (side - 1) * stride[axis], 1);
  if ((offset + reach) * size > storage.end - storage.begin) {
    throw new PickleDamaged('a tensor reaches beyond its storage');
  }
  const begin = storage.begin + offset * size;
  return { file, dtype, shape, begin, end: begin + reach * size };
}

/** Row after row without gaps; the stride of an axis of length 1 means nothing. */
function isInOrder({ shape, stride }: TorchTensor): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 0) return true;
    if (shape[axis] !== 1 && stride[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}
