/** Text chunks of PNG files (PNG 1.2, section 4.2.3), and EXIF in `eXIf` (PNG extensions 1.5). */
import { inflateSync } from 'node:zlib';
import { asciiAt, numberAt, sourceOfBytes, type ByteSource } from './byteSource.ts';
import { readExif } from './exif.ts';
import { collectTexts, plainText, utf8Text, type PictureTexts } from './pictureText.ts';

const signatureBytes = 8;
const xmpKeyword = 'XML:com.adobe.xmp';
const textTypes = ['tEXt', 'zTXt', 'iTXt'];

/** Reads past damaged chunks as far as their lengths hold; never throws. */
export async function readPng(source: ByteSource): Promise<PictureTexts> {
  const collector = collectTexts();
  let size = { width: 0, height: 0 };
  for (let at = signatureBytes; at + 12 <= source.sizeBytes && !collector.isEnough();) {
    const head = await source.read(at, 8);
    const length = numberAt(head, 0, 4);
    const type = asciiAt(head, 4, 4);
    if (type === 'IEND') break;
    if (type === 'IHDR') {
      const header = await source.read(at + 8, 8);
      size = { width: numberAt(header, 0, 4), height: numberAt(header, 4, 4) };
    } else if (textTypes.includes(type) || type === 'eXIf') {
      if (length > collector.roomBytes()) collector.unreadable.push(type);
      else {
        const data = await source.read(at + 8, length);
        if (type === 'eXIf') await readExif(sourceOfBytes(data), collector);
        else readTextChunk(type, data, collector);
      }
    }
    at += 12 + length;
  }
  return { format: 'png', size, texts: collector.texts, unreadable: collector.unreadable };
}

function readTextChunk(
  type: string,
  data: Uint8Array,
  collector: ReturnType<typeof collectTexts>,
): void {
  const keywordEnd = data.indexOf(0);
  if (keywordEnd < 0) return void collector.unreadable.push(type);
  const keyword = Buffer.from(data.subarray(0, keywordEnd)).toString('latin1');
  const text = chunkText(type, data.subarray(keywordEnd + 1), collector.roomBytes());
  if (text === undefined) return void collector.unreadable.push(keyword);
  return collector.add({ kind: keyword === xmpKeyword ? 'xmp' : 'png', keyword, text });
}

/**
 * tEXt and zTXt are Latin-1 by the standard, but several programs write UTF-8 there; Latin-1 text that
 * is valid UTF-8 by chance does not occur.
 */
function chunkText(type: string, rest: Uint8Array, roomBytes: number): string | undefined {
  if (type === 'tEXt') return plainText(rest);
  if (type === 'zTXt') {
    const bytes = inflated(rest.subarray(1), roomBytes);
    return bytes && plainText(bytes);
  }
  // Compression flag and method, then language and translated keyword, each ended by a zero.
  const languageEnd = rest.indexOf(0, 2);
  const start = languageEnd < 0 ? -1 : rest.indexOf(0, languageEnd + 1);
  if (start < 0) return undefined;
  const packed = rest.subarray(start + 1);
  const bytes = rest[0] === 1 ? inflated(packed, roomBytes) : packed;
  return bytes && (utf8Text(bytes) ?? plainText(bytes));
}

function inflated(bytes: Uint8Array, roomBytes: number): Uint8Array | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: Math.max(1, roomBytes) });
  } catch {
    return undefined;
  }
}
