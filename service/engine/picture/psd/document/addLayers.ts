/**
 * Adds layers to a Photoshop document and touches nothing else: records, channel data, blocks and
 * resources that were there are carried over byte for byte. New are our records and channel data, the
 * lengths around them, the layer count, and the rows of the composite that our layers cover.
 */
import { PentimentoError } from '../../../../../shared/errors.ts';
import { isEmptyRect } from '../../../../../shared/geometry.ts';
import { ascii, concat, padding, sizeOf, u16, u32, type Piece } from '../bytes.ts';
import { wideLength, type LayerRecordBytes } from '../recordBytes.ts';
import { addedRecords, codedLayer, type AddedLayer, type CodedLayer } from './addedRecords.ts';
import { ByteCursor, readOrCorrupt, type Span } from './byteCursor.ts';
import { layerTree, type TreeLayer } from './layerTree.ts';
import { mergedWith } from './mergedImage.ts';
import { hasComposite, type PsdFile } from './readDocument.ts';
import { assertTakesLayers } from './takesLayers.ts';

interface AddOptions {
  /** Index of the record (`TreeLayer.index`) above which they go; on top of everything without it. */
  readonly above?: number;
}

/** The new file of `addition` in memory. */
export function addLayers(
  file: PsdFile,
  layers: readonly AddedLayer[],
  options: AddOptions,
): Uint8Array {
  const { pieces } = addition(file, layers, options);
  return concat(pieces(layers.map((layer) => codedLayer(file, layer))));
}

interface Addition {
  /** The new file in pieces, from the layers' channels as the document stores them. */
  readonly pieces: (coded: readonly CodedLayer[]) => Piece[];
}

/**
 * A document with more layers. The first layer is on top and, where there are several, in a group with the others.
 * Each has the channels of the document's mode in its depth over its bounds. Layers that are clipped to
 * the chosen one stay on it. The composite shows the visible ones as if nothing lay above them; inside
 * a hidden group they do not show, and a blank composite stays blank. Throws E_IMAGE_CORRUPT, E_IMAGE_PIXELS and E_IMAGE_CHANNELS (modes
 * that hold no colours of their own); a RangeError for planes that do not
 * fill the bounds or a layer that is not there.
 */
export function addition(
  file: PsdFile,
  layers: readonly AddedLayer[],
  options: AddOptions,
): Addition {
  assertTakesLayers(file);
  for (const layer of layers) checkPlanes(layer);
  const at = insertionIndex(file, options.above);
  const isSeen = !at.hidden && hasComposite(file);
  const seen = layers.filter((l) => isSeen && l.visible && !isEmptyRect(l.bounds));
  const merged = readOrCorrupt(() => mergedWith(file, seen.toReversed()));
  const pieces = (coded: readonly CodedLayer[]) => {
    const section = sectionWith(file, addedRecords(file, layers, coded), at.index);
    const length = sizeOf(section);
    if (!file.form.big && length > 0xffff_ffff) throw new PentimentoError('E_IMAGE_PIXELS');
    const lengthBytes = file.form.big ? 8 : 4;
    return [
      file.bytes.subarray(0, file.section.start - lengthBytes),
      wideLength(length, lengthBytes),
      ...section,
      ...merged,
    ];
  };
  return { pieces: (coded) => readOrCorrupt(() => pieces(coded)) };
}

function checkPlanes({ bounds, channels, alpha }: AddedLayer): void {
  const count = bounds.width * bounds.height;
  if (alpha.length !== count || channels.some((c) => c.length !== count)) {
    throw new RangeError('A layer does not fill its bounds');
  }
}

interface Insertion {
  /** Among the records. */
  readonly index: number;
  /** A group around it is not shown. */
  readonly hidden: boolean;
}

function insertionIndex(file: PsdFile, above: number | undefined): Insertion {
  const records = file.layers?.records ?? [];
  if (above === undefined) return { index: records.length, hidden: false };
  const place = placeAbove(layerTree(file), above, false);
  if (!place) throw new RangeError(`The document has no layer ${above}`);
  return place;
}

function placeAbove(
  siblings: readonly TreeLayer[],
  above: number,
  hidden: boolean,
): Insertion | undefined {
  for (const [i, layer] of siblings.entries()) {
    if (layer.index === above) {
      const clipped = siblings.slice(i + 1);
      const free = clipped.findIndex((l) => !l.clipped);
      const last = free === 0 ? layer : (clipped.at(free < 0 ? -1 : free - 1) ?? layer);
      return { index: last.index + 1, hidden };
    }
    const inside = placeAbove(layer.children, above, hidden || !layer.record.visible);
    if (inside) return inside;
  }
  return undefined;
}

/** The section of layers and masks in pieces, without its length. */
function sectionWith(file: PsdFile, added: readonly LayerRecordBytes[], index: number): Piece[] {
  const { bytes, section, layersPlace: place } = file;
  const info = layerInfoWith(file, added, index);
  if (!place) return newPlace(file, info);
  return [
    bytes.subarray(section.start, place.lengthAt),
    wideLength(sizeOf(info), place.lengthBytes),
    ...info,
    bytes.subarray(place.end, section.end),
  ];
}

/** Layer count, records and channel data in pieces, filled up to a multiple of 4. */
function layerInfoWith(file: PsdFile, added: readonly LayerRecordBytes[], index: number): Piece[] {
  const { bytes, layers, layersPlace: place } = file;
  const records = layers?.records ?? [];
  const old = (start: number, end: number) => bytes.subarray(start, end);
  const count = records.length + added.length;
  const { recordsSpan, dataEnd } = layers ?? { recordsSpan: noSpan, dataEnd: 0 };
  const recordsAt = records[index]?.span.start ?? recordsSpan.end;
  const dataAt = records[index]?.data.start ?? dataEnd;
  const info = [
    u16(layers?.mergedAlpha ? -count : count),
    old(recordsSpan.start, recordsAt),
    ...added.map((a) => a.record),
    old(recordsAt, recordsSpan.end),
    old(recordsSpan.end, dataAt),
    ...added.flatMap((a) => a.channels),
    old(dataAt, place?.data.end ?? 0),
  ];
  return [...info, padding(sizeOf(info), 4)];
}

const noSpan: Span = { start: 0, end: 0 };

/** A document that has no layers yet: 8 bits in the section itself, more in a block as Photoshop does. */
function newPlace(file: PsdFile, info: readonly Piece[]): Piece[] {
  const { bytes, section, blocksAt, form } = file;
  const lengthBytes = form.big ? 8 : 4;
  const length = wideLength(sizeOf(info), lengthBytes);
  const isBare = section.end - section.start < lengthBytes + 4;
  const restAt = isBare ? section.end : afterInfo(file);
  const globalMask = isBare ? u32(0) : bytes.subarray(restAt, blocksAt);
  const blocks = bytes.subarray(isBare ? section.end : blocksAt, section.end);
  if (form.depth === 8) return [length, ...info, globalMask, blocks];
  const key = ascii(`8BIMLr${form.depth}`);
  return [wideLength(0, lengthBytes), globalMask, key, length, ...info, blocks];
}

function afterInfo({ bytes, section, form }: PsdFile): number {
  const cursor = new ByteCursor(bytes, section);
  return cursor.take(cursor.length(form.big)).end;
}
