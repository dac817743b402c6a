/** Our layers as records and channel data of a document. */
import { withRoom } from '../../xmp.ts';
import { u32 } from '../bytes.ts';
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
} from '../recordBytes.ts';
import type { ChannelValues } from './channelPixels.ts';
import { colorsOf, type DocumentForm } from './documentForm.ts';
import { layerXmpBlock } from './layerXmp.ts';
import { mergedChannel } from './mergedImage.ts';
import { channelBytes, channelBytesOffThread } from './packedRows.ts';
import type { PsdFile } from './readDocument.ts';
import { layerId } from './takeLayer.ts';
import { isFlat } from './takesLayers.ts';
import type { SeenLayer } from './touchedPart.ts';

export interface AddedLayer extends SeenLayer {
  readonly name: string;
  readonly visible: boolean;
  /** XMP packet of the layer; Photoshop keeps it with the layer. */
  readonly xmp?: string;
}

const groupName = 'Pentimento';

/** Both bottom first. */
export interface AddedRecords {
  /** Below everything. */
  readonly base: readonly LayerRecordBytes[];
  readonly own: readonly LayerRecordBytes[];
}

interface Coding {
  readonly coded: readonly CodedLayer[];
  /** Records of one length, unless what is in them needs more. */
  readonly isRoomy: boolean;
}

/**
 * One layer stands alone, several lie in a group of which the first is on top. A flat
 * document gets its composite as the locked background below them.
 */
export function addedRecords(
  file: PsdFile,
  layers: readonly AddedLayer[],
  { coded, isRoomy }: Coding,
): AddedRecords {
  const { form } = file;
  const ids = { next: firstFreeId(file) };
  const place = () => ({ id: ids.next++, lengthBytes: form.big ? 8 : 4 }) as const;
  const base = isFlat(file) ? [backgroundRecord(file, place())] : [];
  const make = isRoomy ? roomyRecord : pixelRecord;
  const record = (layer: AddedLayer, i: number) => make(layer, coded[i], place());
  if (layers.length === 1) return { base, own: [record(layers[0], 0)] };
  const group = { name: groupName, visible: true, colors: colorsOf(form) };
  const own = [
    groupRecord(group, 'bottom', place()),
    ...layers
      .map((layer, i) => [layer, i] as const)
      .toReversed()
      .map(([layer, i]) => record(layer, i)),
    groupRecord(group, 'top', place()),
  ];
  return { base, own };
}

/** Above every number that a layer of the document has. */
function firstFreeId(file: PsdFile): number {
  const records = file.layers?.records ?? [];
  return records.reduce((free, record) => Math.max(free, (layerId(file, record) ?? 0) + 1), 1);
}

type Place = Parameters<typeof layerRecord>[1];

/** The channels of a layer as the document stores them. */
export type CodedLayer = readonly ChannelData[];

export function codedLayer({ form }: PsdFile, layer: AddedLayer): CodedLayer {
  return layerValues(form, layer).map(([id, values]) => [
    id,
    channelBytes(values, layer.bounds, form.big),
  ]);
}

/** The same; what takes long is done beside this thread. */
export async function codedOffThread({ form }: PsdFile, layer: AddedLayer): Promise<CodedLayer> {
  const values = layerValues(form, layer);
  const bytes = await Promise.all(
    values.map(([, v]) => channelBytesOffThread(v, layer.bounds, form.big)),
  );
  return values.map(([id], i) => [id, bytes[i]]);
}

/** Transparency, colours and mask. */
function layerValues(
  { depth }: DocumentForm,
  { alpha, channels }: AddedLayer,
): Array<readonly [id: number, values: ChannelValues]> {
  return [
    [transparencyChannel, opaque(alpha.length, depth)],
    ...channels.map((values, c) => [c, values] as const),
    [maskChannel, inDepth(alpha, depth)],
  ];
}

function pixelRecord(layer: AddedLayer, channels: CodedLayer, place: Place): LayerRecordBytes {
  const { bounds } = layer;
  return layerRecord(
    {
      name: layer.name,
      bounds,
      channels,
      blend: 'norm',
      opacity: 255,
      flags: flagKnown | (layer.visible ? 0 : flagHidden),
      mask: maskData(bounds),
      blocks: layer.xmp === undefined ? [] : [layerXmpBlock(layer.xmp)],
    },
    place,
  );
}

/** For the name and the recipe of a layer; recipes take 3 to 10 kB, and two bytes a character. */
const roomBytes = 32 * 1024;

/** The same in a record that has `roomBytes` more than it must have, where that is enough. */
function roomyRecord(layer: AddedLayer, channels: CodedLayer, place: Place): LayerRecordBytes {
  const bare = pixelRecord({ ...layer, name: '', xmp: '' }, channels, place).record.length;
  const full = pixelRecord(layer, channels, place);
  const missing = bare + roomBytes - full.record.length;
  if (layer.xmp === undefined || missing <= 0) return full;
  // Text has two bytes a character, and what is around it comes in multiples of 4.
  return pixelRecord({ ...layer, xmp: withRoom(layer.xmp, missing / 2) }, channels, place);
}

/** Whatever has the record of a layer with room, for its length alone. */
export function roomyLayer({ form }: PsdFile): {
  readonly layer: AddedLayer;
  readonly coded: CodedLayer;
} {
  const bounds = { x: 0, y: 0, width: 0, height: 0 };
  const layer = {
    name: '',
    bounds,
    channels: [],
    alpha: new Uint8Array(0),
    visible: true,
    xmp: '',
  };
  const colors = Array.from({ length: colorsOf(form) }, (_, c) => c);
  const ids = [transparencyChannel, ...colors, maskChannel];
  return { layer, coded: ids.map((id) => [id, []]) };
}

/** 0..255 as a document of the depth stores transparency: 0..255, 0..65535 or 0..1. */
function inDepth(alpha: Uint8Array, depth: DocumentForm['depth']): ChannelValues {
  if (depth === 8) return alpha;
  return depth === 16 ? alphaIn16(alpha) : Float32Array.from(alpha, (value) => value / 255);
}

function alphaIn16(alpha: Uint8Array): Uint16Array {
  const out = new Uint16Array(alpha.length);
  for (let i = 0; i < out.length; i++) out[i] = alpha[i] * 257;
  return out;
}

function opaque(length: number, depth: DocumentForm['depth']): ChannelValues {
  if (depth === 8) return new Uint8Array(length).fill(255);
  return depth === 16 ? new Uint16Array(length).fill(65535) : new Float32Array(length).fill(1);
}

function backgroundRecord(file: PsdFile, place: Place): LayerRecordBytes {
  const { width, height } = file.form;
  const channels = Array.from({ length: colorsOf(file.form) }, (_, c): ChannelData => [
    c,
    mergedChannel(file, c),
  ]);
  return layerRecord(
    {
      name: 'Background',
      bounds: { x: 0, y: 0, width, height },
      channels,
      blend: 'norm',
      opacity: 255,
      flags: flagKnown | flagLocked,
      mask: u32(0),
      blocks: [],
    },
    place,
  );
}
