/** Writes PNG files without a canvas: UXP has none, and a browser's premultiplies (and so changes) colours. */
import { zlibSync } from 'fflate';
import { utf8Encode } from '../../shared/utf8.ts';

export interface PngPicture {
  readonly width: number;
  readonly height: number;
  /** 1 gray, 3 RGB, 4 RGBA (straight alpha). */
  readonly channels: 1 | 3 | 4;
  /** 8 or 16 bit, interleaved, rows from the top. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
}

export interface PngOptions {
  /** deflate effort, 0 (stored) .. 9. */
  readonly level?: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
  /** Text chunks (iTXt, UTF-8) by keyword, for instance `parameters`. */
  readonly text?: Readonly<Record<string, string>>;
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const colorTypes = { 1: 0, 3: 2, 4: 6 } as const;

/** An sRGB PNG of 8 or 16 bits per channel with exactly these samples (PNG specification, third edition). */
export function encodePng(picture: PngPicture, options: PngOptions = {}): Uint8Array {
  const { width, height, channels } = picture;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([picture.data instanceof Uint16Array ? 16 : 8, colorTypes[channels], 0, 0, 0], 8);
  const chunks = [chunk('IHDR', header), chunk('sRGB', Uint8Array.of(0))];
  for (const [keyword, text] of Object.entries(options.text ?? {})) {
    chunks.push(chunk('iTXt', utf8Encode(`${keyword}\0\0\0\0\0${text}`)));
  }
  chunks.push(chunk('IDAT', zlibSync(filteredRows(picture), { level: options.level ?? 6 })));
  chunks.push(chunk('IEND', new Uint8Array(0)));
  return join([Uint8Array.from(signature), ...chunks]);
}

/** Filter "up": each byte minus the one above; cheap, and good for photographs. */
function filteredRows({ width, height, channels, data }: PngPicture): Uint8Array {
  const bytes = data instanceof Uint16Array ? bigEndian(data) : data;
  const stride = (width * channels * bytes.length) / data.length;
  const rows = new Uint8Array((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    const to = y * (stride + 1);
    const from = y * stride;
    rows[to] = y === 0 ? 0 : 2;
    for (let i = 0; i < stride; i++) {
      rows[to + 1 + i] = bytes[from + i]! - (y === 0 ? 0 : bytes[from - stride + i]!);
    }
  }
  return rows;
}

function bigEndian(samples: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * 2);
  for (let i = 0; i < samples.length; i++) {
    bytes[i * 2] = samples[i]! >>> 8;
    bytes[i * 2 + 1] = samples[i]!;
  }
  return bytes;
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, crc32(bytes.subarray(4, 8 + body.length)));
  return bytes;
}

/** CRC-32 of ISO 3309, a byte at a time: a picture of 24 megapixels has 140 MB. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ crcTable[(crc ^ bytes[i]!) & 255]!;
  return (crc ^ 0xffffffff) >>> 0;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
