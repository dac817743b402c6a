/** Opening a model file that somebody downloaded: never blocks, and says what else the file may be. */
import { constants } from 'node:fs';
import { open, realpath, stat, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { PentimentoError, type ErrorCode } from '../../../shared/errors.ts';
import { shown } from './headerJson.ts';
import type { FileStamp } from './types.ts';

export interface OpenedFile {
  readonly handle: FileHandle;
  readonly stamp: FileStamp;
}

/** A failure that names the file by its base name only. */
export function fileError(
  code: ErrorCode,
  path: string,
  what: string,
  cause?: unknown,
): PentimentoError {
  return new PentimentoError(code, `${shown(basename(path))}: ${what}.`, { cause });
}

/**
 * Opens a regular file for reading; links are followed once, to their real path. A pipe, socket,
 * device or folder is refused without waiting for it.
 * Throws E_FILE (cannot be read), E_MODEL_NOT_SAFETENSORS (not a regular file).
 */
export async function openModelFile(path: string): Promise<OpenedFile> {
  let handle: FileHandle | undefined;
  try {
    const file = await realpath(path);
    // Looked at first: opening some devices has effects of its own.
    if (!(await stat(file)).isFile()) throw notAFile(path);
    handle = await open(
      file,
      constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0),
    );
    const info = await handle.stat();
    if (!info.isFile()) throw notAFile(path);
    return { handle, stamp: { file, sizeBytes: info.size, mtimeMs: info.mtimeMs } };
  } catch (error) {
    await handle?.close();
    throw error instanceof PentimentoError
      ? error
      : fileError('E_FILE', path, readFailure(error), error);
  }
}

function notAFile(path: string): PentimentoError {
  return fileError('E_MODEL_NOT_SAFETENSORS', path, 'it is not a regular file');
}

const readFailures: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
  EACCES: 'you have no permission to read it',
  EPERM: 'you have no permission to read it',
  ELOOP: 'it is a link that leads to itself',
};

function readFailure(error: unknown): string {
  return readFailures[(error as NodeJS.ErrnoException).code ?? ''] ?? 'it cannot be read';
}

/** Reads exactly `length` bytes at `position`, or throws E_MODEL_CHANGED when the file has become shorter. */
export async function readExactly(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) throw new PentimentoError('E_MODEL_CHANGED');
    done += bytesRead;
  }
}

/** Throws E_MODEL_CHANGED unless every file still has the size and time it had. */
export async function assertUnchanged(stamps: Iterable<FileStamp>): Promise<void> {
  for (const stamp of stamps) {
    const now = await stat(stamp.file).catch(() => undefined);
    if (now?.size !== stamp.sizeBytes || now.mtimeMs !== stamp.mtimeMs) {
      throw fileError(
        'E_MODEL_CHANGED',
        stamp.file,
        'it was replaced, moved or is still being written',
      );
    }
  }
}

const pickle = 'which can run any program when it is opened';
const page = 'it is a web page; the download was answered with a page instead of the model';

/** First bytes, as latin-1 text, and what begins with them. */
const signatures: ReadonlyArray<readonly [start: string, what: string]> = [
  [
    'version https://git-lfs',
    'it is a Git LFS pointer, a few lines in place of the model; run "git lfs pull" or download the model itself',
  ],
  ['<!doctype', page],
  ['<html', page],
  ['<head', page],
  ['<?xml', page],
  ['pk\u0003\u0004', `it looks like a PyTorch checkpoint (.ckpt, .pt), ${pickle}`],
  ...[2, 3, 4, 5].map(
    (version) =>
      [
        `\u0080${String.fromCodePoint(version)}`,
        `it looks like a Python pickle (.ckpt, .pt), ${pickle}`,
      ] as const,
  ),
  ['gguf', 'it is a GGUF file'],
  ['\u001f\u008b', 'it is a compressed archive; unpack it first'],
  ['rar!', 'it is a compressed archive; unpack it first'],
  ['7z\u00bc\u00af', 'it is a compressed archive; unpack it first'],
  ['\u0089png', 'it is a picture'],
  ['\u00ff\u00d8\u00ff', 'it is a picture'],
  ['{"', 'it is a JSON document'],
  ['{\n', 'it is a JSON document'],
];

/** What a file that is not safetensors seems to be, from its first bytes; undefined when there is no clue. */
export function otherFormat(start: Uint8Array): string | undefined {
  const text = Buffer.from(start.subarray(0, 256)).toString('latin1').trimStart().toLowerCase();
  return signatures.find(([beginning]) => text.startsWith(beginning))?.[1];
}
