/** The file operations of the job store, as a parameter: tests make the Nth one fail. */
import * as fs from 'node:fs/promises';
import { PentimentoError } from '../../shared/errors.ts';

export type Disk = Pick<
  typeof fs,
  'open' | 'rename' | 'unlink' | 'mkdir' | 'stat' | 'readdir' | 'rm' | 'statfs' | 'utimes'
>;

export const realDisk: Disk = fs;

export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);
const storageCodes = new Set(['EACCES', 'EPERM', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', 'ENOTDIR']);

/** A failed file operation as the error people see; anything else is passed on as it is. */
export function storageError(error: unknown): unknown {
  const code = errnoOf(error) ?? '';
  if (fullCodes.has(code)) return new PentimentoError('E_DISK_FULL', undefined, { cause: error });
  if (storageCodes.has(code) || code.startsWith('SQLITE_IOERR') || code === 'SQLITE_READONLY') {
    return new PentimentoError('E_STORAGE', undefined, { cause: error });
  }
  return error;
}
