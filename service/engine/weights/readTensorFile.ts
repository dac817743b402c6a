/** A model file of any format we read in place: safetensors, or a PyTorch file without programs in it. */
import { basename } from 'node:path';
import { PentimentoError } from '../../../shared/errors.ts';
import { shown } from './headerJson.ts';
import { openModelFile } from './modelFile.ts';
import { readTorchFile } from './pickle/readTorchFile.ts';
import { readSafetensors, type TensorFile } from './safetensors.ts';
import { withScales } from './tensorScales.ts';

/**
 * Names, types, shapes and byte ranges of every tensor; the format is told by the first bytes, whatever
 * the file is called. Throws what readSafetensors and readTorchFile throw, and E_MODEL_CONVERT for a
 * PyTorch file whose numbers do not lie in reading order.
 */
export async function readTensorFile(path: string): Promise<TensorFile> {
  if (!(await isTorchFile(path))) return withScales(await readSafetensors(path));
  const file = await readTorchFile(path);
  const [turned] = file.strided.keys();
  if (turned !== undefined) {
    const what = `${shown(basename(path))}: ${shown(turned)} is stored in another order.`;
    throw new PentimentoError('E_MODEL_CONVERT', what);
  }
  return file;
}

async function isTorchFile(path: string): Promise<boolean> {
  const { handle } = await openModelFile(path);
  try {
    const start = new Uint8Array(9);
    await handle.read(start, 0, start.length, 0);
    const isZip = start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4;
    // A safetensors header may begin with this byte too, as its length; then a brace follows.
    const isPickle = start[0] === 0x80 && start[1] >= 2 && start[1] <= 5 && start[8] !== 0x7b;
    return isZip || isPickle;
  } finally {
    await handle.close();
  }
}
