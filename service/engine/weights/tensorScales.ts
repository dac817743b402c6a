/** 8-bit floats are often stored with a factor beside them, so that they use their whole range. */
import { basename } from 'node:path';
import { PentimentoError } from '../../../shared/errors.ts';
import { sizeOfShape } from '../tensor.ts';
import { shown } from './headerJson.ts';
import { readValues } from './readValues.ts';
import type { TensorFile } from './safetensors.ts';
import type { StoredTensor } from './types.ts';

/** What ComfyUI calls the factor of `x.weight` (comfy/ops.py, scaled fp8). */
const scaleNames = ['scale_weight', 'weight_scale'];

/**
 * The same file with the factor in each 8-bit tensor that has one. Throws E_MODEL_FAMILY for factors by
 * row or by block, and what reading the file throws.
 */
export async function withScales(file: TensorFile): Promise<TensorFile> {
  const found: Array<readonly [name: string, scale: StoredTensor]> = [];
  for (const [name, { dtype }] of file.tensors) {
    if (!dtype.startsWith('F8') || !name.endsWith('weight')) continue;
    const stem = name.slice(0, -'weight'.length);
    const own = scaleNames.flatMap((scale) => file.tensors.get(stem + scale) ?? [])[0];
    if (own) found.push([name, own]);
  }
  if (found.length === 0) return file;
  const several = found.find(([, { shape }]) => sizeOfShape(shape) !== 1);
  if (several) {
    const what = `${shown(basename(file.file))}: ${shown(several[0])} has more than one factor.`;
    throw new PentimentoError('E_MODEL_FAMILY', what);
  }
  const scales = await readValues(found.map(([, scale]) => scale));
  const tensors = new Map(file.tensors);
  for (const [i, [name]] of found.entries()) {
    const stored = file.tensors.get(name);
    if (stored) tensors.set(name, { ...stored, scale: scales[i][0] });
  }
  return { ...file, tensors };
}
