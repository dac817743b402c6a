/**
 * Reads the header of a .safetensors file and nothing else. The format: eight bytes with the header's
 * length, the header (JSON: name -> dtype, shape, byte range), then the tensors without gaps.
 * Everything in it is checked before any number reaches native code, which maps these ranges.
 */
import type { FileHandle } from 'node:fs/promises';
import { PentimentoError } from '../../../shared/errors.ts';
import { HeaderJsonError, parseHeaderJson, shown, type HeaderValue } from './headerJson.ts';
import { fileError, openModelFile, otherFormat, readExactly } from './modelFile.ts';
import type { FileStamp, StoredTensor, StoredType } from './types.ts';

export const safetensorsLimits = {
  headerBytes: 16 * 1024 * 1024,
  tensors: 65_536,
  nameCharacters: 512,
  metadataCharacters: 8 * 1024 * 1024,
  axes: 16,
} as const;

/** Named tensors of one model file, of whatever format. */
export interface TensorFile extends FileStamp {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

const bytesOf: ReadonlyMap<string, number> = new Map<StoredType, number>([
  ['F64', 8],
  ['F32', 4],
  ['F16', 2],
  ['BF16', 2],
  ['F8_E4M3', 1],
  ['F8_E5M2', 1],
  ['I64', 8],
  ['I32', 4],
  ['I16', 2],
  ['I8', 1],
  ['U8', 1],
  ['BOOL', 1],
]);

/** Bytes of one element. */
export function bytesOfType(dtype: StoredType): number {
  return bytesOf.get(dtype) ?? 0;
}

/**
 * Names, types, shapes and absolute byte ranges of every tensor. Throws E_MODEL_NOT_SAFETENSORS,
 * E_MODEL_DAMAGED, E_FILE or E_MODEL_CHANGED, each with a sentence that names the file's base name.
 */
export async function readSafetensors(path: string): Promise<TensorFile> {
  const { handle, stamp } = await openModelFile(path);
  try {
    const text = await readHeaderText(handle, stamp);
    return {
      ...stamp,
      ...parseHeader(text.header, {
        file: stamp.file,
        dataBegin: text.dataBegin,
        dataEnd: stamp.sizeBytes,
      }),
    };
  } catch (error) {
    if (error instanceof HeaderJsonError)
      throw fileError('E_MODEL_DAMAGED', path, error.message, error);
    if (error instanceof PentimentoError) throw error;
    throw fileError('E_FILE', path, 'it cannot be read', error);
  } finally {
    await handle.close();
  }
}

async function readHeaderText(
  handle: FileHandle,
  stamp: FileStamp,
): Promise<{ header: string; dataBegin: number }> {
  const { file, sizeBytes } = stamp;
  if (sizeBytes === 0) throw fileError('E_MODEL_DAMAGED', file, 'it is empty');
  const start = new Uint8Array(Math.min(sizeBytes, 256));
  await readExactly(handle, start, 0);
  if (start.length < 9 || start[8] !== 0x7b) {
    const what = otherFormat(start) ?? 'it has no safetensors header';
    throw fileError('E_MODEL_NOT_SAFETENSORS', file, what);
  }
  // 64 bits, unsigned: as a BigInt, so that no length wraps around.
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length > BigInt(safetensorsLimits.headerBytes)) {
    throw fileError('E_MODEL_DAMAGED', file, 'its header claims to be longer than 16 MiB');
  }
  if (8n + length > BigInt(sizeBytes)) {
    throw fileError('E_MODEL_DAMAGED', file, 'it ends inside its header');
  }
  const bytes = new Uint8Array(Number(length));
  await readExactly(handle, bytes, 8);
  try {
    const header = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { header, dataBegin: 8 + bytes.length };
  } catch (error) {
    throw fileError('E_MODEL_DAMAGED', file, 'its header is not UTF-8 text', error);
  }
}

interface DataRange {
  readonly file: string;
  /** Absolute, in the file. */
  readonly dataBegin: number;
  readonly dataEnd: number;
}

function parseHeader(text: string, range: DataRange): Pick<TensorFile, 'metadata' | 'tensors'> {
  const header = parseHeaderJson(text);
  if (!(header instanceof Map)) throw new HeaderJsonError('its header is not an object');
  const entries = header as ReadonlyMap<string, HeaderValue>;
  if (entries.size > safetensorsLimits.tensors) {
    throw new HeaderJsonError(`it has more than ${safetensorsLimits.tensors} tensors`);
  }
  let metadata: ReadonlyMap<string, string> = new Map();
  const tensors = new Map<string, StoredTensor>();
  for (const [name, value] of entries) {
    if (name === '__metadata__') metadata = readMetadata(value);
    else tensors.set(name, readTensor(name, value, range));
  }
  checkCoverage([...tensors.values()], range);
  return { metadata, tensors };
}

function readMetadata(value: HeaderValue): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  if (!(value instanceof Map)) throw new HeaderJsonError('its metadata is not an object');
  let characters = 0;
  for (const [key, text] of value as ReadonlyMap<string, HeaderValue>) {
    if (typeof text !== 'string') throw new HeaderJsonError('its metadata holds more than text');
    characters += key.length + text.length;
    metadata.set(key, text);
  }
  if (characters > safetensorsLimits.metadataCharacters) {
    throw new HeaderJsonError('its metadata is too long');
  }
  return metadata;
}

function readTensor(name: string, value: HeaderValue, range: DataRange): StoredTensor {
  if (name.length > safetensorsLimits.nameCharacters) {
    throw new HeaderJsonError(`the name ${shown(name)} is too long`);
  }
  if (!(value instanceof Map)) throw new HeaderJsonError(`${shown(name)} is not described`);
  const info = value as ReadonlyMap<string, HeaderValue>;
  const dtype = info.get('dtype');
  const size = typeof dtype === 'string' ? bytesOf.get(dtype) : undefined;
  if (size === undefined) {
    const type = typeof dtype === 'string' ? shown(dtype) : 'no type';
    throw new HeaderJsonError(`${shown(name)} is stored as ${type}, which is not known`);
  }
  const shape = integers(info.get('shape'), name, 'shape');
  if (shape.length > safetensorsLimits.axes) {
    throw new HeaderJsonError(`${shown(name)} has too many axes`);
  }
  const offsets = integers(info.get('data_offsets'), name, 'place');
  const [begin, end] = offsets;
  if (offsets.length !== 2 || begin > end) {
    throw new HeaderJsonError(`the place of ${shown(name)} is not valid`);
  }
  // BigInt: 2^32 x 2^32 must not come out as something small.
  const bytes = shape.reduce((product, side) => product * BigInt(side), BigInt(size));
  if (bytes !== BigInt(end - begin)) {
    throw new HeaderJsonError(`${shown(name)} has another number of bytes than its shape asks for`);
  }
  return {
    file: range.file,
    dtype: dtype as StoredType,
    shape,
    begin: range.dataBegin + begin,
    end: range.dataBegin + end,
  };
}

function integers(value: HeaderValue | undefined, name: string, what: string): readonly number[] {
  if (!Array.isArray(value)) throw new HeaderJsonError(`the ${what} of ${shown(name)} is missing`);
  for (const item of value as readonly HeaderValue[]) {
    if (
      typeof item !== 'number' ||
      !Number.isSafeInteger(item) ||
      item < 0 ||
      Object.is(item, -0)
    ) {
      throw new HeaderJsonError(`the ${what} of ${shown(name)} is not valid`);
    }
  }
  return value as readonly number[];
}

/** Every byte after the header belongs to exactly one tensor: no gap, no overlap, nothing hidden at the end. */
function checkCoverage(tensors: StoredTensor[], range: DataRange): void {
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = range.dataBegin;
  for (const { begin, end } of tensors) {
    if (begin < at) throw new HeaderJsonError('two of its tensors overlap');
    if (begin > at) throw new HeaderJsonError('there is a gap between two of its tensors');
    at = end;
  }
  if (at > range.dataEnd) {
    throw new HeaderJsonError(
      `${size(at - range.dataEnd)} are missing at its end; the download was cut off`,
    );
  }
  if (at < range.dataEnd) {
    throw new HeaderJsonError(`there are ${size(range.dataEnd - at)} after its last tensor`);
  }
}

function size(bytes: number): string {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${bytes} bytes`;
}
