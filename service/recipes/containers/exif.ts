/** Texts in EXIF data and TIFF files (TIFF 6.0 section 2, EXIF 2.32 section 4.6.5). */
import { asciiAt, numberAt, type ByteSource } from './byteSource.ts';
import { plainText, utf8Text, type TextCollector } from './pictureText.ts';

/** Tags whose values programs use for recipes; 0x010E to 0x0110 by ComfyUI. */
const textTags: Readonly<Record<number, string>> = {
  0x010e: 'ImageDescription',
  0x010f: 'Make',
  0x0110: 'Model',
  0x0131: 'Software',
  0x927c: 'MakerNote',
};
const userComment = 0x9286;
const windowsComment = 0x9c9c;
const xmp = 0x02bc;
const exifDirectory = 0x8769;
const entryBytes = 12;
/** More entries or directories than any file has. */
const mostEntries = 2000;
const mostDirectories = 4;
const typeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];

interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly value: Uint8Array;
}

/** Adds what it finds; never throws, whatever the bytes are. */
export async function readExif(source: ByteSource, collector: TextCollector): Promise<void> {
  const head = await source.read(0, 8);
  const order = asciiAt(head, 0, 2);
  if (order !== 'II' && order !== 'MM') return;
  const isLittle = order === 'II';
  if (numberAt(head, 2, 2, isLittle) !== 42) return;
  const waiting = [numberAt(head, 4, 4, isLittle)];
  const seen = new Set<number>();
  for (let done = 0; waiting.length > 0 && done < mostDirectories; done++) {
    const at = waiting.shift() ?? 0;
    for await (const entry of entries({ source, isLittle, seen }, at, collector)) {
      if (entry.tag === exifDirectory) waiting.push(numberAt(entry.value, 0, 4, isLittle));
      else addEntry(entry, collector);
    }
  }
}

interface Directories {
  readonly source: ByteSource;
  readonly isLittle: boolean;
  /** Tags that were read: only the first of each counts. */
  readonly seen: Set<number>;
}

async function* entries(
  { source, isLittle, seen }: Directories,
  at: number,
  collector: TextCollector,
): AsyncGenerator<Entry> {
  const count = numberAt(await source.read(at, 2), 0, 2, isLittle);
  const table = await source.read(at + 2, Math.min(count, mostEntries) * entryBytes);
  for (let i = 0; i + entryBytes <= table.length; i += entryBytes) {
    const tag = numberAt(table, i, 2, isLittle);
    if (!isWanted(tag) || seen.has(tag)) continue;
    seen.add(tag);
    const type = numberAt(table, i + 2, 2, isLittle);
    const length = numberAt(table, i + 4, 4, isLittle) * (typeBytes[type] ?? 0);
    if (length > collector.roomBytes()) {
      collector.unreadable.push(textTags[tag] ?? `Exif ${tag}`);
      continue;
    }
    const value =
      length <= 4
        ? table.slice(i + 8, i + 8 + length)
        : await source.read(numberAt(table, i + 8, 4, isLittle), length);
    yield { tag, type, value };
  }
}

function isWanted(tag: number): boolean {
  return tag in textTags || [userComment, windowsComment, xmp, exifDirectory].includes(tag);
}

function addEntry({ tag, value }: Entry, collector: TextCollector): void {
  if (tag === xmp) {
    return collector.add({ kind: 'xmp', keyword: 'XMP', text: plainText(value) });
  }
  if (tag === userComment) {
    const text = commentText(value);
    if (text !== '') collector.add({ kind: 'exif', keyword: 'UserComment', text });
    return undefined;
  }
  if (tag === windowsComment) {
    const text = trimZeros(utf16Text(value, true));
    if (text !== '') collector.add({ kind: 'exif', keyword: 'XPComment', text });
    return undefined;
  }
  return collector.add({ kind: 'exif', keyword: textTags[tag], text: plainText(value) });
}

const codeBytes = 8;

/** UserComment: eight bytes name its character code, then the text. */
export function commentText(value: Uint8Array): string {
  const code = asciiAt(value, 0, codeBytes);
  const body = value.subarray(codeBytes);
  if (code === 'UNICODE\0') return trimZeros(unicodeText(body));
  if (code === 'JIS\0\0\0\0\0') {
    const label = body.includes(0x1b) ? 'iso-2022-jp' : 'shift_jis';
    return trimZeros(new TextDecoder(label).decode(body));
  }
  if (code === 'ASCII\0\0\0' || code === '\0'.repeat(codeBytes)) return plainText(body);
  return utf8Text(value) === undefined ? '' : plainText(value);
}

/**
 * "Unicode" is UTF-16 of either byte order, or what some programs put there, UTF-8. A byte order mark
 * decides; else the order that gives more plain characters, and big endian, which AUTOMATIC1111 writes.
 */
function unicodeText(body: Uint8Array): string {
  if (body[0] === 0xfe && body[1] === 0xff) return utf16Text(body.subarray(2), false);
  if (body[0] === 0xff && body[1] === 0xfe) return utf16Text(body.subarray(2), true);
  const plain = [0, 0];
  for (let i = 0; i + 1 < body.length; i += 2) {
    if (body[i] === 0 && body[i + 1] < 128) plain[0]++;
    if (body[i + 1] === 0 && body[i] < 128) plain[1]++;
  }
  if (plain[0] + plain[1] === 0) {
    const text = utf8Text(body);
    if (text !== undefined && /^[\t\n\r\u0020-\u007e]/.test(text) && !text.includes('\0'))
      return text;
  }
  return utf16Text(body, plain[1] > plain[0]);
}

function utf16Text(bytes: Uint8Array, isLittle: boolean): string {
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 2));
  return new TextDecoder(isLittle ? 'utf-16le' : 'utf-16be', { ignoreBOM: true }).decode(whole);
}

function trimZeros(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--;
  return text.slice(0, end);
}
