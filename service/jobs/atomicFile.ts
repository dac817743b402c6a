/**
 * Files that are either whole or not there: written under a temporary name in the same folder tree,
 * measured, synced, renamed, and the folder synced. (The known packages for this ignore how many
 * bytes a write took, and install a cut file when the disk fills.)
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { errnoOf, storageError, type Disk } from './disk.ts';

export interface Written {
  readonly path: string;
  /** Hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const createNew =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** Bytes arrive in hundreds of small chunks, each of which would wait for a write of its own. */
const writtenAtOnce = 1024 * 1024;

/**
 * Writes chunks, which must keep their bytes, to a new file in `folder` and syncs it. On any failure nothing is left behind.
 * Throws E_TOO_LARGE above `maxBytes`, E_DISK_FULL, E_STORAGE; errors of the source pass through.
 */
export async function writeTemporary(
  disk: Disk,
  folder: string,
  chunks: Chunks,
  maxBytes: number,
): Promise<Written> {
  const path = join(folder, `tmp-${randomBytes(12).toString('hex')}`);
  let file: FileHandle | undefined;
  try {
    file = await disk.open(path, createNew, 0o600);
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const waiting: Uint8Array[] = [];
    let waitingBytes = 0;
    for await (const chunk of chunks) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw new PentimentoError('E_TOO_LARGE');
      hash.update(chunk);
      waiting.push(chunk);
      waitingBytes += chunk.length;
      if (waitingBytes < writtenAtOnce) continue;
      await writeFully(file, joined(waiting.splice(0)));
      waitingBytes = 0;
    }
    await writeFully(file, joined(waiting));
    if ((await file.stat()).size !== sizeBytes) throw shortWrite();
    await file.sync();
    await file.close();
    return { path, sha256: hash.digest('hex'), sizeBytes };
  } catch (error) {
    await file?.close().catch(() => undefined);
    if (file) await disk.unlink(path).catch(() => undefined);
    throw storageError(error);
  }
}

/** Gives a finished temporary file its name, replacing what had it, and makes the name durable. */
export async function installFile(disk: Disk, temporary: string, path: string): Promise<void> {
  try {
    await renamePatiently(disk, temporary, path);
    await syncFolder(disk, dirname(path));
  } catch (error) {
    await disk.unlink(temporary).catch(() => undefined);
    throw storageError(error);
  }
}

/** Whole or not at all. Throws E_DISK_FULL, E_STORAGE. */
export async function writeFileAtomic(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const written = await writeTemporary(disk, dirname(path), [bytes], bytes.length);
  await installFile(disk, written.path, path);
}

/** One chunk is not copied. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

async function writeFully(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let at = 0;
  while (at < chunk.length) {
    const { bytesWritten } = await file.write(chunk, at, chunk.length - at);
    if (bytesWritten <= 0) throw shortWrite();
    at += bytesWritten;
  }
}

function shortWrite(): PentimentoError {
  return new PentimentoError('E_DISK_FULL', 'A file could not be written to its end.');
}

/** Windows virus scanners hold new files for a moment. */
async function renamePatiently(disk: Disk, from: string, to: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await disk.rename(from, to);
      return;
    } catch (error) {
      const busy = ['EPERM', 'EBUSY', 'EACCES'].includes(errnoOf(error) ?? '');
      if (!busy || process.platform !== 'win32' || attempt >= 10) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

/** A new name is only durable once its folder is; Windows cannot sync folders. */
async function syncFolder(disk: Disk, folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await disk.open(folder, constants.O_RDONLY);
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'EISDIR', 'EACCES'].includes(errnoOf(error) ?? '')) throw error;
  } finally {
    await handle?.close();
  }
}
