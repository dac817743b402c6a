/** Where the constants of an ONNX file lie: in the file itself, or in files beside it. */
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../modelFile.ts';
import { shown } from '../headerJson.ts';
import { bytesOfType } from '../safetensors.ts';
import type { FileStamp, StoredTensor } from '../types.ts';
import { OnnxError, type ByteRange } from './protoFields.ts';
import type { OnnxTensor } from './onnxGraph.ts';

export interface PlacedTensor {
  readonly name: string;
  /** Undefined for what is written as a list of numbers: small constants. */
  readonly stored: StoredTensor | undefined;
}

export interface OnnxPlace {
  /** Weight files are named relative to it. */
  readonly folder: string;
  /** The ONNX file's own. */
  readonly stamp: FileStamp;
}

/**
 * Throws OnnxError when a constant lies outside its file, or in a file outside the folder, and
 * E_MODEL_MISSING_PART when the file is not there.
 */
export async function placeTensors(
  tensors: readonly OnnxTensor[],
  place: OnnxPlace,
): Promise<{ placed: readonly PlacedTensor[]; files: readonly FileStamp[] }> {
  const files = new Map<string, FileStamp>();
  const placed: PlacedTensor[] = [];
  for (const tensor of tensors) {
    const { name, external, raw } = tensor;
    if (external) {
      const location = external.get('location') ?? '';
      let file = files.get(location);
      if (!file) files.set(location, (file = await weightFile(location, place)));
      placed.push({ name, stored: storedIn(tensor, file, externalRange(external, file)) });
    } else {
      placed.push({ name, stored: raw && storedIn(tensor, place.stamp, raw) });
    }
  }
  return { placed, files: [...files.values()] };
}

function storedIn(
  { name, type, dims }: OnnxTensor,
  file: FileStamp,
  { begin, end }: ByteRange,
): StoredTensor | undefined {
  if (end > file.sizeBytes) throw new OnnxError(`${shown(name)} lies beyond the end of its file`);
  if (type === undefined) return undefined;
  const bytes = dims.reduce((product, side) => product * BigInt(side), BigInt(bytesOfType(type)));
  if (bytes !== BigInt(end - begin)) {
    throw new OnnxError(`${shown(name)} has another number of bytes than its shape asks for`);
  }
  return { file: file.file, dtype: type, shape: dims, begin, end };
}

function externalRange(external: ReadonlyMap<string, string>, file: FileStamp): ByteRange {
  const begin = wholeNumber(external.get('offset') ?? '0');
  const length = external.get('length');
  return { begin, end: length === undefined ? file.sizeBytes : begin + wholeNumber(length) };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new OnnxError('the place of its weights is not valid');
  return Number(text);
}

/** Below the folder, by names that mean the same on every system. */
async function weightFile(location: string, { folder, stamp }: OnnxPlace): Promise<FileStamp> {
  const parts = location.split('/').filter((part) => part !== '.');
  if (!parts.every(isPlainName)) {
    throw new OnnxError(`it takes weights from ${shown(location)}, which is outside its folder`);
  }
  const path = join(folder, ...parts);
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) {
    throw fileError(
      'E_MODEL_MISSING_PART',
      stamp.file,
      `its weights are in ${shown(location)}, which is not beside it`,
    );
  }
  return { file: await realpath(path), sizeBytes: info.size, mtimeMs: info.mtimeMs };
}

function isPlainName(part: string): boolean {
  return part !== '' && part !== '..' && !/[\\:*?"<>|\p{Cc}]/u.test(part);
}
