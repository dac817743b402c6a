/** LoRA files as they are asked for with a job, opened for the device to read. */
import { basename, extname } from 'node:path';
import { float32Copy } from '../weights/float32Copy.ts';
import { assertUnchanged } from '../weights/modelFile.ts';
import { readTensorFile } from '../weights/readTensorFile.ts';
import type { Adapter } from './adapterChanges.ts';

export interface AdapterFile {
  readonly path: string;
  /** How strongly it counts in the text encoders and in the UNet. */
  readonly text: number;
  readonly unet: number;
}

export interface AdapterSet {
  /** Two sets with one key change weights in the same way. */
  readonly key: string;
  readonly adapters: readonly Adapter[];
}

export const noAdapters: AdapterSet = { key: '', adapters: [] };

/**
 * Opens the files in their order. Numbers in 16 bits are read from a float32 copy, which also lies on the
 * drive where the model's copy lies. Throws what reading a model file and float32Copy throw.
 */
export async function openAdapters(
  files: readonly AdapterFile[],
  cacheFolder: string,
): Promise<AdapterSet> {
  const key: unknown[] = [];
  const adapters: Adapter[] = [];
  for (const { path, text, unet } of files) {
    const { file, sizeBytes, mtimeMs, tensors } = await readTensorFile(path);
    key.push([file, sizeBytes, mtimeMs, text, unet]);
    const readable = await float32Copy(tensors, { cacheFolder });
    await assertUnchanged([{ file, sizeBytes, mtimeMs }]);
    adapters.push({ name: basename(path, extname(path)), tensors: readable, text, unet });
  }
  return files.length === 0 ? noAdapters : { key: JSON.stringify(key), adapters };
}
