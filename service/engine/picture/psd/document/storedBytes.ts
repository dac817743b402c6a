/** Where the contents of a document are: in memory, or in a file of which only pieces are read. */
import { closeSync, fstatSync, openSync, read, readSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { PentimentoError } from '../../../../../shared/errors.ts';
import type { Piece } from '../bytes.ts';
import type { Span } from './byteCursor.ts';

export interface StoredBytes {
  readonly length: number;
  /** Throws a RangeError when the span reaches past the end. It may be read into `spare`, where that is given. */
  read(span: Span, spare?: Uint8Array): Uint8Array;
  /** Fills `rows` with spans of one length, each `step` bytes after the one before. Throws as `read`. */
  readRows(first: Span, step: number, rows: Uint8Array): void;
  /** Fills `target` from `start` on. Throws as `read`. */
  readInto(start: number, target: Uint8Array): Promise<void>;
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
  return {
    length: bytes.length,
    read,
    readRows(first, step, rows) {
      for (const { start, end, target } of rowsOf(first, step, rows))
        target.set(read({ start, end }));
    },
    async readInto(start, target) {
      target.set(read({ start, end: start + target.length }));
    },
    piece: read,
    isCurrent: () => true,
  };
}

interface TargetRow extends Span {
  readonly target: Uint8Array;
}

function* rowsOf({ start, end }: Span, step: number, rows: Uint8Array): Generator<TargetRow> {
  const length = end - start;
  for (let to = 0, by = 0; to < rows.length; to += length, by += step)
    yield { start: start + by, end: end + by, target: rows.subarray(to, to + length) };
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
      assertSame(first, stats);
      return work(file);
    });
  const checked = ({ start, end }: Span): Span => {
    if (start < 0 || end > length || start > end) throw new RangeError('past the end');
    return { start, end };
  };
  const readInto = async (start: number, target: Uint8Array) => {
    checked({ start, end: start + target.length });
    await withFileAsync(path, first, (file) => bytesInto(file, start, target));
  };
  return {
    length,
    isCurrent: () => withFile(path, (_, stats) => isSame(first, stats)),
    readRows(first, step, rows) {
      const count = rows.length / (first.end - first.start);
      checked({ start: first.start, end: first.end + Math.max(0, count - 1) * step });
      reading((file) => rowsAt(file, first, step, rows));
    },
    readInto,
    read(span, spare) {
      const { start, end } = checked(span);
      const isEnough = spare !== undefined && spare.length >= end - start;
      const bytes = isEnough ? spare.subarray(0, end - start) : new Uint8Array(end - start);
      return reading((file) => bytesAt(file, start, bytes));
    },
    piece: (span) => {
      const { start, end } = checked(span);
      return {
        length: end - start,
        readInto: (at, target) => readInto(start + at, target),
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

function assertSame(first: Stats, now: Stats): void {
  if (isSame(first, now)) return;
  throw new PentimentoError('E_FILE', 'The document was changed during the run.');
}

function withFile<T>(path: string, work: (file: number, stats: Stats) => T): T {
  const file = opened(path);
  try {
    return work(file, fstatSync(file));
  } finally {
    closeSync(file);
  }
}

/** Opening takes microseconds and is not worth another thread; reading is. */
async function withFileAsync(
  path: string,
  first: Stats,
  work: (file: number) => Promise<void>,
): Promise<void> {
  const file = opened(path);
  try {
    assertSame(first, fstatSync(file));
    await work(file);
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

/** What is read in one go though only parts of it are wanted: that takes less than reading each by itself. */
const spreadBytes = 256 * 1024;
/** Of which one in so many is wanted. */
const mostSpread = 16;

/** Spans of one length, each `step` bytes after the one before. */
function rowsAt(file: number, first: Span, step: number, rows: Uint8Array): void {
  const length = first.end - first.start;
  const isDense = step <= length * mostSpread;
  const atOnce = isDense ? Math.max(1, Math.floor(spreadBytes / step)) : 1;
  const spare = new Uint8Array(atOnce === 1 ? 0 : spreadBytes);
  const count = rows.length / length;
  for (let row = 0; row < count; row += atOnce) {
    const some = Math.min(atOnce, count - row);
    const start = first.start + row * step;
    const target = rows.subarray(row * length, (row + some) * length);
    if (some === 1) {
      bytesAt(file, start, target);
      continue;
    }
    const around = bytesAt(file, start, spare.subarray(0, (some - 1) * step + length));
    for (let i = 0; i < some; i++)
      target.set(around.subarray(i * step, i * step + length), i * length);
  }
}

const readAsync = promisify(read);

async function bytesInto(file: number, start: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await readAsync(file, bytes, at, bytes.length - at, start + at);
    if (bytesRead === 0) throw new RangeError('past the end');
    at += bytesRead;
  }
}
