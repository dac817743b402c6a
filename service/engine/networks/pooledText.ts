/** The one vector that stands for a whole text. */
import { tensor, type Tensor } from '../tensor.ts';

/** Where a text ends: at the first of its largest ids, the end token's in both vocabularies. */
export function endOf(ids: Int32Array): number {
  return ids.indexOf(ids.reduce((largest, id) => Math.max(largest, id)));
}

/** Row `position` of [1,T,P], as [1,P]. */
export function pooledAt({ data, shape }: Tensor, position: number): Tensor {
  const width = shape[2];
  return tensor(data.slice(position * width, (position + 1) * width), [1, width]);
}
