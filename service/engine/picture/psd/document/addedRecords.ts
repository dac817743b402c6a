/** Our layers as records and channel data of a document. */
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
import { mergedChannel, type SeenLayer } from './mergedImage.ts';
import { channelBytes } from './packedRows.ts';
import type { PsdFile } from './readDocument.ts';
import { layerId } from './takeLayer.ts';
import { isFlat } from './takesLayers.ts';

export interface AddedLayer extends SeenLayer {
  readonly name: string;
  readonly visible: boolean;
  /** XMP packet of the layer; Photoshop keeps it with the layer. */
  readonly xmp?: string;
}

const groupName = 'Pentimento';

/**
 * Bottom first. One layer stands alone, several lie in a group of which the first is on top. A flat
 * document gets its composite as the locked background below them.
 */
export function addedRecords(file: PsdFile, layers: readonly AddedLayer[]): LayerRecordBytes[] {
  const { form } = file;
  const ids = { next: firstFreeId(file) };
  const place = () => ({ id: ids.next++, lengthBytes: form.big ? 8 : 4 }) as const;
  const base = isFlat(file) ? [backgroundRecord(file, place())] : [];
  if (layers.length === 1) return [...base, pixelRecord(form, layers[0], place())];
  const group = { name: groupName, visible: true, colors: colorsOf(form) };
  return [
    ...base,
    groupRecord(group, 'bottom', place()),
    ...layers.toReversed().map((layer) => pixelRecord(form, layer, place())),
    groupRecord(group, 'top', place()),
  ];
}

/** Above every number that a layer of the document has. */
function firstFreeId(file: PsdFile): number {
  const records = file.layers?.records ?? [];
  return records.reduce((free, record) => Math.max(free, (layerId(file, record) ?? 0) + 1), 1);
}

type Place = Parameters<typeof layerRecord>[1];

function pixelRecord(form: DocumentForm, layer: AddedLayer, place: Place): LayerRecordBytes {
  const { bounds, alpha } = layer;
  const coded = (id: number, values: ChannelValues): ChannelData => [
    id,
    channelBytes(values, bounds, form.big),
  ];
  const opaque = new Uint8Array(alpha.length).fill(255);
  return layerRecord(
    {
      name: layer.name,
      bounds,
      channels: [
        coded(transparencyChannel, inDepth(opaque, form.depth)),
        ...layer.channels.map((values, c) => coded(c, values)),
        coded(maskChannel, inDepth(alpha, form.depth)),
      ],
      blend: 'norm',
      opacity: 255,
      flags: flagKnown | (layer.visible ? 0 : flagHidden),
      mask: maskData(bounds),
      blocks: layer.xmp === undefined ? [] : [layerXmpBlock(layer.xmp)],
    },
    place,
  );
}

/** 0..255 as a document of the depth stores transparency: 0..255, 0..65535 or 0..1. */
function inDepth(alpha: Uint8Array, depth: DocumentForm['depth']): ChannelValues {
  if (depth === 8) return alpha;
  const out = depth === 16 ? new Uint16Array(alpha.length) : new Float32Array(alpha.length);
  for (let i = 0; i < alpha.length; i++) out[i] = depth === 16 ? alpha[i] * 257 : alpha[i] / 255;
  return out;
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
