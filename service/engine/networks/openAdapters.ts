/** LoRA files as they are asked for with a job, opened for the device to read. */
import { basename, extname } from 'node:path';
import { peftScales } from '../weights/adapters/peftScales.ts';
import { float32Copy } from '../weights/float32Copy.ts';
import { readTensorFile } from '../weights/readTensorFile.ts';
import type { FileStamp } from '../weights/types.ts';
import type { Adapter } from './adapterChanges.ts';

export interface AdapterFile {
  readonly path: string;
  /** How strongly it counts in the text encoders and in the UNet. */
  readonly text: number;
  readonly unet: number;
  /** As in Adapter. */
  readonly rank?: number | undefined;
  readonly blocks?: readonly number[] | undefined;
}

export interface AdapterSet {
  /** Two sets with one key change weights in the same way. */
  readonly key: string;
  readonly adapters: readonly Adapter[];
  /** The files as they were when they were opened. */
  readonly files: readonly FileStamp[];
  /** The same for a device to read: in float32, on the drive where the model's copy lies. Throws what float32Copy throws. */
  readable(): Promise<readonly Adapter[]>;
}

export const noAdapters: AdapterSet = {
  key: '',
  adapters: [],
  files: [],
  readable: async () => [],
};

/**
 * Opens the files in their order. Throws what reading a model file throws.
 */
export async function openAdapters(
  files: readonly AdapterFile[],
  cacheFolder: string,
): Promise<AdapterSet> {
  const key: unknown[] = [];
  const adapters: Adapter[] = [];
  const stamps: FileStamp[] = [];
  for (const { path, ...strength } of files) {
    const { file, sizeBytes, mtimeMs, tensors, metadata } = await readTensorFile(path);
    const { text, unet, rank, blocks } = strength;
    key.push([file, sizeBytes, mtimeMs, text, unet, rank, blocks]);
    stamps.push({ file, sizeBytes, mtimeMs });
    const name = basename(path, extname(path));
    adapters.push({ name, tensors, scales: peftScales(metadata), ...strength });
  }
  if (files.length === 0) return noAdapters;
  async function readable(): Promise<readonly Adapter[]> {
    const copies: Adapter[] = [];
    for (const adapter of adapters) {
      copies.push({ ...adapter, tensors: await float32Copy(adapter.tensors, { cacheFolder }) });
    }
    return copies;
  }
  return { key: JSON.stringify(key), adapters, files: stamps, readable };
}
