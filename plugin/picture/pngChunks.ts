/** The chunks of a PNG file (PNG specification, third edition). */
import { utf8Encode } from '../../shared/utf8.ts';

export interface PngHead {
  readonly width: number;
  readonly height: number;
  /** 1 gray, 3 RGB, 4 RGBA (straight alpha). */
  readonly channels: 1 | 3 | 4;
  readonly depth: 8 | 16;
  /** Text chunks (iTXt, UTF-8) by keyword, for instance `parameters`. */
  readonly text?: Readonly<Record<string, string>>;
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const colorTypes = { 1: 0, 3: 2, 4: 6 } as const;

/** What stands before the picture: signature, size, sRGB and texts. */
export function pngStart({
  width,
  height,
  channels,
  depth,
  text,
}: PngHead): Array<Uint8Array<ArrayBuffer>> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([depth, colorTypes[channels], 0, 0, 0], 8);
  const parts = [signature, pngChunk('IHDR', header), pngChunk('sRGB', Uint8Array.of(0))];
  for (const [keyword, value] of Object.entries(text ?? {}))
    parts.push(pngChunk('iTXt', utf8Encode(`${keyword}\0\0\0\0\0${value}`)));
  return parts;
}

/** A piece of the deflated rows. */
export function pngData(deflated: Uint8Array): Uint8Array<ArrayBuffer> {
  return pngChunk('IDAT', deflated);
}

export function pngEnd(): Uint8Array<ArrayBuffer> {
  return pngChunk('IEND', new Uint8Array(0));
}

function pngChunk(type: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, crc32(bytes, 4, 8 + body.length));
  return bytes;
}

/** CRC-32 of ISO 3309 of the bytes from `from` to `to`, four at a time: a picture of 24 megapixels has 140 MB. */
function crc32(bytes: Uint8Array, from: number, to: number): number {
  let crc = -1;
  let i = from;
  for (; i + 3 < to; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      crcTable[768 + (crc & 255)]! ^
      crcTable[512 + ((crc >>> 8) & 255)]! ^
      crcTable[256 + ((crc >>> 16) & 255)]! ^
      crcTable[crc >>> 24]!;
  }
  for (; i < to; i++) crc = (crc >>> 8) ^ crcTable[(crc ^ bytes[i]!) & 255]!;
  return (crc ^ -1) >>> 0;
}

const crcTable = crcTables();

/** What a byte does to the sum, and what it does with one, two and three bytes behind it ("slicing by 4"). */
function crcTables(): Int32Array {
  const table = new Int32Array(4 * 256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    table[n] = c;
  }
  for (let i = 256; i < table.length; i++) {
    const before = table[i - 256]!;
    table[i] = (before >>> 8) ^ table[before & 255]!;
  }
  return table;
}
