/** One channel of pixels as PSD stores it: big-endian rows, packed or deflated. */
import { deflateSync } from 'node:zlib';
import type { Raster } from '../raster.ts';
import { concat, u16 } from './bytes.ts';
import { packRow } from './packBits.ts';

const compressionRaw = 0;
const compressionRle = 1;
const compressionZipPrediction = 3;

/** Level 1: a megapixel of 16 bits takes tens of milliseconds, a third of that per level is not worth it. */
const deflateLevel = 1;

/** One channel; 8 bits as Uint8Array, 16 as Uint16Array. */
export type PlaneValues = Uint8Array | Uint16Array;

interface ChannelPlane {
  readonly width: number;
  readonly height: number;
  readonly data: PlaneValues;
}

/** One channel of interleaved pixels of 8 or 16 bits. */
export function channelValues(pixels: Raster, channel: number): PlaneValues {
  const count = pixels.width * pixels.height;
  const place = { channel, channels: pixels.channels };
  return pixels.depth === 8
    ? pick8(pixels.data as Uint8Array, new Uint8Array(count), place)
    : pick16(pixels.data as Uint16Array, new Uint16Array(count), place);
}

interface ChannelPlace {
  readonly channel: number;
  readonly channels: number;
}

// The same loop twice: it is twice as fast where it only ever meets one kind of array.
function pick8(from: Uint8Array, out: Uint8Array, { channel, channels }: ChannelPlace): Uint8Array {
  for (let i = 0, at = channel; i < out.length; i++, at += channels) out[i] = from[at];
  return out;
}

function pick16(
  from: Uint16Array,
  out: Uint16Array,
  { channel, channels }: ChannelPlace,
): Uint16Array {
  for (let i = 0, at = channel; i < out.length; i++, at += channels) out[i] = from[at];
  return out;
}

/** PackBits on a photograph saves nothing and takes most of the time: below this gain rows stay as they are. */
const leastGain = 0.05;
const probedRows = 32;

/** Whether PackBits would make an 8-bit plane noticeably smaller, told from some of its rows. */
function isWorthPacking(plane: ChannelPlane): boolean {
  const { width, height, data } = plane;
  if (!(data instanceof Uint8Array)) return true;
  const packed = new Uint8Array(width + Math.ceil(width / 128) + 1);
  let before = 0;
  let after = 0;
  for (let y = 0; y < height; y += Math.max(1, Math.floor(height / probedRows))) {
    before += width;
    after += packRow(data.subarray(y * width, (y + 1) * width), packed, 0);
  }
  return after < before * (1 - leastGain);
}

function rawBytes({ data }: ChannelPlane): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Channel data of a layer with its compression number: PackBits (or raw) at 8 bits, ZIP with prediction at 16. */
export function layerChannel(plane: ChannelPlane): Uint8Array {
  if (plane.width === 0 || plane.height === 0) return u16(compressionRaw);
  if (plane.data instanceof Uint16Array) return zipChannel(plane, plane.data);
  if (!isWorthPacking(plane)) return concat([u16(compressionRaw), rawBytes(plane)]);
  const { counts, rows } = packedRows(plane);
  return concat([u16(compressionRle), counts, rows]);
}

/** The composite: PackBits (or raw), the row lengths of all channels first. */
export function compositeData(planes: readonly ChannelPlane[]): Uint8Array {
  if (!planes.some(isWorthPacking)) return concat([u16(compressionRaw), ...planes.map(rawBytes)]);
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
    const end = packRow(bigEndianRow(plane, y, row), out, at);
    counts[y * 2] = (end - at) >> 8;
    counts[y * 2 + 1] = end - at;
    at = end;
  }
  return { counts, rows: out.subarray(0, at) };
}

/** A row's bytes: of 8 bits as they are, of 16 bits written into `row`. */
function bigEndianRow(plane: ChannelPlane, y: number, row: Uint8Array): Uint8Array {
  const { width, data } = plane;
  if (data instanceof Uint8Array) return data.subarray(y * width, (y + 1) * width);
  for (let x = 0; x < width; x++) {
    const v = data[y * width + x];
    row[x * 2] = v >> 8;
    row[x * 2 + 1] = v;
  }
  return row;
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
