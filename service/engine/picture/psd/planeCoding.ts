/** One channel of pixels as PSD stores it: big-endian rows, packed or deflated. */
import { deflateSync } from 'node:zlib';
import { concat, u16 } from './bytes.ts';
import { packRow } from './packBits.ts';

const compressionRaw = 0;
const compressionRle = 1;
const compressionZipPrediction = 3;

/** Level 1: a megapixel of 16 bits takes tens of milliseconds, a third of that per level is not worth it. */
const deflateLevel = 1;

interface ChannelPlane {
  readonly width: number;
  readonly height: number;
  /** One channel; 8 bits as Uint8Array, 16 as Uint16Array. */
  readonly data: Uint8Array | Uint16Array;
}

/** Channel data of a layer with its compression number: PackBits at 8 bits, ZIP with prediction at 16. */
export function layerChannel(plane: ChannelPlane): Uint8Array {
  if (plane.width === 0 || plane.height === 0) return u16(compressionRaw);
  if (plane.data instanceof Uint16Array) return zipChannel(plane, plane.data);
  const { counts, rows } = packedRows(plane);
  return concat([u16(compressionRle), counts, rows]);
}

/** The composite: PackBits, the row lengths of all channels first. */
export function compositeData(planes: readonly ChannelPlane[]): Uint8Array {
  const packed = planes.map(packedRows);
  return concat([
    u16(compressionRle),
    ...packed.map((p) => p.counts),
    ...packed.map((p) => p.rows),
  ]);
}

function packedRows(plane: ChannelPlane): { counts: Uint8Array; rows: Uint8Array } {
  const { width, height } = plane;
  const rowBytes = width * plane.data.BYTES_PER_ELEMENT;
  const out = new Uint8Array(height * (rowBytes + Math.ceil(rowBytes / 128) + 1));
  const counts = new Uint8Array(height * 2);
  const row = new Uint8Array(rowBytes);
  let at = 0;
  for (let y = 0; y < height; y++) {
    bigEndianRow(plane, y, row);
    const end = packRow(row, out, at);
    counts[y * 2] = (end - at) >> 8;
    counts[y * 2 + 1] = end - at;
    at = end;
  }
  return { counts, rows: out.subarray(0, at) };
}

function bigEndianRow(plane: ChannelPlane, y: number, row: Uint8Array): void {
  const { width, data } = plane;
  if (data instanceof Uint8Array) {
    row.set(data.subarray(y * width, (y + 1) * width));
    return;
  }
  for (let x = 0; x < width; x++) {
    const v = data[y * width + x];
    row[x * 2] = v >> 8;
    row[x * 2 + 1] = v;
  }
}

/** Each value as its difference to the one before in the row (modulo 65536), then deflated. */
function zipChannel(plane: ChannelPlane, data: Uint16Array): Uint8Array {
  const { width, height } = plane;
  const bytes = new Uint8Array(data.length * 2);
  for (let y = 0; y < height; y++) {
    let before = 0;
    for (let i = y * width; i < (y + 1) * width; i++) {
      const difference = data[i] - before;
      before = data[i];
      bytes[i * 2] = difference >> 8;
      bytes[i * 2 + 1] = difference;
    }
  }
  return concat([u16(compressionZipPrediction), deflateSync(bytes, { level: deflateLevel })]);
}
