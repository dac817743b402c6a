/** Text chunks for PNG files (PNG 1.2, sections 4.2.3 and 3.2). */
import { crc32, deflateSync } from 'node:zlib';
import { pixelsPerMeter } from './density.ts';

const signatureAndHeaderBytes = 8 + 25;

export interface PngText {
  readonly keyword: string;
  readonly text: string;
}

/**
 * A copy of the PNG with the texts right after its header, so before the pixels: tEXt when every
 * character is in Latin-1, else iTXt (deflated when it is long). XMP goes into iTXt always, as its specification asks.
 */
export function withPngText(png: Uint8Array, texts: readonly PngText[]): Uint8Array {
  const chunks = texts.map((t) =>
    isLatin1(t.text) && t.keyword !== xmpKeyword ? latinChunk(t) : unicodeChunk(t),
  );
  return Buffer.concat([
    png.subarray(0, signatureAndHeaderBytes),
    ...chunks,
    png.subarray(signatureAndHeaderBytes),
  ]);
}

/** A copy of the PNG with a colour profile after its header (section 4.2.2.4). */
export function withPngProfile(png: Uint8Array, icc: Uint8Array): Uint8Array {
  const data = Buffer.concat([Buffer.from('ICC profile\0\0', 'latin1'), deflateSync(icc)]);
  return Buffer.concat([
    png.subarray(0, signatureAndHeaderBytes),
    chunk('iCCP', data),
    png.subarray(signatureAndHeaderBytes),
  ]);
}

const physical = 'pHYs';
const chunkFrameBytes = 12;

/** A copy of the PNG that says this many pixels per inch after its header, or nothing about it. */
export function withPngDensity(png: Uint8Array, ppi: number | undefined): Uint8Array {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const parts = [png.subarray(0, signatureAndHeaderBytes)];
  if (ppi !== undefined) parts.push(chunk(physical, pixelsPerMeter(ppi)));
  let at = signatureAndHeaderBytes;
  while (typeAt(png, at) !== physical && typeAt(png, at) !== 'IDAT') at = nextChunk(view, at);
  parts.push(png.subarray(signatureAndHeaderBytes, at));
  parts.push(png.subarray(typeAt(png, at) === physical ? nextChunk(view, at) : at));
  return Buffer.concat(parts);
}

function typeAt(png: Uint8Array, at: number): string {
  return String.fromCharCode(...png.subarray(at + 4, at + 8));
}

function nextChunk(view: DataView, at: number): number {
  return at + chunkFrameBytes + view.getUint32(at);
}

/** Keyword of the iTXt chunk that holds an XMP packet (XMP specification part 3). */
export const xmpKeyword = 'XML:com.adobe.xmp';

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 255 || c === 0) return false;
  }
  return true;
}

function latinChunk({ keyword, text }: PngText): Uint8Array {
  return chunk('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1'));
}

function unicodeChunk({ keyword, text }: PngText): Uint8Array {
  const utf8 = Buffer.from(text, 'utf8');
  // An XMP packet must stay readable without inflating it.
  const deflated = utf8.length > 1024 && keyword !== xmpKeyword;
  const head = Buffer.from(`${keyword}\0${deflated ? '\u0001' : '\0'}\0\0\0`, 'latin1');
  return chunk('iTXt', Buffer.concat([head, deflated ? deflateSync(utf8) : utf8]));
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}
