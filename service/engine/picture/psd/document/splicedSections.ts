/** The parts of a document with more layers, in pieces: what was there byte for byte, and our records and channel data. */
import { PentimentoError } from '../../../../../shared/errors.ts';
import { ascii, padding, sizeOf, u16, u32, type Piece } from '../bytes.ts';
import { wideLength } from '../recordBytes.ts';
import type { AddedRecords } from './addedRecords.ts';
import { ByteCursor, type Span } from './byteCursor.ts';
import type { PsdFile } from './readDocument.ts';

/** One after another. */
export interface Parts {
  /** Of one length for records of one length. */
  readonly before: readonly Piece[];
  /** Channel data of the layers below ours, which is known before ours. */
  readonly below: readonly Piece[];
  readonly after: readonly Piece[];
}

/** All but the composite. Throws RangeErrors, and E_IMAGE_PIXELS for more than the document's lengths can tell. */
export function sectionsWith(file: PsdFile, added: AddedRecords, index: number): Parts {
  const section = sectionWith(file, added, index);
  const length = lengthOf(section);
  if (!file.form.big && length > 0xffff_ffff) throw new PentimentoError('E_IMAGE_PIXELS');
  const lengthBytes = file.form.big ? 8 : 4;
  const head = file.bytes.subarray(0, file.section.start - lengthBytes);
  return around(section, { before: [head, wideLength(length, lengthBytes)], after: [] });
}

function around(inner: Parts, { before, after }: Omit<Parts, 'below'>): Parts {
  return {
    before: [...before, ...inner.before],
    below: inner.below,
    after: [...inner.after, ...after],
  };
}

function lengthOf({ before, below, after }: Parts): number {
  return sizeOf(before) + sizeOf(below) + sizeOf(after);
}

/** The section of layers and masks in pieces, without its length. */
function sectionWith(file: PsdFile, added: AddedRecords, index: number): Parts {
  const { bytes, section, layersPlace: place } = file;
  const info = layerInfoWith(file, added, index);
  if (!place) return newPlace(file, info);
  return around(info, {
    before: [
      bytes.subarray(section.start, place.lengthAt),
      wideLength(lengthOf(info), place.lengthBytes),
    ],
    after: [bytes.subarray(place.end, section.end)],
  });
}

/** Layer count, records and channel data in pieces, filled up to a multiple of 4. */
function layerInfoWith(file: PsdFile, { base, own }: AddedRecords, index: number): Parts {
  const { bytes, layers, layersPlace: place } = file;
  const records = layers?.records ?? [];
  const old = (start: number, end: number) => bytes.subarray(start, end);
  const added = [...base, ...own];
  const count = records.length + added.length;
  const { recordsSpan, dataEnd } = layers ?? { recordsSpan: noSpan, dataEnd: 0 };
  const recordsAt = records[index]?.span.start ?? recordsSpan.end;
  const dataAt = records[index]?.data.start ?? dataEnd;
  const before = [
    u16(layers?.mergedAlpha ? -count : count),
    old(recordsSpan.start, recordsAt),
    ...added.map((a) => a.record),
    old(recordsAt, recordsSpan.end),
  ];
  const below = [old(recordsSpan.end, dataAt), ...base.flatMap((a) => a.channels)];
  const after = [...own.flatMap((a) => a.channels), old(dataAt, place?.data.end ?? 0)];
  const length = sizeOf([...before, ...below, ...after]);
  return { before, below, after: [...after, padding(length, 4)] };
}

const noSpan: Span = { start: 0, end: 0 };

/** A document that has no layers yet: 8 bits in the section itself, more in a block as Photoshop does. */
function newPlace(file: PsdFile, info: Parts): Parts {
  const { bytes, section, blocksAt, form } = file;
  const lengthBytes = form.big ? 8 : 4;
  const length = wideLength(lengthOf(info), lengthBytes);
  const isBare = section.end - section.start < lengthBytes + 4;
  const restAt = isBare ? section.end : afterInfo(file);
  const globalMask = isBare ? u32(0) : bytes.subarray(restAt, blocksAt);
  const blocks = bytes.subarray(isBare ? section.end : blocksAt, section.end);
  if (form.depth === 8) return around(info, { before: [length], after: [globalMask, blocks] });
  const key = ascii(`8BIMLr${form.depth}`);
  const before = [wideLength(0, lengthBytes), globalMask, key, length];
  return around(info, { before, after: [blocks] });
}

function afterInfo({ bytes, section, form }: PsdFile): number {
  const cursor = new ByteCursor(bytes, section);
  return cursor.take(cursor.length(form.big)).end;
}
