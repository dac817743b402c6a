/** Stored channels to values: raw, PackBits, ZIP, and ZIP of differences along each row. */
import { inflateSync } from 'node:zlib';
import { PentimentoError } from '../../../../../shared/errors.ts';
import { maxPicturePixels } from '../../../../../shared/limits.ts';
import { unpackRow } from '../packBits.ts';
import { maskChannel } from '../recordBytes.ts';
import { ByteCursor, readOrCorrupt, type Span } from './byteCursor.ts';
import type { DocumentForm } from './documentForm.ts';
import { joinedMaskChannel, type LayerChannel, type LayerRecord } from './layerRecords.ts';
import type { PsdFile } from './readDocument.ts';

/** One channel, row after row: 8 and 16 bits as stored, 32 bits linear light. */
export type ChannelValues = Uint8Array | Uint16Array | Float32Array;

export const compressionRaw = 0;
export const compressionRle = 1;
export const compressionZip = 2;
export const compressionZipPrediction = 3;

/** Two bytes of PackBits say at most 128, a deflated byte at most 1032 (RFC 1951). */
const mostOfRleByte = 64;
const mostOfZipByte = 1032;
/** The largest plane with all colours of a 32-bit document and its transparency. */
const mostUnpackedBytes = maxPicturePixels * 4 * 5;

export interface RowShape {
  readonly rows: number;
  readonly rowBytes: number;
  readonly depth: DocumentForm['depth'];
  readonly big: boolean;
}

/**
 * All rows of a compression number and its data, as big-endian bytes. What the data cannot hold is
 * refused before memory is taken. Throws RangeErrors and E_IMAGE_PIXELS.
 */
export function unpackRows(bytes: Uint8Array, span: Span, shape: RowShape): Uint8Array {
  const size = shape.rows * shape.rowBytes;
  if (size > mostUnpackedBytes) throw new PentimentoError('E_IMAGE_PIXELS');
  const cursor = new ByteCursor(bytes, span);
  const compression = cursor.u16();
  if (compression === compressionRaw) {
    const { start, end } = cursor.take(size);
    return bytes.subarray(start, end);
  }
  if (compression === compressionRle) return unpackRle(bytes, cursor, shape);
  if (compression !== compressionZip && compression !== compressionZipPrediction) {
    throw new RangeError('compression');
  }
  const rows = inflated(bytes.subarray(cursor.at, cursor.end), size);
  if (compression === compressionZipPrediction) addDifferences(rows, shape);
  return rows;
}

function unpackRle(bytes: Uint8Array, cursor: ByteCursor, shape: RowShape): Uint8Array {
  const { rows, rowBytes } = shape;
  const lengths = new ByteCursor(bytes, cursor.take(rows * (shape.big ? 4 : 2)));
  const size = rows * rowBytes;
  if (size > cursor.left * mostOfRleByte) throw new RangeError('fewer bytes than the rows need');
  const out = new Uint8Array(size);
  for (let y = 0; y < rows; y++) {
    const { start, end } = cursor.take(shape.big ? lengths.u32() : lengths.u16());
    const row = out.subarray(y * rowBytes, (y + 1) * rowBytes);
    if (!unpackRow(bytes.subarray(start, end), row)) throw new RangeError('row');
  }
  return out;
}

function inflated(packed: Uint8Array, size: number): Uint8Array {
  if (size > packed.length * mostOfZipByte) throw new RangeError('fewer bytes than the rows need');
  let out: Uint8Array;
  try {
    out = inflateSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch (cause) {
    throw new PentimentoError('E_IMAGE_CORRUPT', undefined, { cause });
  }
  if (out.length !== size) throw new RangeError('another number of bytes than the rows need');
  return out;
}

/** Undoes the prediction in place: 8 and 16 bits value by value, 32 bits by four planes of bytes a row. */
function addDifferences(rows: Uint8Array, { rowBytes, depth }: RowShape): void {
  for (let start = 0; start < rows.length; start += rowBytes) {
    const row = rows.subarray(start, start + rowBytes);
    if (depth === 16) {
      for (let i = 2; i < row.length; i += 2) {
        const v = ((row[i] << 8) | row[i + 1]) + ((row[i - 2] << 8) | row[i - 1]);
        row[i] = v >> 8;
        row[i + 1] = v;
      }
      continue;
    }
    for (let i = 1; i < row.length; i++) row[i] += row[i - 1];
    if (depth === 32) gatherBytes(row);
  }
}

function gatherBytes(row: Uint8Array): void {
  const planes = new Uint8Array(row);
  const count = row.length / 4;
  for (let i = 0; i < count; i++) {
    for (let b = 0; b < 4; b++) row[i * 4 + b] = planes[b * count + i];
  }
}

/** Big-endian bytes as values of a depth; 8 bits without a copy. */
export function valuesOf(bytes: Uint8Array, depth: DocumentForm['depth']): ChannelValues {
  if (depth === 8) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = depth === 16 ? new Uint16Array(bytes.length / 2) : new Float32Array(bytes.length / 4);
  for (let i = 0; i < out.length; i++) {
    out[i] = depth === 16 ? view.getUint16(i * 2) : view.getFloat32(i * 4);
  }
  return out;
}

/** The rectangle that a channel of a layer covers. */
export function channelBounds(record: LayerRecord, id: number): LayerRecord['bounds'] {
  const none = { x: 0, y: 0, width: 0, height: 0 };
  if (id === maskChannel) return record.mask?.bounds ?? none;
  if (id === joinedMaskChannel) return record.mask?.joined?.bounds ?? none;
  return record.bounds;
}

/**
 * One channel of a layer over its own rectangle (`channelBounds`). Throws E_IMAGE_CORRUPT, and
 * E_IMAGE_PIXELS for more than maxPicturePixels.
 */
export function readChannel(
  file: PsdFile,
  record: LayerRecord,
  channel: LayerChannel,
): ChannelValues {
  const { depth, big } = file.form;
  const { width, height } = channelBounds(record, channel.id);
  if (width * height > maxPicturePixels) throw new PentimentoError('E_IMAGE_PIXELS');
  if (width * height === 0) return valuesOf(new Uint8Array(0), depth);
  const shape = { rows: height, rowBytes: width * (depth / 8), depth, big };
  return valuesOf(
    readOrCorrupt(() => unpackRows(file.bytes, channel.data, shape)),
    depth,
  );
}

/**
 * The first `count` channels of the composite, as stored: colour over white where the document is
 * clear, CMYK with 0 = full ink. Throws E_IMAGE_CORRUPT and E_IMAGE_PIXELS.
 */
export function readMerged(file: PsdFile, count: number): ChannelValues[] {
  const { depth, big, width, height, channels } = file.form;
  const rowBytes = width * (depth / 8);
  const shape = { rows: height * channels, rowBytes, depth, big };
  const bytes = readOrCorrupt(() => {
    const packed = file.stored.read(file.composite);
    return unpackRows(packed, { start: 0, end: packed.length }, shape);
  });
  const planeBytes = height * rowBytes;
  return Array.from({ length: count }, (_, c) =>
    valuesOf(bytes.subarray(c * planeBytes, (c + 1) * planeBytes), depth),
  );
}
