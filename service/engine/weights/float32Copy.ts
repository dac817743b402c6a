/**
 * Weights that a device must read as float32, from files that store them in 16 bits: converted once
 * into a cache folder and read from there (mapped, like any model file) ever after.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { PentimentoError } from '../../../shared/errors.ts';
import { blockedShape, blockRow, blockSizeFor, type ChannelBlocks } from './channelBlocks.ts';
import { makeRoom } from './copyCache.ts';
import { assertUnchanged, openModelFile, readExactly } from './modelFile.ts';
import { bytesOfType, readSafetensors } from './safetensors.ts';
import { safetensorsHeader, writeAll, type SafetensorsHeader } from './safetensorsHeader.ts';
import { isConvertible, toFloat32 } from './toFloat32.ts';
import type { FileStamp, NetworkWeights, StoredTensor } from './types.ts';

export interface Float32CopyOptions {
  readonly cacheFolder: string;
  /** Kernels that are to be stored in the order the CPU reads them. */
  readonly blocks?: ChannelBlocks | undefined;
  /** Bytes the folder may hold; the copies not used for longest go first. Default 24 GB. */
  readonly maxBytes?: number;
  /** Copies used this recently are never deleted: a session may just be opening one. Default one minute. */
  readonly keepMs?: number;
  readonly signal?: AbortSignal;
}

const defaultMaxBytes = 24e9;
const defaultKeepMs = 60_000;
const chunkElements = 4 * 1024 * 1024;
/** Bytes. */
const cacheLine = 64;

/** A tensor to convert. */
interface Entry {
  readonly name: string;
  readonly tensor: StoredTensor;
  /** Channels of the blocks that its copy lies in. */
  readonly block: number | undefined;
}

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
  const entries = entriesOf(weights, options.blocks);
  if (entries.length === 0) return weights;
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

/**
 * In the order they lie in, so that the source is read from front to back; those that do not fill whole lines of the
 * processor's cache come last, so that all others begin with one.
 */
function entriesOf(weights: NetworkWeights, blocks: ChannelBlocks | undefined): Entry[] {
  const isRagged = ({ tensor }: Entry) => Number(float32Bytes(tensor) % cacheLine !== 0);
  return [...weights]
    .filter(([, tensor]) => isConvertible(tensor.dtype))
    .map(([name, tensor]) => ({ name, tensor, block: blockSizeFor(name, tensor, blocks) }))
    .sort((a, b) => {
      if (isRagged(a) !== isRagged(b)) return isRagged(a) - isRagged(b);
      const [one, other] = [a.tensor, b.tensor];
      if (one.file === other.file) return one.begin - other.begin;
      return one.file < other.file ? -1 : 1;
    });
}

function float32Bytes({ begin, end, dtype }: StoredTensor): number {
  return ((end - begin) / bytesOfType(dtype)) * 4;
}

/** As the copy's header names it. */
function copiedShape({ tensor, block }: Entry): readonly number[] {
  return block === undefined ? tensor.shape : blockedShape(tensor.shape, block);
}

async function stampsOf(entries: readonly Entry[]): Promise<readonly FileStamp[]> {
  const files = [...new Set(entries.map(({ tensor }) => tensor.file))];
  return Promise.all(
    files.map(async (file) => {
      const info = await stat(file).catch(() => undefined);
      if (!info) throw new PentimentoError('E_MODEL_CHANGED');
      return { file, sizeBytes: info.size, mtimeMs: info.mtimeMs };
    }),
  );
}

function keyOf(entries: readonly Entry[], sources: readonly FileStamp[]): string {
  const hash = createHash('sha256').update(JSON.stringify(['v2', sources]));
  for (const { name, tensor, block = 0 } of entries) {
    const { file, dtype, shape, begin, end, scale } = tensor;
    hash.update(
      JSON.stringify([
        name,
        file,
        dtype,
        shape,
        begin,
        end,
        block,
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
  const found = new Map<string, StoredTensor>();
  for (const entry of entries) {
    const { name, tensor, block } = entry;
    const copied = copy.tensors.get(name);
    if (copied?.dtype !== 'F32' || copied.shape.join() !== copiedShape(entry).join()) {
      return undefined;
    }
    const { shape } = tensor;
    found.set(name, block === undefined ? copied : { ...copied, shape, block });
  }
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
  return found;
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
    entries.map((entry) => {
      const { name, tensor } = entry;
      return { name, dtype: 'F32', shape: copiedShape(entry), bytes: float32Bytes(tensor) };
    }),
  );
}

async function writeTemporary(path: string, header: Uint8Array, job: CopyJob): Promise<void> {
  const out = await open(path, 'wx');
  const inputs = new Map<string, FileHandle>();
  try {
    for (const { file } of job.sources) inputs.set(file, (await openModelFile(file)).handle);
    await writeAll(out, header);
    await writeTensors(out, inputs, job);
    await out.sync();
  } finally {
    await Promise.all([...inputs.values()].map((handle) => handle.close()));
    await out.close();
  }
}

async function writeTensors(
  out: FileHandle,
  inputs: ReadonlyMap<string, FileHandle>,
  { entries, options }: CopyJob,
): Promise<void> {
  const source = new ArrayBuffer(8 * chunkElements);
  const turned = new Uint32Array(chunkElements);
  const written = new Uint32Array(chunkElements);
  let used = 0;
  const flush = async (): Promise<void> => {
    await writeAll(out, new Uint8Array(written.buffer, 0, 4 * used));
    used = 0;
  };
  for (const entry of entries) {
    const { tensor } = entry;
    const input = inputs.get(tensor.file);
    if (!input) throw new PentimentoError('E_MODEL_CHANGED');
    const size = bytesOfType(tensor.dtype);
    const row = blockRowOf(entry);
    for (let at = tensor.begin; at < tensor.end;) {
      const least = row ? row.size * row.inputs * row.taps : 1;
      if (used + least > chunkElements) await flush();
      if (options.signal?.aborted) throw new PentimentoError('E_CANCELLED');
      const count = row ? least : Math.min((tensor.end - at) / size, chunkElements - used);
      const bytes = new Uint8Array(source, 0, count * size);
      await readExactly(input, bytes, at);
      const values = written.subarray(used, used + count);
      const plain = row ? turned.subarray(0, count) : values;
      toFloat32(tensor.dtype, bytes, plain, tensor.scale);
      if (row) blockRow(plain, values, row);
      used += count;
      at += count * size;
    }
  }
  await flush();
}

/** What one row of the tensor's blocks is, if it goes into blocks. */
function blockRowOf({ tensor, block }: Entry): Parameters<typeof blockRow>[2] | undefined {
  if (block === undefined) return undefined;
  const [, inputs, height, width] = tensor.shape;
  return { size: block, inputs, taps: height * width };
}
