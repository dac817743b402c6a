/** Files that are written whole or not at all. */
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import type { Piece } from '../engine/picture/psd/bytes.ts';
import { writeBulk } from './bulkFile.ts';

/**
 * A file of that name keeps its contents until the new one, which may come in pieces, is complete.
 * Throws E_DISK_FULL, E_FILE and what the pieces throw.
 */
export async function save(path: string, bytes: Uint8Array | readonly Piece[]): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    await writeBulk(temporary, bytes instanceof Uint8Array ? [bytes] : bytes);
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

export function notWritten(path: string, cause?: unknown): PentimentoError {
  return new PentimentoError('E_FILE', `"${basename(path)}" could not be written.`, { cause });
}
