/**
 * One binary frame: a JSON header and pixel planes, no base64. It is how pixels travel between
 * panel and service, and how they lie on the disk.
 *
 *   bytes 0..3   "PNTM"
 *   4..7         format version, uint32 little-endian (1)
 *   8..11        length of the JSON header in bytes, uint32 little-endian
 *   12..         the header, UTF-8 JSON: { body, planes: [{ name, width, height, channels, depth, offset }] }
 *   then         the planes; `offset` counts from the end of the header padded to 8 bytes
 *
 * Planes are interleaved (RGBRGB...), rows from the top, little-endian. depth 8: uint8; 16: uint16
 * 0..65535; 32: float32 0..1. Written without TextEncoder and Buffer: UXP has neither decoder.
 */
import { z } from 'zod';
import { PentimentoError } from './errors.ts';
import { maxFrameBytes, maxFrameHeaderBytes, maxPlanePixels, maxSidePx } from './limits.ts';
import { utf8Decode, utf8Encode } from './utf8.ts';

export type PixelDepth = 8 | 16 | 32;
export type PixelData = Uint8Array | Uint16Array | Float32Array;

export interface Plane {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly depth: PixelDepth;
  readonly data: PixelData;
}

export interface Frame {
  /** Any JSON value; the receiver parses it through its own schema. */
  readonly body: unknown;
  readonly planes: readonly Plane[];
}

const PlaneHeader = z.strictObject({
  name: z.string().min(1).max(40),
  width: z.number().int().min(1).max(maxSidePx),
  height: z.number().int().min(1).max(maxSidePx),
  channels: z.number().int().min(1).max(5),
  depth: z.union([z.literal(8), z.literal(16), z.literal(32)]),
  offset: z.number().int().min(0),
});
const Header = z.strictObject({ body: z.unknown(), planes: z.array(PlaneHeader).max(16) });

const magic = [0x50, 0x4e, 0x54, 0x4d];
const prefixBytes = 12;
const formatVersion = 1;

function align8(n: number): number {
  return Math.ceil(n / 8) * 8;
}

export function planeBytes(p: Omit<Plane, 'data' | 'name'>): number {
  return p.width * p.height * p.channels * (p.depth / 8);
}

export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  let offset = 0;
  const planes = frame.planes.map((p) => {
    if (p.data.byteLength !== planeBytes(p)) {
      throw new PentimentoError('E_FRAME', `Plane ${p.name} has the wrong length.`);
    }
    const header = {
      name: p.name,
      width: p.width,
      height: p.height,
      channels: p.channels,
      depth: p.depth,
      offset,
    };
    offset = align8(offset + planeBytes(p));
    return header;
  });
  const json = utf8Encode(JSON.stringify({ body: frame.body, planes }));
  const start = align8(prefixBytes + json.length);
  const bytes = new Uint8Array(start + offset);
  const view = new DataView(bytes.buffer);
  bytes.set(magic, 0);
  view.setUint32(4, formatVersion, true);
  view.setUint32(8, json.length, true);
  bytes.set(json, prefixBytes);
  frame.planes.forEach((p, i) => {
    const raw = new Uint8Array(p.data.buffer, p.data.byteOffset, p.data.byteLength);
    bytes.set(raw, start + (planes[i]?.offset ?? 0));
  });
  return bytes;
}

/** Where a plane lies in a frame's bytes. */
export interface PlanePlace extends Omit<Plane, 'data'> {
  /** First byte, counted from the frame's beginning. */
  readonly at: number;
  readonly sizeBytes: number;
}

/**
 * The header alone: enough to check a frame that lies on the disk. `head` holds at least the header
 * (maxFrameHeaderBytes + 12 bytes always do), `totalBytes` is the whole frame's length. Throws E_FRAME,
 * E_TOO_LARGE, E_API_VERSION.
 */
export function readFrameHeader(
  head: Uint8Array,
  totalBytes: number,
): { body: unknown; planes: PlanePlace[] } {
  if (totalBytes > maxFrameBytes) throw new PentimentoError('E_TOO_LARGE');
  const { header, start } = readHeader(head);
  const planes = header.planes.map(({ offset, ...p }) => {
    if (p.width * p.height > maxPlanePixels) {
      throw new PentimentoError('E_TOO_LARGE', `A picture of ${p.width} x ${p.height} pixels.`);
    }
    const place = { ...p, at: start + offset, sizeBytes: planeBytes(p) };
    if (offset % 8 !== 0 || place.at + place.sizeBytes > totalBytes) {
      throw new PentimentoError('E_FRAME', `Plane ${p.name} reaches past the end.`);
    }
    return place;
  });
  return { body: header.body, planes };
}

/** Reads a frame; the planes are views into `bytes` where alignment allows. Throws E_FRAME, E_TOO_LARGE. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const { body, planes } = readFrameHeader(bytes, bytes.length);
  return {
    body,
    planes: planes.map(({ at, sizeBytes, ...p }) => ({
      ...p,
      data: viewOf(bytes, at, sizeBytes, p.depth),
    })),
  };
}

function readHeader(bytes: Uint8Array): { header: z.infer<typeof Header>; start: number } {
  if (bytes.length < prefixBytes || magic.some((m, i) => bytes[i] !== m)) {
    throw new PentimentoError('E_FRAME', 'It does not begin like a frame.');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(4, true) !== formatVersion) throw new PentimentoError('E_API_VERSION');
  const length = view.getUint32(8, true);
  if (length > maxFrameHeaderBytes || prefixBytes + length > bytes.length) {
    throw new PentimentoError('E_FRAME', 'Its header is longer than the data.');
  }
  let json: unknown;
  try {
    json = JSON.parse(utf8Decode(bytes.subarray(prefixBytes, prefixBytes + length)));
  } catch (cause) {
    throw new PentimentoError('E_FRAME', 'Its header is not JSON.', { cause });
  }
  const parsed = Header.safeParse(json);
  if (!parsed.success) {
    throw new PentimentoError('E_FRAME', 'Its header is not as agreed.', { cause: parsed.error });
  }
  return { header: parsed.data, start: align8(prefixBytes + length) };
}

function viewOf(bytes: Uint8Array, at: number, size: number, depth: PixelDepth): PixelData {
  const itemBytes = depth / 8;
  let buffer = bytes.buffer;
  let offset = bytes.byteOffset + at;
  if (offset % itemBytes !== 0) {
    const copy = bytes.slice(at, at + size);
    buffer = copy.buffer;
    offset = 0;
  }
  if (depth === 8) return new Uint8Array(buffer, offset, size);
  if (depth === 16) return new Uint16Array(buffer, offset, size / 2);
  return new Float32Array(buffer, offset, size / 4);
}

export function planeNamed(frame: Frame, name: string): Plane | undefined {
  return frame.planes.find((p) => p.name === name);
}
