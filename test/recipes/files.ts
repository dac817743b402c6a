/** Files with texts in them, byte by byte. */
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

export function pngChunk(type: string, data: Uint8Array): Buffer {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

function plain(): Sharp {
  return sharp({ create: { width: 24, height: 16, channels: 3, background: '#405060' } });
}

/** A real PNG of 24 x 16 pixels with these chunks behind its header. */
export async function pngWith(...chunks: Uint8Array[]): Promise<Uint8Array> {
  const png = await plain().png().toBuffer();
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
}

export function textChunk(
  keyword: string,
  text: string,
  kind: 'tEXt' | 'zTXt' | 'iTXt' | 'iTXt deflated' = 'iTXt',
): Buffer {
  const name = Buffer.from(`${keyword}\0`, 'latin1');
  const utf8 = Buffer.from(text, 'utf8');
  switch (kind) {
    case 'tEXt':
      return pngChunk('tEXt', Buffer.concat([name, Buffer.from(text, 'latin1')]));
    case 'zTXt': {
      const packed = deflateSync(Buffer.from(text, 'latin1'));
      return pngChunk('zTXt', Buffer.concat([name, Buffer.from([0]), packed]));
    }
    case 'iTXt':
      return pngChunk('iTXt', Buffer.concat([name, Buffer.from([0, 0, 0, 0]), utf8]));
    case 'iTXt deflated':
      return pngChunk('iTXt', Buffer.concat([name, Buffer.from([1, 0, 0, 0]), deflateSync(utf8)]));
  }
}

export interface Tag {
  readonly tag: number;
  readonly bytes: Uint8Array;
  /** In the EXIF directory rather than the first one. */
  readonly isExif?: boolean;
}

/** EXIF data of two directories in either byte order; every value lies outside its entry. */
export function exifData(order: 'II' | 'MM', tags: readonly Tag[]): Buffer {
  const main = tags.filter((t) => t.isExif !== true);
  const inner = tags.filter((t) => t.isExif === true);
  const mainBytes = 2 + 12 * (main.length + 1) + 4;
  const innerAt = 8 + mainBytes;
  const dataAt = innerAt + 2 + 12 * inner.length + 4;
  const size = dataAt + tags.reduce((sum, t) => sum + Math.max(8, t.bytes.length), 0);
  const out = Buffer.alloc(size);
  const two = (v: number, at: number) =>
    order === 'II' ? out.writeUInt16LE(v, at) : out.writeUInt16BE(v, at);
  const four = (v: number, at: number) =>
    order === 'II' ? out.writeUInt32LE(v, at) : out.writeUInt32BE(v, at);
  out.write(order, 0, 'latin1');
  two(42, 2);
  four(8, 4);
  let place = dataAt;
  const entry = (at: number, { tag, bytes }: Tag) => {
    two(tag, at);
    two(7, at + 2);
    four(bytes.length, at + 4);
    four(place, at + 8);
    out.set(bytes, place);
    place += Math.max(8, bytes.length);
  };
  two(main.length + 1, 8);
  main.forEach((tag, i) => entry(10 + 12 * i, tag));
  const pointer = 10 + 12 * main.length;
  two(0x8769, pointer);
  two(4, pointer + 2);
  four(1, pointer + 4);
  four(innerAt, pointer + 8);
  two(inner.length, innerAt);
  inner.forEach((tag, i) => entry(innerAt + 2 + 12 * i, tag));
  return out;
}

export function comment(bytes: Uint8Array): Tag {
  return { tag: 0x9286, bytes, isExif: true };
}

export async function jpegWith(exif: Uint8Array): Promise<Uint8Array> {
  const jpeg = await plain().jpeg().toBuffer();
  const head = Buffer.alloc(10);
  head.writeUInt16BE(0xffe1, 0);
  head.writeUInt16BE(exif.length + 8, 2);
  head.write('Exif\0\0', 4, 'latin1');
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}

export async function webpWith(exif: Uint8Array): Promise<Uint8Array> {
  const webp = await plain().webp().toBuffer();
  const chunk = (type: string, data: Uint8Array) => {
    const head = Buffer.alloc(8);
    head.write(type, 0, 'latin1');
    head.writeUInt32LE(data.length, 4);
    return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
  };
  const extended = Buffer.alloc(10);
  extended[0] = 8;
  extended.writeUIntLE(23, 4, 3);
  extended.writeUIntLE(15, 7, 3);
  const body = Buffer.concat([
    Buffer.from('WEBP'),
    chunk('VP8X', extended),
    webp.subarray(12),
    chunk('EXIF', exif),
  ]);
  const head = Buffer.alloc(8);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body]);
}

/** A real AVIF whose EXIF image description is this text. */
export async function avifWith(description: string): Promise<Uint8Array> {
  return plain()
    .avif({ effort: 0 })
    .withExif({ IFD0: { ImageDescription: description } })
    .toBuffer();
}
