/** Files that are written whole or not at all. */
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';

/** Systems take no more than 2 GiB in one call. */
const mostBytesAtOnce = 1024 ** 3;

/**
 * A file of that name keeps its contents until the new one, which may come in parts, is complete.
 * Throws E_DISK_FULL, E_FILE and what the parts throw.
 */
export async function save(path: string, bytes: Uint8Array | Iterable<Uint8Array>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    const file = await open(temporary, 'w');
    try {
      for (const part of bytes instanceof Uint8Array ? [bytes] : bytes) await writeAll(file, part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    if (cause instanceof PentimentoError) throw cause;
    const isFull = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
    throw isFull
      ? new PentimentoError('E_DISK_FULL', undefined, { cause })
      : notWritten(path, cause);
  }
}

async function writeAll(file: FileHandle, part: Uint8Array): Promise<void> {
  for (let at = 0; at < part.length;)
    at += (await file.write(part, at, Math.min(part.length - at, mostBytesAtOnce))).bytesWritten;
}

export function notWritten(path: string, cause?: unknown): PentimentoError {
  return new PentimentoError('E_FILE', `"${basename(path)}" could not be written.`, { cause });
}
