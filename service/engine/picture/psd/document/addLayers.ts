/**
 * Adds layers to a Photoshop document and touches nothing else: records, channel data, blocks and
 * resources that were there are carried over byte for byte. New are our records and channel data, the
 * lengths around them, the layer count, and the rows of the composite that our layers cover.
 */
import { isEmptyRect } from '../../../../../shared/geometry.ts';
import { concat, sizeOf, type Piece } from '../bytes.ts';
import {
  addedRecords,
  codedLayer,
  roomyLayer,
  type AddedLayer,
  type CodedLayer,
} from './addedRecords.ts';
import { readOrCorrupt } from './byteCursor.ts';
import { layerTree, type TreeLayer } from './layerTree.ts';
import { mergedWith } from './mergedImage.ts';
import { compressionRaw, compressionRle } from './channelPixels.ts';
import { compressionOf } from './mergedRows.ts';
import { hasComposite, type PsdFile } from './readDocument.ts';
import { sectionsWith } from './splicedSections.ts';
import { assertTakesLayers, isFlat } from './takesLayers.ts';

export interface AddOptions {
  /** Index of the record (`TreeLayer.index`) above which they go; on top of everything without it. */
  readonly above?: number | undefined;
  /** Their records are filled up to one length, so that what lies below them has its place before they are known. */
  readonly isRoomy?: boolean;
}

/** The new file of `addition` in memory. */
export function addLayers(
  file: PsdFile,
  layers: readonly AddedLayer[],
  options: AddOptions,
): Uint8Array {
  const { document } = addition(file, layers, options);
  return concat(document(layers.map((layer) => codedLayer(file, layer))).pieces);
}

export interface NewDocument {
  readonly pieces: readonly Piece[];
  /** Where in the file the data of the layers below ours begins. */
  readonly belowAt: number;
}

interface Addition {
  /** The new file from the layers' channels as the document stores them. */
  readonly document: (coded: readonly CodedLayer[]) => NewDocument;
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
  const document = (coded: readonly CodedLayer[]) => {
    const records = addedRecords(file, layers, { coded, isRoomy: options.isRoomy ?? false });
    const { before, below, after } = sectionsWith(file, records, at.index);
    return { pieces: [...before, ...below, ...after, ...merged], belowAt: sizeOf(before) };
  };
  return { document: (coded) => readOrCorrupt(() => document(coded)) };
}

/** Composites whose channels are read from the file as layers hold them. */
const readable: ReadonlySet<number> = new Set([compressionRaw, compressionRle]);

/**
 * What `addition` with `isRoomy` puts below `count` layers, and where; it is there unless a name with its recipe
 * needs more room. Undefined where it is not known without unpacking the document. Throws as `addition`.
 */
export function dataBelow(
  file: PsdFile,
  count: number,
  { above }: AddOptions,
): { readonly at: number; readonly pieces: readonly Piece[] } | undefined {
  assertTakesLayers(file);
  const { index } = insertionIndex(file, above);
  return readOrCorrupt(() => {
    if (isFlat(file) && !readable.has(compressionOf(file))) return undefined;
    const { layer, coded } = roomyLayer(file);
    const layers = Array.from({ length: count }, () => layer);
    const records = addedRecords(file, layers, { coded: layers.map(() => coded), isRoomy: true });
    const { before, below } = sectionsWith(file, records, index);
    return { at: sizeOf(before), pieces: below };
  });
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
