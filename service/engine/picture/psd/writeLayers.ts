/** Layer records and their channel data. */
import type { Raster } from '../raster.ts';
import { u16, u32, type Piece } from './bytes.ts';
import { channelPlanes, layerChannel, type PlaneValues } from './planeCoding.ts';
import {
  flagHidden,
  flagKnown,
  flagLocked,
  groupRecord,
  layerRecord,
  maskChannel,
  maskData,
  transparencyChannel,
  type ChannelData,
  type LayerRecordBytes,
} from './recordBytes.ts';
import type { PsdLayer, PsdNode } from './writePsd.ts';
import { mapInto } from '../mapInto.ts';

interface LayerForm {
  readonly colors: 1 | 3;
  readonly depth: 8 | 16;
  /** The composite's fourth channel is its transparency. */
  readonly mergedAlpha: boolean;
}

/** The layer info structure without its length, in pieces: count, all records, all channel data. */
export function layerInfo(nodes: readonly PsdNode[], form: LayerForm): Piece[] {
  const ids = { next: 1 };
  const records = nodes.flatMap((node) => recordsOf(node, { form, ids }));
  const count = form.mergedAlpha ? -records.length : records.length;
  return [u16(count), ...records.map((r) => r.record), ...records.flatMap((r) => r.channels)];
}

interface Context {
  readonly form: LayerForm;
  readonly ids: { next: number };
}

function recordsOf(node: PsdNode, context: Context): LayerRecordBytes[] {
  if (node.kind === 'pixels') return [pixelRecord(node, context)];
  const { name, visible = true } = node;
  const group = { name, visible, colors: context.form.colors };
  return [
    groupRecord(group, 'bottom', nextPlace(context)),
    ...node.children.flatMap((child) => recordsOf(child, context)),
    groupRecord(group, 'top', nextPlace(context)),
  ];
}

function nextPlace({ ids }: Context) {
  return { id: ids.next++, lengthBytes: 4 } as const;
}

function pixelRecord(layer: PsdLayer, context: Context): LayerRecordBytes {
  const { form } = context;
  const { pixels, mask } = layer;
  if (
    pixels.depth !== form.depth ||
    pixels.channels < form.colors ||
    pixels.channels > form.colors + 1
  ) {
    throw new RangeError(`Layer "${layer.name}" does not have the form of the document`);
  }
  const { width, height } = pixels;
  const planes = channelPlanes(pixels);
  const channels: ChannelData[] = [];
  if (!layer.background) {
    const data = planes[form.colors] ?? opaquePlane(pixels);
    channels.push([transparencyChannel, layerChannel({ width, height, data })]);
  }
  for (let c = 0; c < form.colors; c++) {
    channels.push([c, layerChannel({ width, height, data: planes[c] })]);
  }
  if (mask) {
    const { width: maskWidth, height: maskHeight, data } = mask.pixels;
    if (mask.bounds.width !== maskWidth || mask.bounds.height !== maskHeight) {
      throw new RangeError(`The mask of layer "${layer.name}" does not fill its bounds`);
    }
    const stored =
      form.depth === 8 ? data : mapInto(new Uint16Array(data.length), data, (v) => v * 257);
    const plane = { width: maskWidth, height: maskHeight, data: stored };
    channels.push([maskChannel, layerChannel(plane)]);
  }
  const hidden = layer.visible === false ? flagHidden : 0;
  return layerRecord(
    {
      name: layer.name,
      bounds: { x: layer.x, y: layer.y, width, height },
      channels,
      blend: 'norm',
      opacity: layer.opacity ?? 255,
      flags: flagKnown | hidden | (layer.background ? flagLocked : 0),
      mask: mask ? maskData(mask.bounds) : u32(0),
      blocks: [],
    },
    nextPlace(context),
  );
}

/** Transparency where the pixels have none. */
function opaquePlane(pixels: Raster): PlaneValues {
  const count = pixels.width * pixels.height;
  return pixels.depth === 8 ? new Uint8Array(count).fill(255) : new Uint16Array(count).fill(65535);
}
