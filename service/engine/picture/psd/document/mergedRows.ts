/** The rows of a document's composite where they are stored: channel after channel. */
import { packetsOver, unpackRow } from '../packBits.ts';
import type { Span } from './byteCursor.ts';
import { compressionRaw, compressionRle, unpackRows, type RowShape } from './channelPixels.ts';
import type { PsdFile } from './readDocument.ts';
import { memoryBytes } from './storedBytes.ts';

/** Of the compression number before the data. */
export const compressionBytes = 2;

export interface PackedRows {
  /** Where each row's bytes begin in the file; one more for the end. */
  readonly starts: Float64Array;
}

export function shapeOf({ form }: PsdFile): RowShape {
  const { depth, big } = form;
  return { rows: form.height * form.channels, rowBytes: form.width * (depth / 8), depth, big };
}

/** Throws a RangeError when there is none. */
export function compressionOf({ stored, composite }: PsdFile): number {
  const { start } = composite;
  const [high, low] = stored.read({ start, end: start + compressionBytes });
  return (high << 8) | low;
}

/** All of them unpacked: a view of the file, or a copy. Throws RangeErrors and E_IMAGE_PIXELS. */
export function allRows(file: PsdFile): Uint8Array {
  const packed = file.stored.read(file.composite);
  return unpackRows(packed, { start: 0, end: packed.length }, shapeOf(file));
}

/** Where the raw rows begin in the file. Throws a RangeError when they reach past its end. */
export function rawRowsAt(file: PsdFile): number {
  const { rows, rowBytes } = shapeOf(file);
  const start = file.composite.start + compressionBytes;
  if (start + rows * rowBytes > file.composite.end) throw new RangeError('rows past the end');
  return start;
}

/** Where the rows of a composite of PackBits are. Throws a RangeError when they reach past the file. */
export function packedRows(file: PsdFile): PackedRows {
  const { stored, composite, form } = file;
  const { rows } = shapeOf(file);
  const lengthBytes = form.big ? 4 : 2;
  const table = composite.start + compressionBytes;
  const bytes = stored.read({ start: table, end: table + rows * lengthBytes });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts = new Float64Array(rows + 1);
  starts[0] = table + bytes.length;
  for (let i = 0; i < rows; i++) {
    starts[i + 1] = starts[i] + (form.big ? view.getUint32(i * 4) : view.getUint16(i * 2));
  }
  if (starts[rows] > composite.end) throw new RangeError('rows past the end');
  return { starts };
}

export interface RowRange {
  /** Among the rows of all channels. */
  readonly first: number;
  readonly count: number;
}

/** Packed rows that are in memory at once. */
const rowsAtOnce = 64;

/**
 * Each packed row of the range with its number, valid until the next is asked for; several are read in one
 * go. Throws RangeErrors.
 */
export function* eachPackedRow(
  file: PsdFile,
  { starts }: PackedRows,
  { first, count }: RowRange,
): Generator<readonly [index: number, packed: Uint8Array]> {
  let spare: Uint8Array | undefined;
  for (let from = first; from < first + count; from += rowsAtOnce) {
    const end = Math.min(from + rowsAtOnce, first + count);
    const bytes = file.stored.read({ start: starts[from], end: starts[end] }, spare);
    if (bytes.length > (spare?.length ?? 0)) spare = bytes;
    for (let i = from; i < end; i++) {
      yield [i, bytes.subarray(starts[i] - starts[from], starts[i + 1] - starts[from])];
    }
  }
}

/** A part of a packed row, unpacked. */
export interface RowPart {
  /** The bytes of the row that whole packets stand for, around those that are asked for. */
  readonly row: Span;
  readonly bytes: Uint8Array;
  /** Where the packets are among the packed bytes. */
  readonly packed: Span;
}

/**
 * What `span` of a row of `rowBytes` and the rest of its packets hold; it may be unpacked into `spare`. Throws a
 * RangeError for what is no packed row.
 */
export function unpackedPart(
  packedRow: Uint8Array,
  span: Span,
  rowBytes: number,
  spare?: Uint8Array,
): RowPart {
  const packets = packetsOver(packedRow, span);
  if (!packets || packets.row.end > rowBytes) throw new RangeError('row');
  const { packed, row } = packets;
  const length = row.end - row.start;
  const isEnough = spare !== undefined && spare.length >= length;
  const bytes = isEnough ? spare.subarray(0, length) : new Uint8Array(length);
  if (!unpackRow(packedRow.subarray(packed.start, packed.end), bytes)) throw new RangeError('row');
  return { row, bytes, packed };
}

/**
 * Fills `out` with `span` of rows of the composite, from the row `first` on, as big-endian bytes, whatever it is
 * packed with. Throws RangeErrors and E_IMAGE_PIXELS.
 */
export function mergedRows(file: PsdFile, span: Span): (first: number, out: Uint8Array) => void {
  const { rowBytes } = shapeOf(file);
  const compression = compressionOf(file);
  const length = span.end - span.start;
  if (compression === compressionRle) {
    const packed = packedRows(file);
    const spare = new Uint8Array(rowBytes);
    return (first, out) => {
      const range = { first, count: out.length / length };
      for (const [index, packedRow] of eachPackedRow(file, packed, range)) {
        const { row, bytes } = unpackedPart(packedRow, span, rowBytes, spare);
        const part = bytes.subarray(span.start - row.start, span.end - row.start);
        out.set(part, (index - first) * length);
      }
    };
  }
  const isRaw = compression === compressionRaw;
  const rows = isRaw ? file.stored : memoryBytes(allRows(file));
  const at = (isRaw ? rawRowsAt(file) : 0) + span.start;
  return (first, out) => {
    const start = at + first * rowBytes;
    rows.readRows({ start, end: start + length }, rowBytes, out);
  };
}
