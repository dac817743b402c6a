/** The raw rows of a composite with layers over them, as one piece of a file that is mixed when it is written. */
import type { StoredPiece } from '../bytes.ts';
import type { Span } from './byteCursor.ts';
import { rawRowsAt, shapeOf } from './mergedRows.ts';
import type { PsdFile } from './readDocument.ts';
import { splicedPiece, type Replacement } from './splicedPiece.ts';
import type { TouchedPart } from './touchedPart.ts';

/** From the first row to the end of the file. Throws a RangeError when rows reach past it. */
export function mixedPiece(file: PsdFile, touched: TouchedPart): StoredPiece {
  const { stored, composite } = file;
  const start = rawRowsAt(file);
  return {
    length: composite.end - start,
    chunks: () => replacedPiece(file, touched).chunks(),
    async readInto(at, target) {
      await stored.readInto(start + at, target);
      for (const index of rowsWithin(file, touched, { start: at, end: at + target.length })) {
        const { start: from, end } = columnsOf(file, touched, index);
        const isWhole = from >= at && end <= at + target.length;
        const columns = isWhole ? target.subarray(from - at, end - at) : new Uint8Array(end - from);
        if (!isWhole) await stored.readInto(start + from, columns);
        touched.mix(index, columns);
        if (!isWhole) layPart(columns, from - at, target);
      }
    },
  };
}

/** All at once: only the columns that layers touch are read. */
function replacedPiece(file: PsdFile, touched: TouchedPart): StoredPiece {
  const { stored, composite } = file;
  const at = rawRowsAt(file);
  const replacements: Replacement[] = [];
  for (const { first, count } of touched.rows) {
    for (let index = first; index < first + count; index++) {
      const { start, end } = columnsOf(file, touched, index);
      const span = { start: at + start, end: at + end };
      const bytes = Uint8Array.from(stored.read(span));
      touched.mix(index, bytes);
      replacements.push({ span, bytes });
    }
  }
  return splicedPiece(stored, { start: at, end: composite.end }, replacements);
}

/** What layers touch of a row, counted from the first row of all. */
function columnsOf(file: PsdFile, { columns }: TouchedPart, index: number): Span {
  const at = index * shapeOf(file).rowBytes;
  return { start: at + columns.start, end: at + columns.end };
}

/** Rows of which layers touch something in the span. */
function* rowsWithin(file: PsdFile, { columns, rows }: TouchedPart, span: Span): Generator<number> {
  const { rowBytes } = shapeOf(file);
  if (columns.end === columns.start) return;
  const from = Math.floor((span.start - columns.end) / rowBytes) + 1;
  const end = Math.ceil((span.end - columns.start) / rowBytes);
  for (const { first, count } of rows) {
    for (let i = Math.max(first, from); i < Math.min(first + count, end); i++) yield i;
  }
}

/** `bytes` begin `at` bytes into the target, or before it; what lies outside is left away. */
function layPart(bytes: Uint8Array, at: number, target: Uint8Array): void {
  const from = Math.max(0, -at);
  const end = Math.min(bytes.length, target.length - at);
  target.set(bytes.subarray(from, end), at + from);
}
