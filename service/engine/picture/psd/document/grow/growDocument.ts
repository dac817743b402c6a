/**
 * A Photoshop document on a larger canvas: what lies on it is moved, the background and the composite are continued in
 * white, everything else is carried over byte for byte. What is not known to have no place on the canvas is refused.
 */
import { PentimentoError } from '../../../../../../shared/errors.ts';
import { rectOfSize, isSameRect, type Rect } from '../../../../../../shared/geometry.ts';
import { concat, padding, sizeOf, type Piece } from '../../bytes.ts';
import { wideLength } from '../../recordBytes.ts';
import { readOrCorrupt } from '../byteCursor.ts';
import { colorsOf } from '../documentForm.ts';
import type { LayerRecord } from '../layerRecords.ts';
import { readDocument, type PsdFile } from '../readDocument.ts';
import { moveOnto, Overwriter, type CanvasMove } from './canvasMove.ts';
import { moveLayers } from './moveLayers.ts';
import { moveResources } from './moveResources.ts';
import { widerBackground, widerComposite } from './widerPlane.ts';

const heightAt = 14;
const widthAt = 18;

/** Asked before a long run. Throws E_OUTPUT_TYPE for what could not be moved, and E_IMAGE_CORRUPT. */
export function assertGrows(file: PsdFile): void {
  movedBytes(file, moveOnto(file.form, rectOfSize(file.form)));
}

/**
 * `canvas`: in pixels of the document, all of which it holds. The new document, in memory. Throws as `assertGrows`,
 * E_IMAGE_PIXELS and E_FILE.
 */
export function grownDocument(file: PsdFile, canvas: Rect): PsdFile {
  const move = moveOnto(file.form, canvas);
  const pieces = readOrCorrupt(() => [...headOf(file, move), ...widerComposite(file, move)]);
  return readDocument(concat(pieces));
}

/** All before the composite, every length as it was. */
function movedBytes(file: PsdFile, move: CanvasMove): Uint8Array {
  return readOrCorrupt(() => {
    const document = new Overwriter(file.bytes.slice(0, file.composite.start));
    document.set32(heightAt, move.to.height);
    document.set32(widthAt, move.to.width);
    moveResources(document, file, move);
    moveLayers(document, file, move);
    return document.bytes;
  });
}

/** The same with the background's new data in the place of the old. */
function headOf(file: PsdFile, move: CanvasMove): Piece[] {
  const bytes = movedBytes(file, move);
  const background = backgroundOf(file);
  const { layersPlace: place, section, form } = file;
  if (!background || !place) return [bytes];
  const data = widerBackground(file, background, move);
  writeBackground(bytes, { background, lengths: data.map(sizeOf), move, big: form.big });
  const old = (start: number, end: number) => bytes.subarray(start, end);
  const info = [
    old(place.data.start, background.data.start),
    ...data.flat(),
    old(background.data.end, place.data.end),
  ];
  const filled = [...info, padding(sizeOf(info), 4)];
  const inside = [
    old(section.start, place.lengthAt),
    wideLength(sizeOf(filled), place.lengthBytes),
    ...filled,
    old(place.end, section.end),
  ];
  const lengthBytes = form.big ? 8 : 4;
  const length = sizeOf(inside);
  if (!form.big && length > 0xffff_ffff) throw new PentimentoError('E_IMAGE_PIXELS');
  return [old(0, section.start - lengthBytes), wideLength(length, lengthBytes), ...inside];
}

/** The lowest layer, where it has colours only and is the whole canvas. */
function backgroundOf({ layers, form }: PsdFile): LayerRecord | undefined {
  const [lowest] = layers?.records ?? [];
  if (!lowest || lowest.channels.length !== colorsOf(form)) return undefined;
  const isOpaque = lowest.channels.every(({ id }) => id >= 0);
  return isOpaque && isSameRect(lowest.bounds, rectOfSize(form)) ? lowest : undefined;
}

interface NewBackground {
  readonly background: LayerRecord;
  /** Of the data of each channel. */
  readonly lengths: readonly number[];
  readonly move: CanvasMove;
  readonly big: boolean;
}

/** It does not move but grows. */
function writeBackground(
  bytes: Uint8Array,
  { background, lengths, move, big }: NewBackground,
): void {
  const document = new Overwriter(bytes);
  const { start } = background.span;
  const bounds = [0, 0, move.to.height, move.to.width];
  for (const [i, value] of bounds.entries()) document.set32(start + i * 4, value);
  const step = big ? 10 : 6;
  for (const [i, length] of lengths.entries()) {
    bytes.set(wideLength(length, big ? 8 : 4), start + 18 + i * step + 2);
  }
}
