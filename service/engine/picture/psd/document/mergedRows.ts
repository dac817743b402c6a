/** The rows of a document's composite where they are stored: channel after channel. */
import { unpackRow } from '../packBits.ts';
import { compressionRaw, compressionRle, unpackRows, type RowShape } from './channelPixels.ts';
import type { PsdFile } from './readDocument.ts';

/** Of the compression number before the data. */
export const compressionBytes = 2;

interface PackedRows {
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

interface RowRange {
  /** Among the rows of all channels. */
  readonly first: number;
  readonly count: number;
}

/** Rows of a composite of PackBits, read in one go. Throws a RangeError for what is no packed row. */
export function unpackedRows(
  file: PsdFile,
  { starts }: PackedRows,
  { first, count }: RowRange,
): Uint8Array {
  const { rowBytes } = shapeOf(file);
  const span = { start: starts[first], end: starts[first + count] };
  const packed = file.stored.read(span);
  const out = new Uint8Array(rowBytes * count);
  for (let i = 0; i < count; i++) {
    const from = starts[first + i] - span.start;
    const row = packed.subarray(from, starts[first + i + 1] - span.start);
    if (!unpackRow(row, out.subarray(i * rowBytes, (i + 1) * rowBytes)))
      throw new RangeError('row');
  }
  return out;
}

/** Rows of the composite as big-endian bytes, whatever it is packed with. Throws RangeErrors and E_IMAGE_PIXELS. */
export function mergedRows(file: PsdFile): (range: RowRange) => Uint8Array {
  const { rowBytes } = shapeOf(file);
  const compression = compressionOf(file);
  if (compression === compressionRaw) {
    const start = file.composite.start + compressionBytes;
    if (start + shapeOf(file).rows * rowBytes > file.composite.end) throw new RangeError('rows');
    return ({ first, count }) =>
      file.stored.read({
        start: start + first * rowBytes,
        end: start + (first + count) * rowBytes,
      });
  }
  if (compression === compressionRle) {
    const packed = packedRows(file);
    return (range) => unpackedRows(file, packed, range);
  }
  const all = allRows(file);
  return ({ first, count }) => all.subarray(first * rowBytes, (first + count) * rowBytes);
}
