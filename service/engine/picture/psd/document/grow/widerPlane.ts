/** Rows of one channel on a larger canvas, as big-endian bytes. */
import { u16, type Piece } from '../../bytes.ts';
import { channelBytes, rowLengths, rowPacker } from '../packedRows.ts';
import { compressionRaw, compressionRle, readChannel, valuesOf } from '../channelPixels.ts';
import { allRows, compressionOf } from '../mergedRows.ts';
import { colorsOf, type DocumentForm } from '../documentForm.ts';
import type { LayerRecord } from '../layerRecords.ts';
import type { PsdFile } from '../readDocument.ts';
import type { CanvasMove } from './canvasMove.ts';

const mostOfRow = 0xffff;

/**
 * The composite in pieces: colours are white in the new part, everything else (transparency and saved selections)
 * is empty. Throws RangeErrors and E_IMAGE_PIXELS.
 */
export function widerComposite(file: PsdFile, move: CanvasMove): Piece[] {
  const { form } = file;
  const { from, to } = move;
  const pixelBytes = form.depth / 8;
  const rows = allRows(file);
  const planeBytes = from.width * from.height * pixelBytes;
  const widerBytes = to.width * to.height * pixelBytes;
  const out = new Uint8Array(widerBytes * form.channels);
  for (let c = 0; c < form.channels; c++) {
    const plane = rows.subarray(c * planeBytes, (c + 1) * planeBytes);
    const target = out.subarray(c * widerBytes, (c + 1) * widerBytes);
    if (c < colorsOf(form)) fillWhite(target, form, c);
    layPlane(plane, target, { move, pixelBytes });
  }
  const isPacked = compressionOf(file) === compressionRle;
  const packed = isPacked ? packedRowsOf(out, to.width * pixelBytes, form.big) : undefined;
  return packed ?? [u16(compressionRaw), out];
}

/** Undefined where a row is longer than its length can tell. */
function packedRowsOf(rows: Uint8Array, rowBytes: number, big: boolean): Piece[] | undefined {
  const pack = rowPacker();
  const packed: Uint8Array[] = [];
  for (let at = 0; at < rows.length; at += rowBytes) {
    const row = pack(rows.subarray(at, at + rowBytes));
    if (!big && row.length > mostOfRow) return undefined;
    packed.push(row);
  }
  const lengths = packed.map((row) => row.length);
  return [u16(compressionRle), rowLengths(lengths, big), ...packed];
}

/** The channels of a background, which is the whole canvas, in pieces; white in the new part. Throws as `readChannel`. */
export function widerBackground(file: PsdFile, record: LayerRecord, move: CanvasMove): Piece[][] {
  const { form } = file;
  const { from, to } = move;
  const pixelBytes = form.depth / 8;
  return record.channels.map((channel) => {
    const values = readChannel(file, record, channel);
    const bytes = bigEndian(values);
    const out = new Uint8Array(to.width * to.height * pixelBytes);
    fillWhite(out, form, channel.id);
    layPlane(bytes.subarray(0, from.width * from.height * pixelBytes), out, { move, pixelBytes });
    return channelBytes(valuesOf(out, form.depth), to, form.big);
  });
}

function bigEndian(values: Uint8Array | Uint16Array | Float32Array): Uint8Array {
  if (values instanceof Uint8Array) return values;
  const bytes = new Uint8Array(values.byteLength);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    if (values instanceof Uint16Array) view.setUint16(i * 2, values[i]);
    else view.setFloat32(i * 4, values[i]);
  }
  return bytes;
}

/** No ink of CMYK is stored as the largest value, too; a* and b* of Lab have their zero in the middle. */
function fillWhite(plane: Uint8Array, { mode, depth }: DocumentForm, channel: number): void {
  const isNeutral = mode === 'lab' && channel > 0;
  if (depth === 32) {
    const view = new DataView(plane.buffer, plane.byteOffset, plane.byteLength);
    for (let at = 0; at < plane.length; at += 4) view.setFloat32(at, 1);
  } else if (!isNeutral) plane.fill(255);
  else for (let at = 0; at < plane.length; at += depth / 8) plane[at] = 128;
}

function layPlane(
  plane: Uint8Array,
  target: Uint8Array,
  { move, pixelBytes }: { readonly move: CanvasMove; readonly pixelBytes: number },
): void {
  const { from, to, dx, dy } = move;
  const rowBytes = from.width * pixelBytes;
  for (let y = 0; y < from.height; y++) {
    const row = plane.subarray(y * rowBytes, (y + 1) * rowBytes);
    target.set(row, ((y + dy) * to.width + dx) * pixelBytes);
  }
}
