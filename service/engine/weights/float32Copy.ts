/**
 * Weights that a device must read as float32, from files that store them in 16 bits: converted once
 * into a cache folder and read from there (mapped, like any model file) ever after.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { PentimentoError } from '../../../shared/errors.ts';
import { makeRoom } from './copyCache.ts';
import { assertUnchanged, openModelFile, readExactly } from './modelFile.ts';
import { bytesOfType, readSafetensors } from './safetensors.ts';
import { safetensorsHeader, writeAll, type SafetensorsHeader } from './safetensorsHeader.ts';
import { isConvertible, toFloat32 } from './toFloat32.ts';
import type { FileStamp, NetworkWeights, StoredTensor } from './types.ts';

export interface Float32CopyOptions {
  readonly cacheFolder: string;
  /** Bytes the folder may hold; the copies not used for longest go first. Default 24 GB. */
  readonly maxBytes?: number;
  /** Copies used this recently are never deleted: a session may just be opening one. Default one minute. */
  readonly keepMs?: number;
  readonly signal?: AbortSignal;
}

const defaultMaxBytes = 24e9;
const defaultKeepMs = 60_000;
const chunkElements = 4 * 1024 * 1024;
const emptyWeights: NetworkWeights = new Map();

type Entry = readonly [name: string, tensor: StoredTensor];

/**
 * The same weights with every tensor in float32: those that already are stay where they lie, the others
 * lie in a file of `cacheFolder`, written the first time and found again as long as size and time of
 * the source files stay the same. Throws E_DISK_FULL and E_STORAGE (nothing half-written is left),
 * E_MODEL_CHANGED when a source changes meanwhile, E_CANCELLED.
 */
export async function float32Copy(
  weights: NetworkWeights,
  options: Float32CopyOptions,
): Promise<NetworkWeights> {
  const entries = [...weights].filter(([, tensor]) => isConvertible(tensor.dtype));
  if (entries.length === 0) return weights;
  // In the order they lie in, so that the source is read from front to back.
  entries.sort(([, a], [, b]) =>
    a.file === b.file ? a.begin - b.begin : a.file < b.file ? -1 : 1,
  );
  const sources = await stampsOf(entries);
  const path = join(options.cacheFolder, `${keyOf(entries, sources)}.safetensors`);
  let copy = await existingCopy(path, entries);
  if (!copy) {
    await writeCopy(path, { entries, sources, options });
    copy = await existingCopy(path, entries);
    if (!copy) throw new PentimentoError('E_STORAGE', 'A converted model could not be read back.');
  }
  const found = copy;
  return new Map([...weights].map(([name, tensor]) => [name, found.get(name) ?? tensor]));
}

async function stampsOf(entries: readonly Entry[]): Promise<readonly FileStamp[]> {
  const files = [...new Set(entries.map(([, tensor]) => tensor.file))];
  return Promise.all(
    files.map(async (file) => {
      const info = await stat(file).catch(() => undefined);
      if (!info) throw new PentimentoError('E_MODEL_CHANGED');
      return { file, sizeBytes: info.size, mtimeMs: info.mtimeMs };
    }),
  );
}

function keyOf(entries: readonly Entry[], sources: readonly FileStamp[]): string {
  const hash = createHash('sha256').update(JSON.stringify(['v1', sources]));
  for (const [name, { file, dtype, shape, begin, end, scale }] of entries) {
    hash.update(
      JSON.stringify([
        name,
        file,
        dtype,
        shape,
        begin,
        end,
        ...(scale === undefined ? [] : [scale]),
      ]),
    );
  }
  return hash.digest('hex').slice(0, 32);
}

/** The copy's tensors, when it is there and whole; marks it as used now. */
async function existingCopy(
  path: string,
  entries: readonly Entry[],
): Promise<NetworkWeights | undefined> {
  const copy = await readSafetensors(path).catch(() => undefined);
  if (!copy) return undefined;
  const whole = entries.every(([name, { shape }]) => {
    const tensor = copy.tensors.get(name);
    return tensor?.dtype === 'F32' && tensor.shape.join() === shape.join();
  });
  if (!whole) return undefined;
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
  return copy.tensors.size === 0 ? emptyWeights : copy.tensors;
}

interface CopyJob {
  readonly entries: readonly Entry[];
  readonly sources: readonly FileStamp[];
  readonly options: Float32CopyOptions;
}

async function writeCopy(path: string, job: CopyJob): Promise<void> {
  const { cacheFolder, maxBytes = defaultMaxBytes, keepMs = defaultKeepMs } = job.options;
  const header = copyHeader(job.entries);
  const temporary = `${path}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await mkdir(cacheFolder, { recursive: true });
    await makeRoom({
      folder: cacheFolder,
      needed: header.bytes.length + header.dataBytes,
      maxBytes,
      keepMs,
    });
    await writeTemporary(temporary, header.bytes, job);
    await assertUnchanged(job.sources);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw storageError(error);
  }
}

function storageError(error: unknown): unknown {
  if (error instanceof PentimentoError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  const sentence = 'A float32 copy of the model did not fit.';
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new PentimentoError('E_DISK_FULL', sentence, { cause: error });
  }
  return new PentimentoError('E_STORAGE', 'A float32 copy of the model could not be written.', {
    cause: error,
  });
}

function copyHeader(entries: readonly Entry[]): SafetensorsHeader {
  return safetensorsHeader(
    entries.map(([name, { shape, dtype, begin, end }]) => {
      return { name, dtype: 'F32', shape, bytes: ((end - begin) / bytesOfType(dtype)) * 4 };
    }),
  );
}

async function writeTemporary(path: string, header: Uint8Array, job: CopyJob): Promise<void> {
  const out = await open(path, 'wx');
  const inputs = new Map<string, FileHandle>();
  try {
    for (const { file } of job.sources) inputs.set(file, (await openModelFile(file)).handle);
    await writeAll(out, header);
    const buffers = {
      source: new ArrayBuffer(8 * chunkElements),
      out: new Uint32Array(chunkElements),
    };
    let used = 0;
    const flush = async (): Promise<void> => {
      await writeAll(out, new Uint8Array(buffers.out.buffer, 0, 4 * used));
      used = 0;
    };
    for (const [, tensor] of job.entries) {
      const input = inputs.get(tensor.file);
      if (!input) throw new PentimentoError('E_MODEL_CHANGED');
      const size = bytesOfType(tensor.dtype);
      for (let at = tensor.begin; at < tensor.end;) {
        if (used === chunkElements) await flush();
        if (job.options.signal?.aborted) throw new PentimentoError('E_CANCELLED');
        const count = Math.min((tensor.end - at) / size, chunkElements - used);
        const bytes = new Uint8Array(buffers.source, 0, count * size);
        await readExactly(input, bytes, at);
        const values = buffers.out.subarray(used, used + count);
        toFloat32(tensor.dtype, bytes, values, tensor.scale);
        used += count;
        at += count * size;
      }
    }
    await flush();
    await out.sync();
  } finally {
    await Promise.all([...inputs.values()].map((handle) => handle.close()));
    await out.close();
  }
}
