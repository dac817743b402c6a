/** Files that are written whole or not at all. */
import { close, constants, lstatSync, openSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import type { Piece } from '../engine/picture/psd/bytes.ts';
import { writeBulk } from './bulkFile.ts';
import { partBeside, removeStaleParts } from './staleParts.ts';

/**
 * A file of that name keeps its contents until the new one, which may come in pieces, is complete.
 * Throws E_DISK_FULL, E_FILE and what the pieces throw.
 */
export async function save(path: string, bytes: Uint8Array | readonly Piece[]): Promise<void> {
  await replaceWith(path, (temporary) =>
    writeBulk(temporary, bytes instanceof Uint8Array ? [bytes] : bytes),
  );
}

/** Puts the file that is completed under the temporary name in its place, or removes it. Throws as `save`. */
export async function replaceWith(
  path: string,
  complete: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = partBeside(path);
  await removeStaleParts(dirname(path));
  try {
    await complete(temporary);
    const release = heldOpen(path);
    await rename(temporary, path).finally(release);
  } catch (cause) {
    await rm(temporary, { force: true });
    if (cause instanceof PentimentoError) throw cause;
    const isFull = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
    throw isFull
      ? new PentimentoError('E_DISK_FULL', undefined, { cause })
      : notWritten(path, cause);
  }
}

/**
 * The space of a large file takes a file system a while to free, which it does when the file has neither a name
 * nor a reader any more: another thread lets go of it. Windows replaces no file that is open.
 */
function heldOpen(path: string): () => void {
  try {
    if (process.platform === 'win32' || !lstatSync(path).isFile()) return () => undefined;
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return () => close(file, () => undefined);
  } catch {
    return () => undefined;
  }
}

export function notWritten(path: string, cause?: unknown): PentimentoError {
  return new PentimentoError('E_FILE', `"${basename(path)}" could not be written.`, { cause });
}
