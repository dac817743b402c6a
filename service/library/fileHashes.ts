/**
 * SHA-256 of model files, computed in the background: one file at a time, resting as long as it works,
 * not while `isBusy`, and each file once as long as it does not change.
 */
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { openKeptRecords, type KeptRecords } from './keptRecords.ts';

const FileHash = z.strictObject({
  sizeBytes: z.number(),
  mtimeMs: z.number(),
  /** Of the whole file, hex. */
  sha256: z.string(),
  /** Of what follows a safetensors header (AUTOMATIC1111's modules/hashes.py addnet_hash_safetensors), hex. */
  tensorsSha256: z.string().optional(),
});
export type FileHash = z.infer<typeof FileHash>;

export interface FileHashes {
  /** What is known about a file of that time of change. */
  known(path: string, mtimeMs: number): FileHash | undefined;
  /** Asks for these files' hashes, in this order; answers at once. Files that are gone are forgotten. */
  want(paths: readonly string[]): void;
  /** Settles when everything that is wanted is known or unreadable. */
  settled(): Promise<void>;
  /** Stops in the middle of a file; what is known is kept. */
  close(): Promise<void>;
}

export interface HashingOptions {
  /** File to keep them in. */
  readonly path: string | undefined;
  /** Waits while this answers true: somebody is painting. */
  readonly isBusy: () => boolean;
  /** Of the time, at most this share is worked: 0.5 rests as long as it works. */
  readonly share: number;
}

const chunkBytes = 2 * 1024 * 1024;
const busyPauseMs = 1_000;
const version = '1';

export async function openFileHashes(options: HashingOptions): Promise<FileHashes> {
  const kept = await openKeptRecords(options.path, { version, schema: FileHash });
  const stop = new AbortController();
  let wanted: string[] = [];
  let running: Promise<void> | undefined;

  const work = async (): Promise<void> => {
    for (let path = wanted.shift(); path !== undefined; path = wanted.shift()) {
      while (options.isBusy())
        await sleep(busyPauseMs, undefined, { signal: stop.signal, ref: false });
      if (stop.signal.aborted) return;
      await hashOne(path, kept, { ...options, signal: stop.signal });
      if (wanted.length === 0) await kept.save();
    }
  };
  const start = () => {
    running ??= work()
      .catch(() => undefined)
      .finally(() => (running = undefined));
  };
  return {
    known(path, mtimeMs) {
      const hash = kept.get(path);
      return hash?.mtimeMs === mtimeMs ? hash : undefined;
    },
    want(paths) {
      const wantedNow = new Set(paths);
      for (const path of kept.keys()) if (!wantedNow.has(path)) kept.delete(path);
      wanted = [...wantedNow];
      if (!stop.signal.aborted) start();
    },
    settled: async () => {
      while (running) await running;
    },
    async close() {
      stop.abort();
      await running;
      await kept.save();
    },
  };
}

interface Pace extends HashingOptions {
  readonly signal: AbortSignal;
}

/** One file, unless it is known and unchanged; one that cannot be read stays unknown. */
async function hashOne(path: string, kept: KeptRecords<FileHash>, pace: Pace): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  const before = kept.get(path);
  if (info && before?.sizeBytes === info.size && before.mtimeMs === info.mtimeMs) return;
  kept.delete(path);
  if (!info?.isFile()) return;
  const hashes = await hashFile(path, pace).catch(() => undefined);
  const after = await stat(path).catch(() => undefined);
  // A file that is still being written has no hash yet.
  if (!hashes || after?.size !== info.size || after.mtimeMs !== info.mtimeMs) return;
  kept.set(path, { sizeBytes: info.size, mtimeMs: info.mtimeMs, ...hashes });
}

/** Both hashes in one pass. Throws when it is aborted or the file cannot be read. */
async function hashFile(
  path: string,
  pace: Pace,
): Promise<Pick<FileHash, 'sha256' | 'tensorsSha256'>> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    const whole = createHash('sha256');
    const tensors = createHash('sha256');
    let dataAt = Infinity;
    for (let at = 0; ;) {
      const startMs = performance.now();
      const { bytesRead } = await file.read(buffer, 0, chunkBytes, at);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      if (at === 0) dataAt = safetensorsDataAt(chunk);
      whole.update(chunk);
      if (at + bytesRead > dataAt) tensors.update(chunk.subarray(Math.max(0, dataAt - at)));
      at += bytesRead;
      await rest(performance.now() - startMs, pace);
    }
    const sha256 = whole.digest('hex');
    return dataAt === Infinity ? { sha256 } : { sha256, tensorsSha256: tensors.digest('hex') };
  } finally {
    await file.close();
  }
}

/** Where the tensors of a safetensors file begin; Infinity for another file. */
function safetensorsDataAt(start: Buffer): number {
  if (start.length < 9 || start[8] !== 0x7b) return Infinity;
  return 8 + Number(start.readBigUInt64LE(0));
}

async function rest(workedMs: number, { share, isBusy, signal }: Pace): Promise<void> {
  const restMs = (workedMs * (1 - share)) / share;
  // Not referenced: what is missing is found out the next time the program runs.
  await sleep(restMs, undefined, { signal, ref: false });
  while (isBusy()) await sleep(busyPauseMs, undefined, { signal, ref: false });
}
