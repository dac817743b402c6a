/** The layer info structure: how many layers, a record of each, then the channel data of all of them. */
import type { Rect } from '../../../../../shared/geometry.ts';
import { ByteCursor, type Span } from './byteCursor.ts';
import { readLayerMask, readRect, type LayerMask } from './layerMask.ts';

/** Photoshop allows 8000 layers; a group takes two records. */
const mostRecords = 16_000;
/** 56 of the document, transparency and two masks. */
const mostChannels = 59;

export const joinedMaskChannel = -3;

export interface LayerChannel {
  /** 0.. colour, or one of the negative numbers above. */
  readonly id: number;
  /** Compression number and data; empty where the layer stores nothing. */
  readonly data: Span;
}

export interface LayerRecord {
  /** Of the record itself, without channel data. */
  readonly span: Span;
  readonly bounds: Rect;
  readonly channels: readonly LayerChannel[];
  /** All channel data of this layer. */
  readonly data: Span;
  /** Four letters, such as 'norm' or 'mul '. */
  readonly blend: string;
  readonly opacity: number;
  /** Shown only where the layer below it is. */
  readonly clipped: boolean;
  readonly visible: boolean;
  /** Pixels are only a preview of something else, such as a shape. */
  readonly derivedPixels: boolean;
  readonly mask?: LayerMask;
  /** The old name in MacRoman bytes. */
  readonly shortName: Span;
  readonly blocks: Span;
}

export interface LayerInfo {
  /** The first extra channel of the composite is its transparency. */
  readonly mergedAlpha: boolean;
  /** Bottom layer first. */
  readonly records: readonly LayerRecord[];
  /** Where the records begin and end; the channel data follows. */
  readonly recordsSpan: Span;
  readonly dataEnd: number;
}

type RecordHead = Omit<LayerRecord, 'channels' | 'data'> & {
  readonly channels: ReadonlyArray<{ readonly id: number; readonly length: number }>;
};

/** Throws a RangeError when anything reaches past the span, or for more layers than Photoshop allows. */
export function readLayerInfo(bytes: Uint8Array, span: Span, big: boolean): LayerInfo {
  const cursor = new ByteCursor(bytes, span);
  const count = cursor.i16();
  if (Math.abs(count) > mostRecords) throw new RangeError('more layers than Photoshop allows');
  const start = cursor.at;
  const heads = Array.from({ length: Math.abs(count) }, () => readRecord(bytes, cursor, big));
  const recordsSpan = { start, end: cursor.at };
  const records = heads.map((head) => withData(head, cursor));
  return { mergedAlpha: count < 0, records, recordsSpan, dataEnd: cursor.at };
}

function withData(head: RecordHead, cursor: ByteCursor): LayerRecord {
  const start = cursor.at;
  const channels = head.channels.map(({ id, length }) => ({ id, data: cursor.take(length) }));
  return { ...head, channels, data: { start, end: cursor.at } };
}

function readRecord(bytes: Uint8Array, cursor: ByteCursor, big: boolean): RecordHead {
  const start = cursor.at;
  const bounds = readRect(cursor);
  const count = cursor.u16();
  if (count > mostChannels) throw new RangeError('more channels than a layer can have');
  const channels = Array.from({ length: count }, () => ({
    id: cursor.i16(),
    length: cursor.length(big),
  }));
  if (cursor.ascii(4) !== '8BIM') throw new RangeError('blend mode signature');
  const blend = cursor.ascii(4);
  const opacity = cursor.u8();
  const clipped = cursor.u8() !== 0;
  const flags = cursor.u8();
  cursor.take(1);
  const extra = new ByteCursor(bytes, cursor.take(cursor.u32()));
  const hasJoined = channels.some((c) => c.id === joinedMaskChannel);
  const mask = readLayerMask(bytes, extra.take(extra.u32()), hasJoined);
  extra.take(extra.u32());
  const nameAt = extra.at;
  const shortName = extra.take(extra.u8());
  extra.align(nameAt, 4);
  return {
    span: { start, end: cursor.at },
    bounds,
    channels,
    blend,
    opacity,
    clipped,
    visible: (flags & 2) === 0,
    derivedPixels: (flags & 16) !== 0,
    ...(mask ? { mask } : {}),
    shortName,
    blocks: { start: extra.at, end: extra.end },
  };
}
