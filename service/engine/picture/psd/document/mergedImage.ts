/** The composite of a document with new layers laid over it; rows that no layer touches keep their bytes. */
import { u16, type Piece } from '../bytes.ts';
import { compressionRaw, compressionRle } from './channelPixels.ts';
import {
  allRows,
  compressionBytes,
  compressionOf,
  eachPackedRow,
  packedRows,
  shapeOf,
  unpackedPart,
} from './mergedRows.ts';
import { mixedPiece } from './mixedPiece.ts';
import { rowLengths, rowPacker } from './packedRows.ts';
import type { PsdFile } from './readDocument.ts';
import { splicedPiece, type Replacement } from './splicedPiece.ts';
import { touchedPart, type SeenLayer, type TouchedPart } from './touchedPart.ts';

/**
 * Compression number and data in pieces. Bottom layer first. Stored colours lie over white where the
 * document is clear, so code values mix as c' = c + (r - c) s and a' = a + (1 - a) s at every
 * transparency. Throws RangeErrors and E_IMAGE_PIXELS.
 */
export function mergedWith(file: PsdFile, layers: readonly SeenLayer[]): Piece[] {
  const touched = touchedPart(file, layers);
  const compression = compressionOf(file);
  if (compression === compressionRaw) return [u16(compressionRaw), mixedPiece(file, touched)];
  if (compression === compressionRle) {
    const packed = patchPacked(file, touched);
    if (packed) return packed;
  }
  const { rowBytes } = shapeOf(file);
  const { start, end } = touched.columns;
  const rows = new Uint8Array(allRows(file));
  for (const { first, count } of touched.rows) {
    for (let i = first; i < first + count; i++)
      touched.mix(i, rows.subarray(i * rowBytes + start, i * rowBytes + end));
  }
  return [u16(compressionRaw), rows];
}

/**
 * In each row the packets that stand for touched columns are packed anew. Undefined when a row grows
 * beyond what its length field can hold.
 */
function patchPacked(file: PsdFile, { columns, rows, mix }: TouchedPart): Piece[] | undefined {
  const { stored, composite, form } = file;
  const { rowBytes } = shapeOf(file);
  const packed = packedRows(file);
  const { starts } = packed;
  const mostBytes = form.big ? 0xffff_ffff : 0xffff;
  const lengths = new Float64Array(starts.length - 1);
  for (let i = 0; i < lengths.length; i++) lengths[i] = starts[i + 1] - starts[i];
  const replacements: Replacement[] = [];
  const spare = new Uint8Array(rowBytes);
  const packInto = rowPacker();
  for (const range of rows) {
    for (const [index, row] of eachPackedRow(file, packed, range)) {
      const part = unpackedPart(row, columns, rowBytes, spare);
      const at = columns.start - part.row.start;
      mix(index, part.bytes.subarray(at, at + columns.end - columns.start));
      const bytes = packInto(part.bytes);
      const span = {
        start: starts[index] + part.packed.start,
        end: starts[index] + part.packed.end,
      };
      lengths[index] += bytes.length - (span.end - span.start);
      if (lengths[index] > mostBytes) return undefined;
      replacements.push({ span, bytes });
    }
  }
  const data = splicedPiece(stored, { start: starts[0], end: composite.end }, replacements);
  return [u16(compressionRle), rowLengths(lengths, form.big), data];
}

/** One channel of the composite as the channel data of a layer, in pieces; its bytes are used again. */
export function mergedChannel(file: PsdFile, channel: number): Piece[] {
  const { composite, form, stored } = file;
  const { rowBytes } = shapeOf(file);
  const compression = compressionOf(file);
  const size = form.height * rowBytes;
  if (compression === compressionRle) {
    const { starts } = packedRows(file);
    const first = channel * form.height;
    const lengthBytes = form.big ? 4 : 2;
    const table = composite.start + compressionBytes + first * lengthBytes;
    return [
      u16(compressionRle),
      stored.piece({ start: table, end: table + form.height * lengthBytes }),
      stored.piece({ start: starts[first], end: starts[first + form.height] }),
    ];
  }
  if (compression === compressionRaw) {
    const start = composite.start + compressionBytes + channel * size;
    return [u16(compressionRaw), stored.piece({ start, end: start + size })];
  }
  return [u16(compressionRaw), allRows(file).subarray(channel * size, (channel + 1) * size)];
}
