/** Where the contents of a document are: in memory, or in a file of which only pieces are read. */
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { PentimentoError } from '../../../../../shared/errors.ts';
import type { Piece } from '../bytes.ts';
import type { Span } from './byteCursor.ts';

export interface StoredBytes {
  readonly length: number;
  /** Throws a RangeError when the span reaches past the end. */
  read(span: Span): Uint8Array;
  /** The same bytes, read when they are written. */
  piece(span: Span): Piece;
  /** Still what they were at first. Throws E_FILE when they are gone. */
  isCurrent(): boolean;
}

export function memoryBytes(bytes: Uint8Array): StoredBytes {
  const read = ({ start, end }: Span): Uint8Array => {
    if (start < 0 || end > bytes.length || start > end) throw new RangeError('past the end');
    return bytes.subarray(start, end);
  };
  return { length: bytes.length, read, piece: read, isCurrent: () => true };
}

const chunkBytes = 8 * 1024 * 1024;

/**
 * A file as it is now. Reading throws E_FILE when it cannot be read, or when it is no longer the same:
 * pieces of two versions must not be mixed.
 */
export function fileBytes(path: string): StoredBytes {
  const first = withFile(path, (_, stats) => stats);
  const length = first.size;
  const reading = <T>(work: (file: number) => T): T =>
    withFile(path, (file, stats) => {
      if (isSame(first, stats)) return work(file);
      throw new PentimentoError('E_FILE', 'The document was changed during the run.');
    });
  const checked = ({ start, end }: Span): Span => {
    if (start < 0 || end > length || start > end) throw new RangeError('past the end');
    return { start, end };
  };
  return {
    length,
    isCurrent: () => withFile(path, (_, stats) => isSame(first, stats)),
    read: (span) => {
      const { start, end } = checked(span);
      return reading((file) => bytesAt(file, start, new Uint8Array(end - start)));
    },
    piece: (span) => {
      const { start, end } = checked(span);
      return {
        length: end - start,
        *chunks() {
          const chunk = new Uint8Array(Math.min(chunkBytes, end - start));
          for (let at = start; at < end; at += chunkBytes) {
            const part = chunk.subarray(0, Math.min(end - at, chunkBytes));
            yield reading((file) => bytesAt(file, at, part));
          }
        },
      };
    },
  };
}

function isSame(first: Stats, now: Stats): boolean {
  return now.size === first.size && now.mtimeMs === first.mtimeMs && now.ino === first.ino;
}

function withFile<T>(path: string, work: (file: number, stats: Stats) => T): T {
  const file = opened(path);
  try {
    return work(file, fstatSync(file));
  } finally {
    closeSync(file);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new PentimentoError('E_FILE', 'It cannot be opened.', { cause });
  }
}

function bytesAt(file: number, start: number, bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (at < bytes.length) {
    const count = readSync(file, bytes, at, bytes.length - at, start + at);
    if (count === 0) throw new RangeError('past the end');
    at += count;
  }
  return bytes;
}
