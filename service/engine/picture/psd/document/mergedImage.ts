/** The composite of a document with new layers laid over it; rows that no layer touches keep their bytes. */
import { intersectRects, rectOfSize, type Rect } from '../../../../../shared/geometry.ts';
import { u16 } from '../bytes.ts';
import { unpackRow } from '../packBits.ts';
import { ByteCursor } from './byteCursor.ts';
import { compressionRaw, compressionRle, unpackRows, type ChannelValues } from './channelPixels.ts';
import { colorsOf } from './documentForm.ts';
import { packedRow, rowLengths } from './packedRows.ts';
import type { PsdFile } from './readDocument.ts';

/** A layer of opaque colour in the document's own channels and depth, seen through its mask. */
export interface SeenLayer {
  readonly bounds: Rect;
  readonly channels: readonly ChannelValues[];
  /** 0..255 over the bounds. */
  readonly alpha: Uint8Array;
}

/** The rows of all channels as they are stored, one after another. */
interface StoredRows {
  readonly rowBytes: number;
  /** Where each row's bytes begin; one more for the end. */
  readonly starts: Float64Array;
}

/**
 * Compression number and data in pieces. Bottom layer first. Stored colours lie over white where the
 * document is clear, so code values mix as c' = c + (r - c) s and a' = a + (1 - a) s at every
 * transparency. Throws RangeErrors and E_IMAGE_PIXELS.
 */
export function mergedWith(file: PsdFile, layers: readonly SeenLayer[]): Uint8Array[] {
  const { bytes, composite } = file;
  const compression = new ByteCursor(bytes, composite).u16();
  if (compression === compressionRle) {
    const packed = patchPacked(file, layers);
    if (packed) return packed;
  }
  const rows = rowsAsBytes(file);
  const { rowBytes } = shapeOf(file);
  for (const { index, mix } of touchedRows(file, layers)) {
    mix(rows.subarray(index * rowBytes, (index + 1) * rowBytes));
  }
  return [u16(compressionRaw), rows];
}

function shapeOf({ form }: PsdFile) {
  const { depth, big } = form;
  return { rows: form.height * form.channels, rowBytes: form.width * (depth / 8), depth, big };
}

/** A copy that may be written to. */
function rowsAsBytes(file: PsdFile): Uint8Array {
  return new Uint8Array(unpackRows(file.bytes, file.composite, shapeOf(file)));
}

/** Undefined when a row grows beyond what its length field can hold. */
function patchPacked(file: PsdFile, layers: readonly SeenLayer[]): Uint8Array[] | undefined {
  const { bytes, composite, form } = file;
  const stored = storedRows(file);
  const { starts, rowBytes } = stored;
  const changed = new Map<number, Uint8Array>();
  for (const { index, mix } of touchedRows(file, layers)) {
    const row = changed.get(index) ?? unpackedRow(bytes, stored, index);
    mix(row);
    changed.set(index, row);
  }
  const lengths = new Float64Array(starts.length - 1);
  for (let i = 0; i < lengths.length; i++) lengths[i] = starts[i + 1] - starts[i];
  const data: Uint8Array[] = [];
  let kept = starts[0];
  for (const index of [...changed.keys()].toSorted((a, b) => a - b)) {
    const row = packedRow(changed.get(index) ?? new Uint8Array(rowBytes));
    if (row.length > (form.big ? 0xffff_ffff : 0xffff)) return undefined;
    lengths[index] = row.length;
    data.push(bytes.subarray(kept, starts[index]), row);
    kept = starts[index + 1];
  }
  data.push(bytes.subarray(kept, composite.end));
  return [u16(compressionRle), rowLengths(lengths, form.big), ...data];
}

/** Where the packed rows are. Throws a RangeError when they reach past the file. */
function storedRows(file: PsdFile): StoredRows {
  const { bytes, composite, form } = file;
  const { rows, rowBytes } = shapeOf(file);
  const cursor = new ByteCursor(bytes, composite);
  cursor.take(2);
  const lengths = new ByteCursor(bytes, cursor.take(rows * (form.big ? 4 : 2)));
  const starts = new Float64Array(rows + 1);
  starts[0] = cursor.at;
  for (let i = 0; i < rows; i++)
    starts[i + 1] = cursor.take(form.big ? lengths.u32() : lengths.u16()).end;
  return { rowBytes, starts };
}

function unpackedRow(bytes: Uint8Array, { rowBytes, starts }: StoredRows, index: number) {
  const row = new Uint8Array(rowBytes);
  if (!unpackRow(bytes.subarray(starts[index], starts[index + 1]), row))
    throw new RangeError('row');
  return row;
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
export function mergedChannel(file: PsdFile, channel: number): Uint8Array[] {
  const { bytes, composite, form } = file;
  const { rowBytes } = shapeOf(file);
  const compression = new ByteCursor(bytes, composite).u16();
  if (compression === compressionRle) {
    const { starts } = storedRows(file);
    const first = channel * form.height;
    const rows = bytes.subarray(starts[first], starts[first + form.height]);
    const lengthBytes = form.big ? 4 : 2;
    const table = composite.start + 2 + first * lengthBytes;
    return [u16(compressionRle), bytes.subarray(table, table + form.height * lengthBytes), rows];
  }
  const all = unpackRows(bytes, composite, shapeOf(file));
  const size = form.height * rowBytes;
  return [u16(compressionRaw), all.subarray(channel * size, (channel + 1) * size)];
}
