/** One channel of pixels as PSD stores it: big-endian rows, packed or deflated. */
import { deflateSync } from 'node:zlib';
import type { Raster } from '../raster.ts';
import { u16 } from './bytes.ts';
import { packRow } from './packBits.ts';

const compressionRaw = 0;
const compressionRle = 1;
const compressionZipPrediction = 3;

/** Level 1: a megapixel of 16 bits takes tens of milliseconds, a third of that per level is not worth it. */
const deflateLevel = 1;
/** The library puts its output together out of chunks of 16 kB where it is not told of larger ones. */
export const deflateOptions = { level: deflateLevel, chunkSize: 512 * 1024 };

/** One channel; 8 bits as Uint8Array, 16 as Uint16Array. */
export type PlaneValues = Uint8Array | Uint16Array;

interface ChannelPlane {
  readonly width: number;
  readonly height: number;
  readonly data: PlaneValues;
}

/** The channels of interleaved pixels of 8 or 16 bits, one after the other. */
export function channelPlanes(pixels: Raster): PlaneValues[] {
  const { channels, data } = pixels;
  const count = pixels.width * pixels.height;
  if (data instanceof Uint8Array) {
    const planes = Array.from({ length: channels }, () => new Uint8Array(count));
    if (channels === 4) split4(data, planes);
    else if (channels === 3) split3(data, planes);
    else planes.forEach((plane, channel) => pick8(data, plane, { channel, channels }));
    return planes;
  }
  const deep = data as Uint16Array;
  return Array.from({ length: channels }, (_, channel) =>
    pick16(deep, new Uint16Array(count), { channel, channels }),
  );
}

interface ChannelPlace {
  readonly channel: number;
  readonly channels: number;
}

// The same loop twice: it is twice as fast where it only ever meets one kind of array.
function pick8(from: Uint8Array, out: Uint8Array, { channel, channels }: ChannelPlace): void {
  for (let i = 0, at = channel; i < out.length; i++, at += channels) out[i] = from[at];
}

function pick16(
  from: Uint16Array,
  out: Uint16Array,
  { channel, channels }: ChannelPlace,
): Uint16Array {
  for (let i = 0, at = channel; i < out.length; i++, at += channels) out[i] = from[at];
  return out;
}

/** In one go: memory is read once instead of once per channel. */
function split3(from: Uint8Array, [r, g, b]: readonly Uint8Array[]): void {
  for (let i = 0, at = 0; i < r.length; i++, at += 3) {
    r[i] = from[at];
    g[i] = from[at + 1];
    b[i] = from[at + 2];
  }
}

function split4(from: Uint8Array, [r, g, b, a]: readonly Uint8Array[]): void {
  for (let i = 0, at = 0; i < r.length; i++, at += 4) {
    r[i] = from[at];
    g[i] = from[at + 1];
    b[i] = from[at + 2];
    a[i] = from[at + 3];
  }
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

/**
 * Channel data of a layer with its compression number, in pieces: PackBits (or raw) at 8 bits, ZIP with
 * prediction at 16.
 */
export function layerChannel(plane: ChannelPlane): Uint8Array[] {
  if (plane.width === 0 || plane.height === 0) return [u16(compressionRaw)];
  if (plane.data instanceof Uint16Array) {
    const bytes = rowDifferences(plane, plane.data);
    return [u16(compressionZipPrediction), deflateSync(bytes, deflateOptions)];
  }
  if (!isWorthPacking(plane)) return [u16(compressionRaw), rawBytes(plane)];
  const { counts, rows } = packedRows(plane);
  return [u16(compressionRle), counts, rows];
}

/** The composite in pieces: PackBits (or raw), the row lengths of all channels first. */
export function compositeData(planes: readonly ChannelPlane[]): Uint8Array[] {
  if (!planes.some(isWorthPacking)) return [u16(compressionRaw), ...planes.map(rawBytes)];
  const packed = planes.map(packedRows);
  return [u16(compressionRle), ...packed.map((p) => p.counts), ...packed.map((p) => p.rows)];
}

function packedRows(plane: ChannelPlane): { counts: Uint8Array; rows: Uint8Array } {
  const { width, height } = plane;
  const rowBytes = width * plane.data.BYTES_PER_ELEMENT;
  const out = new Uint8Array(height * (rowBytes + Math.ceil(rowBytes / 128) + 1));
  const counts = new Uint8Array(height * 2);
  const row = new Uint8Array(rowBytes);
  const bytes = rawBytes(plane);
  let at = 0;
  let before = 0;
  for (let y = 0; y < height; y++) {
    let end = at + before;
    // Rows of masks and of opaque channels repeat.
    if (y > 0 && isRowRepeated(bytes, y, rowBytes)) out.copyWithin(at, at - before, at);
    else end = packRow(bigEndianRow(plane, y, row), out, at);
    before = end - at;
    counts[y * 2] = before >> 8;
    counts[y * 2 + 1] = before;
    at = end;
  }
  return { counts, rows: out.subarray(0, at) };
}

function isRowRepeated(bytes: Uint8Array, y: number, rowBytes: number): boolean {
  const row = bytes.subarray(y * rowBytes, (y + 1) * rowBytes);
  return Buffer.compare(bytes.subarray((y - 1) * rowBytes, y * rowBytes), row) === 0;
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

/** Each value as its difference to the one before in the row (modulo 65536), big-endian. */
export function rowDifferences(
  { width, height }: { readonly width: number; readonly height: number },
  data: Uint16Array,
): Uint8Array {
  const differences = new Uint16Array(data.length);
  for (let y = 0; y < height; y++) {
    let before = 0;
    for (let i = y * width; i < (y + 1) * width; i++) {
      const value = data[i];
      differences[i] = value - before;
      before = value;
    }
  }
  return bigEndianBytes(differences);
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The values' own memory, turned around where it has to be. */
function bigEndianBytes({ buffer, byteOffset, byteLength }: Uint16Array): Uint8Array {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  return isLittleEndian ? bytes.swap16() : bytes;
}
