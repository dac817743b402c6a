/** Bytes that are read where they are needed: a picture of a gigabyte costs its few kilobytes of text. */
import { open, type FileHandle } from 'node:fs/promises';
import { PentimentoError } from '../../../shared/errors.ts';

export interface ByteSource {
  readonly sizeBytes: number;
  /** The bytes at a place; fewer when the source ends before. */
  read(at: number, length: number): Promise<Uint8Array>;
}

export function sourceOfBytes(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    read: (at, length) => Promise.resolve(bytes.subarray(at, Math.min(bytes.length, at + length))),
  };
}

const windowBytes = 64 * 1024;

/** A file for as long as `work` takes. Throws E_FILE, and what `work` throws. */
export async function withFile<T>(
  path: string,
  work: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new PentimentoError('E_FILE', 'It cannot be opened.', { cause });
  });
  try {
    const { size } = await file.stat();
    return await work(sourceOfFile(file, size));
  } catch (cause) {
    if (cause instanceof PentimentoError) throw cause;
    throw new PentimentoError('E_FILE', 'It cannot be read.', { cause });
  } finally {
    await file.close();
  }
}

/** An open file; small neighbouring reads share one access. */
function sourceOfFile(file: FileHandle, sizeBytes: number): ByteSource {
  let window = new Uint8Array(0);
  let windowAt = 0;
  const fetch = async (at: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, sizeBytes - at)));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, at + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  };
  return {
    sizeBytes,
    async read(at, length) {
      if (length > windowBytes) return fetch(at, length);
      if (at < windowAt || at + length > windowAt + window.length) {
        window = new Uint8Array(await fetch(at, windowBytes));
        windowAt = at;
      }
      return window.slice(at - windowAt, at - windowAt + length);
    },
  };
}

/** Big or little endian whole numbers of a small block; 0 behind its end. */
export function numberAt(bytes: Uint8Array, at: number, length: number, isLittle = false): number {
  let value = 0;
  for (let i = 0; i < length; i++) {
    value = value * 256 + (bytes[at + (isLittle ? length - 1 - i : i)] ?? 0);
  }
  return value;
}

export function asciiAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
