/** The layer that was chosen when a document was saved, and a layer's own pixels. */
import { PentimentoError } from '../../../../../shared/errors.ts';
import type { Rect } from '../../../../../shared/geometry.ts';
import { maxOfDepth, pixelData } from '../../convert.ts';
import type { Raster } from '../../raster.ts';
import { fromLinear } from '../../resize.ts';
import { transparencyChannel } from '../recordBytes.ts';
import { ByteCursor, readOrCorrupt } from './byteCursor.ts';
import { readChannel, type ChannelValues } from './channelPixels.ts';
import { colorsOf } from './documentForm.ts';
import type { LayerRecord } from './layerRecords.ts';
import { allLayers, layerTree, type TreeLayer } from './layerTree.ts';
import type { PsdFile } from './readDocument.ts';
import { findBlocks } from './taggedBlocks.ts';

const selectedIdsResource = 1069;
const stateResource = 1024;
const idKey = 'lyid';

/** The first of the chosen layers; undefined when the document does not tell. Throws E_IMAGE_CORRUPT. */
export function activeLayer(file: PsdFile): TreeLayer | undefined {
  const layers = [...allLayers(layerTree(file))];
  return readOrCorrupt(() => {
    const ids = cursorOf(file, selectedIdsResource);
    if (ids && ids.left >= 6 && ids.u16() > 0) {
      const id = ids.u32();
      const found = layers.find((layer) => layerId(file, layer.record) === id);
      if (found) return found;
    }
    const state = cursorOf(file, stateResource);
    const index = state && state.left >= 2 ? state.u16() : undefined;
    return layers.find((layer) => layer.index === index);
  });
}

function cursorOf({ bytes, resources }: PsdFile, id: number): ByteCursor | undefined {
  const found = resources.find((r) => r.id === id);
  return found && new ByteCursor(bytes, found.data);
}

/** The number that a layer keeps for life; undefined where the program that saved it gives none. */
export function layerId({ bytes, form }: PsdFile, record: LayerRecord): number | undefined {
  const wanted = { big: form.big, keys: new Set([idKey]) };
  const span = findBlocks(bytes, record.blocks, wanted).get(idKey);
  return span && span.end - span.start >= 4 ? new ByteCursor(bytes, span).u32() : undefined;
}

/**
 * A layer's pixels over its own bounds with their transparency, without masks and effects, in code
 * values of the document's profile (32 bits: linear light to sRGB). Throws E_IMAGE_CORRUPT,
 * E_IMAGE_PIXELS, and E_IMAGE_CHANNELS for modes other than gray and RGB.
 */
export function takeLayer(
  file: PsdFile,
  record: LayerRecord,
): { readonly bounds: Rect; readonly raster: Raster } {
  const { mode, depth } = file.form;
  if (mode !== 'gray' && mode !== 'rgb') {
    throw new PentimentoError('E_IMAGE_CHANNELS', `Its layers are ${mode}.`);
  }
  const colors = colorsOf(file.form);
  const planes = new Map<number, ChannelValues>();
  for (const channel of record.channels) {
    const { id } = channel;
    if (id >= transparencyChannel && id < colors)
      planes.set(id, readChannel(file, record, channel));
  }
  const alpha = planes.get(transparencyChannel);
  const channels = (colors + (alpha ? 1 : 0)) as Raster['channels'];
  const { width, height } = record.bounds;
  const data = pixelData(depth, width * height * channels);
  for (let c = 0; c < channels; c++) {
    const plane = planes.get(c < colors ? c : transparencyChannel);
    const isLinear = depth === 32 && c < colors;
    for (let i = 0; i < width * height; i++) {
      const v = plane?.[i] ?? 0;
      data[i * channels + c] = isLinear ? fromLinear(Math.min(maxOfDepth(32), Math.max(0, v))) : v;
    }
  }
  return { bounds: record.bounds, raster: { width, height, channels, depth, data } };
}
