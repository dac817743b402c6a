/** Batches along axis 0. */
import { sizeOfShape, tensor, type Tensor } from '../tensor.ts';

/** Views of the single items, each with a batch of 1. */
export function itemsOf(batch: Tensor): readonly Tensor[] {
  const [count, ...rest] = batch.shape;
  const size = sizeOfShape(rest);
  return Array.from({ length: count }, (_, i) =>
    tensor(batch.data.subarray(i * size, (i + 1) * size), [1, ...rest]),
  );
}

/** One batch of equally shaped ones; a single one is handed back as it is. */
export function joinBatches(parts: readonly Tensor[]): Tensor {
  if (parts.length === 1) return parts[0];
  const [, ...rest] = parts[0].shape;
  const count = parts.reduce((sum, { shape }) => sum + shape[0], 0);
  const joined = new Float32Array(count * sizeOfShape(rest));
  let at = 0;
  for (const { data } of parts) {
    joined.set(data, at);
    at += data.length;
  }
  return tensor(joined, [count, ...rest]);
}
