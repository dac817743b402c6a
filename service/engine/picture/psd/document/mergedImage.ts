/** The composite of a document with new layers laid over it; rows that no layer touches keep their bytes. */
import { intersectRects, rectOfSize, type Rect } from '../../../../../shared/geometry.ts';
import { u16, type Piece } from '../bytes.ts';
import { compressionRaw, compressionRle, type ChannelValues } from './channelPixels.ts';
import { colorsOf } from './documentForm.ts';
import {
  allRows,
  compressionBytes,
  compressionOf,
  packedRows,
  shapeOf,
  unpackedRows,
} from './mergedRows.ts';
import { packedRow, rowLengths } from './packedRows.ts';
import type { PsdFile } from './readDocument.ts';

/** A layer of opaque colour in the document's own channels and depth, seen through its mask. */
export interface SeenLayer {
  readonly bounds: Rect;
  readonly channels: readonly ChannelValues[];
  /** 0..255 over the bounds. */
  readonly alpha: Uint8Array;
}

/**
 * Compression number and data in pieces. Bottom layer first. Stored colours lie over white where the
 * document is clear, so code values mix as c' = c + (r - c) s and a' = a + (1 - a) s at every
 * transparency. Throws RangeErrors and E_IMAGE_PIXELS.
 */
export function mergedWith(file: PsdFile, layers: readonly SeenLayer[]): Piece[] {
  const compression = compressionOf(file);
  if (compression === compressionRaw) return patchRaw(file, layers);
  if (compression === compressionRle) {
    const packed = patchPacked(file, layers);
    if (packed) return packed;
  }
  const { rowBytes } = shapeOf(file);
  const rows = new Uint8Array(allRows(file));
  for (const { index, mix } of touchedRows(file, layers)) {
    mix(rows.subarray(index * rowBytes, (index + 1) * rowBytes));
  }
  return [u16(compressionRaw), rows];
}

/** Each row that a layer touches once, with all that is laid over it. */
function changedRows(
  file: PsdFile,
  layers: readonly SeenLayer[],
  readRow: (index: number) => Uint8Array,
): Array<[index: number, row: Uint8Array]> {
  const changed = new Map<number, Uint8Array>();
  for (const { index, mix } of touchedRows(file, layers)) {
    const row = changed.get(index) ?? readRow(index);
    mix(row);
    changed.set(index, row);
  }
  return [...changed].toSorted(([a], [b]) => a - b);
}

function patchRaw(file: PsdFile, layers: readonly SeenLayer[]): Piece[] {
  const { stored, composite } = file;
  const { rows, rowBytes } = shapeOf(file);
  const first = composite.start + compressionBytes;
  const spanOf = (index: number) => ({
    start: first + index * rowBytes,
    end: first + (index + 1) * rowBytes,
  });
  if (spanOf(rows).start > composite.end) throw new RangeError('fewer bytes than the rows need');
  const pieces: Piece[] = [u16(compressionRaw)];
  let kept = first;
  const readRow = (index: number) => new Uint8Array(stored.read(spanOf(index)));
  for (const [index, row] of changedRows(file, layers, readRow)) {
    const { start, end } = spanOf(index);
    pieces.push(stored.piece({ start: kept, end: start }), row);
    kept = end;
  }
  return [...pieces, stored.piece({ start: kept, end: composite.end })];
}

/** Undefined when a row grows beyond what its length field can hold. */
function patchPacked(file: PsdFile, layers: readonly SeenLayer[]): Piece[] | undefined {
  const { stored, composite, form } = file;
  const packed = packedRows(file);
  const { starts } = packed;
  const lengths = new Float64Array(starts.length - 1);
  for (let i = 0; i < lengths.length; i++) lengths[i] = starts[i + 1] - starts[i];
  const data: Piece[] = [];
  let kept = starts[0];
  const readRow = (index: number) => unpackedRows(file, packed, { first: index, count: 1 });
  for (const [index, changed] of changedRows(file, layers, readRow)) {
    const row = packedRow(changed);
    if (row.length > (form.big ? 0xffff_ffff : 0xffff)) return undefined;
    lengths[index] = row.length;
    data.push(stored.piece({ start: kept, end: starts[index] }), row);
    kept = starts[index + 1];
  }
  data.push(stored.piece({ start: kept, end: composite.end }));
  return [u16(compressionRle), rowLengths(lengths, form.big), ...data];
}

interface TouchedRow {
  /** Among the rows of all channels. */
  readonly index: number;
  readonly mix: (row: Uint8Array) => void;
}

/** Every row of colour and transparency that a layer covers, layer after layer. */
function* touchedRows(file: PsdFile, layers: readonly SeenLayer[]): Generator<TouchedRow> {
  const { form } = file;
  const colors = colorsOf(form);
  const hasAlpha = (file.layers?.mergedAlpha ?? false) && form.channels > colors;
  for (const layer of layers) {
    const seen = intersectRects(layer.bounds, rectOfSize(form));
    for (let c = 0; c < colors + (hasAlpha ? 1 : 0); c++) {
      for (let y = seen.y; y < seen.y + seen.height; y++) {
        const from = (y - layer.bounds.y) * layer.bounds.width + seen.x - layer.bounds.x;
        const share = { alpha: layer.alpha, from, at: seen.x, count: seen.width };
        const values = c < colors ? layer.channels[c] : undefined;
        yield { index: c * form.height + y, mix: (row) => mixRow(row, form.depth, values, share) };
      }
    }
  }
}

interface RowShare {
  readonly alpha: Uint8Array;
  /** Index in the layer's planes. */
  readonly from: number;
  /** Pixel of the row. */
  readonly at: number;
  readonly count: number;
}

/** Without values: full transparency values. Where the mask is 0 every bit stays. */
function mixRow(
  row: Uint8Array,
  depth: 8 | 16 | 32,
  values: ChannelValues | undefined,
  { alpha, from, at, count }: RowShare,
): void {
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
  const full = depth === 8 ? 255 : depth === 16 ? 65535 : 1;
  for (let i = 0; i < count; i++) {
    const share = alpha[from + i] / 255;
    if (share === 0) continue;
    const over = values ? values[from + i] : full;
    const x = at + i;
    if (depth === 8) row[x] = Math.round(row[x] + (over - row[x]) * share);
    else if (depth === 16) {
      const under = view.getUint16(x * 2);
      view.setUint16(x * 2, Math.round(under + (over - under) * share));
    } else {
      const under = view.getFloat32(x * 4);
      view.setFloat32(x * 4, share === 1 ? over : under + (over - under) * share);
    }
  }
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
