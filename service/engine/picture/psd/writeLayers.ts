/** Layer records and their channel data. */
import type { Rect } from '../../../../shared/geometry.ts';
import type { Raster } from '../raster.ts';
import { ascii, concat, padded, u16, u32, u8, withLength } from './bytes.ts';
import { channelValues, layerChannel } from './planeCoding.ts';
import type { PsdGroup, PsdLayer, PsdNode } from './writePsd.ts';

interface LayerForm {
  readonly colors: 1 | 3;
  readonly depth: 8 | 16;
  /** The composite's fourth channel is its transparency. */
  readonly mergedAlpha: boolean;
}

interface LayerRecord {
  readonly record: Uint8Array;
  readonly channels: readonly Uint8Array[];
}

const transparencyChannel = -1;
const maskChannel = -2;
const flagLocked = 1;
const flagHidden = 2;
/** "Bit 4 has useful information" and "pixel data irrelevant to appearance". */
const flagKnown = 8;
const flagNoPixels = 16;
const sectionOpen = 1;
const sectionEnd = 3;
/** Name of the record that ends a group, as Photoshop gives it. */
const groupEndName = '</Layer group>';

/** The layer info structure without its length: count, all records, all channel data. */
export function layerInfo(nodes: readonly PsdNode[], form: LayerForm): Uint8Array {
  const ids = { next: 1 };
  const records = nodes.flatMap((node) => recordsOf(node, { form, ids }));
  const count = form.mergedAlpha ? -records.length : records.length;
  return concat([
    u16(count),
    ...records.map((r) => r.record),
    ...records.flatMap((r) => r.channels),
  ]);
}

interface Context {
  readonly form: LayerForm;
  readonly ids: { next: number };
}

function recordsOf(node: PsdNode, context: Context): LayerRecord[] {
  if (node.kind === 'pixels') return [pixelRecord(node, context)];
  return [
    groupRecord(node, context, sectionEnd),
    ...node.children.flatMap((child) => recordsOf(child, context)),
    groupRecord(node, context, sectionOpen),
  ];
}

function pixelRecord(layer: PsdLayer, context: Context): LayerRecord {
  const { form } = context;
  const { pixels, mask } = layer;
  if (
    pixels.depth !== form.depth ||
    pixels.channels < form.colors ||
    pixels.channels > form.colors + 1
  ) {
    throw new RangeError(`Layer "${layer.name}" does not have the form of the document`);
  }
  const channels: Array<[id: number, data: Uint8Array]> = [];
  if (!layer.background) channels.push([transparencyChannel, channelOf(pixels, form.colors)]);
  for (let c = 0; c < form.colors; c++) channels.push([c, channelOf(pixels, c)]);
  if (mask) {
    const { width, height, data } = mask.pixels;
    if (mask.bounds.width !== width || mask.bounds.height !== height) {
      throw new RangeError(`The mask of layer "${layer.name}" does not fill its bounds`);
    }
    const stored = form.depth === 8 ? data : Uint16Array.from(data, (v) => v * 257);
    channels.push([maskChannel, layerChannel({ width, height, data: stored })]);
  }
  const hidden = layer.visible === false ? flagHidden : 0;
  return record(
    {
      name: layer.name,
      bounds: { x: layer.x, y: layer.y, width: pixels.width, height: pixels.height },
      channels,
      blend: 'norm',
      opacity: layer.opacity ?? 255,
      flags: flagKnown | hidden | (layer.background ? flagLocked : 0),
      mask: mask ? maskData(mask.bounds) : u32(0),
      blocks: [],
    },
    context,
  );
}

function groupRecord(group: PsdGroup, context: Context, section: number): LayerRecord {
  const isEnd = section === sectionEnd;
  const ids = [transparencyChannel, ...Array.from({ length: context.form.colors }, (_, c) => c)];
  const hidden = !isEnd && group.visible === false ? flagHidden : 0;
  const divider = isEnd ? u32(section) : concat([u32(section), ascii('8BIMpass')]);
  return record(
    {
      name: isEnd ? groupEndName : group.name,
      bounds: { x: 0, y: 0, width: 0, height: 0 },
      channels: ids.map((id) => [id, u16(0)]),
      blend: isEnd ? 'norm' : 'pass',
      opacity: 255,
      flags: flagKnown | flagNoPixels | hidden,
      mask: u32(0),
      blocks: [block('lsct', divider)],
    },
    context,
  );
}

interface RecordParts {
  readonly name: string;
  readonly bounds: Rect;
  readonly channels: ReadonlyArray<[id: number, data: Uint8Array]>;
  readonly blend: string;
  readonly opacity: number;
  readonly flags: number;
  readonly mask: Uint8Array;
  readonly blocks: readonly Uint8Array[];
}

function record(parts: RecordParts, context: Context): LayerRecord {
  const { bounds, channels } = parts;
  const extra = concat([
    parts.mask,
    u32(0),
    pascalName(parts.name),
    block('luni', unicodeName(parts.name)),
    block('lyid', u32(context.ids.next++)),
    ...parts.blocks,
  ]);
  return {
    record: concat([
      u32(bounds.y, bounds.x, bounds.y + bounds.height, bounds.x + bounds.width),
      u16(channels.length),
      ...channels.map(([id, data]) => concat([u16(id), u32(data.length)])),
      ascii(`8BIM${parts.blend}`),
      u8(parts.opacity, 0, parts.flags, 0),
      withLength(extra),
    ]),
    channels: channels.map(([, data]) => data),
  };
}

/** Rectangle, colour outside of it (0: hidden), flags (0: moves with the layer, enabled), padding. */
function maskData(bounds: Rect): Uint8Array {
  const rect = u32(bounds.y, bounds.x, bounds.y + bounds.height, bounds.x + bounds.width);
  return withLength(concat([rect, u8(0, 0, 0, 0)]));
}

function block(key: string, data: Uint8Array): Uint8Array {
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

/** One channel of a layer; the channel after the colours is transparency, opaque where there is none. */
function channelOf(pixels: Raster, channel: number): Uint8Array {
  const { width, height } = pixels;
  if (channel < pixels.channels) {
    return layerChannel({ width, height, data: channelValues(pixels, channel) });
  }
  const count = width * height;
  const data = pixels.depth === 8 ? new Uint8Array(count) : new Uint16Array(count);
  data.fill(pixels.depth === 8 ? 255 : 65535);
  return layerChannel({ width, height, data });
}
