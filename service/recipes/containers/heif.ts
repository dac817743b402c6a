/** Metadata items of AVIF and HEIF files (ISO 14496-12 section 8.11): `Exif` and XMP. */
import { asciiAt, numberAt, sourceOfBytes, type ByteSource } from './byteSource.ts';
import { readExif } from './exif.ts';
import { collectTexts, plainText, type PictureTexts, type TextCollector } from './pictureText.ts';

interface Box {
  readonly type: string;
  /** The contents: [from, to) of the source. */
  readonly from: number;
  readonly to: number;
}

interface Item {
  readonly id: number;
  readonly kind: 'exif' | 'xmp';
}

/** More boxes, items or pieces than any picture has. */
const most = 10_000;
const largestMetaBytes = 4 * 1024 * 1024;

/** Never throws. */
export async function readHeif(source: ByteSource): Promise<PictureTexts> {
  const collector = collectTexts();
  for await (const box of boxes(source, 0, source.sizeBytes)) {
    if (box.type !== 'meta' || box.to - box.from > largestMetaBytes) continue;
    await readMeta(source, box, collector);
    break;
  }
  return { format: 'heif', texts: collector.texts, unreadable: collector.unreadable };
}

async function* boxes(source: ByteSource, from: number, to: number): AsyncGenerator<Box> {
  let at = from;
  for (let count = 0; at + 8 <= to && count < most; count++) {
    const head = await source.read(at, 16);
    const short = numberAt(head, 0, 4);
    const isLong = short === 1;
    const size = short === 0 ? to - at : isLong ? numberAt(head, 8, 8) : short;
    if (size < 8) return;
    yield {
      type: asciiAt(head, 4, 4),
      from: at + (isLong ? 16 : 8),
      to: Math.min(to, at + size),
    };
    at += size;
  }
}

async function readMeta(source: ByteSource, meta: Box, collector: TextCollector): Promise<void> {
  let items: Item[] = [];
  let places = new Map<number, Place>();
  let dataAt = 0;
  for await (const box of boxes(source, meta.from + 4, meta.to)) {
    if (box.type === 'idat') dataAt = box.from;
    if (box.type === 'iinf') items = await itemsOf(source, box);
    if (box.type === 'iloc') places = placesOf(await source.read(box.from, box.to - box.from));
  }
  for (const { id, kind } of items) {
    const place = places.get(id);
    if (!place) continue;
    const bytes = await itemBytes(source, place, dataAt, collector.roomBytes());
    if (!bytes) collector.unreadable.push(kind);
    else if (kind === 'xmp') {
      collector.add({ kind: 'xmp', keyword: 'XMP', text: plainText(bytes) });
    } else {
      // The item begins with how far its TIFF header lies behind that number.
      const start = 4 + numberAt(bytes, 0, 4);
      await readExif(sourceOfBytes(bytes.subarray(start)), collector);
    }
  }
}

async function itemsOf(source: ByteSource, box: Box): Promise<Item[]> {
  const head = await source.read(box.from, 6);
  const countBytes = head[0] === 0 ? 2 : 4;
  const items: Item[] = [];
  for await (const entry of boxes(source, box.from + 4 + countBytes, box.to)) {
    if (entry.type !== 'infe') continue;
    const data = await source.read(entry.from, Math.min(200, entry.to - entry.from));
    const version = data[0];
    if (version < 2) continue;
    const idBytes = version === 2 ? 2 : 4;
    const type = asciiAt(data, 4 + idBytes + 2, 4);
    const id = numberAt(data, 4, idBytes);
    const rest = asciiAt(data, 4 + idBytes + 6, 120);
    if (type === 'Exif') items.push({ id, kind: 'exif' });
    if (type === 'mime' && rest.includes('application/rdf+xml')) items.push({ id, kind: 'xmp' });
  }
  return items;
}

interface Place {
  /** Inside the `idat` box rather than the file. */
  readonly isInside: boolean;
  readonly pieces: ReadonlyArray<{ readonly at: number; readonly length: number }>;
}

function placesOf(data: Uint8Array): Map<number, Place> {
  const version = data[0];
  const sizes = numberAt(data, 4, 2);
  const [offsetBytes, lengthBytes] = [sizes >> 12, (sizes >> 8) & 15];
  const [baseBytes, indexBytes] = [(sizes >> 4) & 15, version === 0 ? 0 : sizes & 15];
  const idBytes = version < 2 ? 2 : 4;
  let at = 6;
  const next = (length: number) => {
    const value = numberAt(data, at, length);
    at += length;
    return value;
  };
  const places = new Map<number, Place>();
  const count = Math.min(most, next(idBytes));
  for (let i = 0; i < count && at < data.length; i++) {
    const id = next(idBytes);
    const method = version === 0 ? 0 : next(2) & 15;
    next(2);
    const base = next(baseBytes);
    const pieceCount = next(2);
    const pieces = [];
    for (let p = 0; p < pieceCount && at < data.length; p++) {
      next(indexBytes);
      const offset = next(offsetBytes);
      pieces.push({ at: base + offset, length: next(lengthBytes) });
    }
    places.set(id, { isInside: method === 1, pieces });
  }
  return places;
}

async function itemBytes(
  source: ByteSource,
  { isInside, pieces }: Place,
  dataAt: number,
  roomBytes: number,
): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const { at, length } of pieces) {
    total += length;
    if (total > roomBytes) return undefined;
    parts.push(await source.read((isInside ? dataAt : 0) + at, length));
  }
  return Buffer.concat(parts);
}
