/** Layer records as bytes: of layers with pixels, and the two that hold a group together. */
import type { Rect } from '../../../../shared/geometry.ts';
import { ascii, concat, padded, sizeOf, u16, u32, u8, withLength, type Piece } from './bytes.ts';

/** A record, and the channel data that follows all records. */
export interface LayerRecordBytes {
  readonly record: Uint8Array;
  readonly channels: readonly Piece[];
}

/** A channel's number and its data in pieces. */
export type ChannelData = readonly [id: number, data: readonly Piece[]];

interface RecordParts {
  readonly name: string;
  readonly bounds: Rect;
  readonly channels: readonly ChannelData[];
  readonly blend: string;
  readonly opacity: number;
  readonly flags: number;
  /** Layer mask data with its length. */
  readonly mask: Uint8Array;
  readonly blocks: readonly Uint8Array[];
}

interface RecordPlace {
  readonly id: number;
  /** Of a channel's length: 8 in a large document. */
  readonly lengthBytes: 4 | 8;
}

export const transparencyChannel = -1;
export const maskChannel = -2;
export const flagLocked = 1;
export const flagHidden = 2;
/** "Bit 4 has useful information" and "pixel data irrelevant to appearance". */
export const flagKnown = 8;
const flagNoPixels = 16;
const sectionOpen = 1;
const sectionEnd = 3;
/** Name of the record that ends a group, as Photoshop gives it. */
const groupEndName = '</Layer group>';

export function layerRecord(
  parts: RecordParts,
  { id, lengthBytes }: RecordPlace,
): LayerRecordBytes {
  const { bounds, channels } = parts;
  const extra = concat([
    parts.mask,
    u32(0),
    pascalName(parts.name),
    block('luni', unicodeName(parts.name)),
    block('lyid', u32(id)),
    ...parts.blocks,
  ]);
  return {
    record: concat([
      u32(bounds.y, bounds.x, bounds.y + bounds.height, bounds.x + bounds.width),
      u16(channels.length),
      ...channels.flatMap(([channel, data]) => [
        u16(channel),
        wideLength(sizeOf(data), lengthBytes),
      ]),
      ascii(`8BIM${parts.blend}`),
      u8(parts.opacity, 0, parts.flags, 0),
      withLength(extra),
    ]),
    channels: channels.flatMap(([, data]) => data),
  };
}

/** A length of 4 or 8 bytes. */
export function wideLength(length: number, lengthBytes: 4 | 8): Uint8Array {
  if (lengthBytes === 4) return u32(length);
  return u32(Math.floor(length / 0x1_0000_0000), length);
}

/** The upper record carries the name, the lower one closes the group below its layers. */
export function groupRecord(
  group: { readonly name: string; readonly visible: boolean; readonly colors: number },
  part: 'top' | 'bottom',
  place: RecordPlace,
): LayerRecordBytes {
  const isEnd = part === 'bottom';
  const ids = [transparencyChannel, ...Array.from({ length: group.colors }, (_, c) => c)];
  const hidden = !isEnd && !group.visible ? flagHidden : 0;
  const divider = isEnd ? u32(sectionEnd) : concat([u32(sectionOpen), ascii('8BIMpass')]);
  return layerRecord(
    {
      name: isEnd ? groupEndName : group.name,
      bounds: { x: 0, y: 0, width: 0, height: 0 },
      channels: ids.map((id) => [id, [u16(0)]]),
      blend: isEnd ? 'norm' : 'pass',
      opacity: 255,
      flags: flagKnown | flagNoPixels | hidden,
      mask: u32(0),
      blocks: [block('lsct', divider)],
    },
    place,
  );
}

/** Rectangle, colour outside of it (0: hidden), flags (0: moves with the layer, enabled), padding. */
export function maskData(bounds: Rect): Uint8Array {
  const rect = u32(bounds.y, bounds.x, bounds.y + bounds.height, bounds.x + bounds.width);
  return withLength(concat([rect, u8(0, 0, 0, 0)]));
}

/** A block of additional layer information. */
export function block(key: string, data: Uint8Array): Uint8Array {
  return concat([ascii(`8BIM${key}`), withLength(padded(data, 4))]);
}

function pascalName(name: string): Uint8Array {
  const plain = Array.from(name, (c) => (c.charCodeAt(0) < 128 ? c : '_'))
    .join('')
    .slice(0, 255);
  return padded(concat([u8(plain.length), ascii(plain)]), 4);
}

function unicodeName(name: string): Uint8Array {
  const units = Array.from({ length: Math.min(name.length, 250) }, (_, i) => name.charCodeAt(i));
  return concat([u32(units.length), u16(...units)]);
}
