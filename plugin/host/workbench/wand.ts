/** Selections from the picture itself: by colour, and by what a layer shows. Pure. */
import {
  colorAt,
  colorMask,
  connectedColorMask,
  type ColorPicture,
} from '../../../shared/mask/colorMask.ts';
import { dilate, erode } from '../../../shared/mask/dilate.ts';
import { intersectRects, padRect, rectOfSize, type Size } from '../../../shared/geometry.ts';
import { compositeLayers, compositeOne } from './compositeLayers.ts';
import { findLayer } from './layers.ts';
import { shownLayers } from './mergedPicture.ts';
import type { PictureDocument } from './pictureDocument.ts';
import { crop, trim, type Selection } from './selection.ts';
import type { Point } from './shapes.ts';

export interface Wand {
  /** 0..255: how far any channel may be from the colour under the pointer. */
  readonly tolerance: number;
  /** Only what hangs together with it. */
  readonly isContiguous: boolean;
}

/** What has nearly the colour that is seen at a point; undefined outside the document. */
export function wandShape(
  document: PictureDocument,
  at: Point,
  { tolerance, isContiguous }: Wand,
): Selection | undefined {
  const spot = { x: Math.floor(at.x), y: Math.floor(at.y) };
  const { width, height } = document;
  if (spot.x < 0 || spot.y < 0 || spot.x >= width || spot.y >= height) return undefined;
  const rgba = compositeLayers(shownLayers(document), rectOfSize(document));
  const data = new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.byteLength);
  const picture: ColorPicture = { width, height, channels: 4, depth: 8, data };
  const range = { color: colorAt(picture, spot), tolerance };
  const mask = isContiguous ? connectedColorMask(picture, range, spot) : colorMask(picture, range);
  return trim({ bounds: rectOfSize(document), data: mask });
}

/** What a layer or group shows, by its transparency and masks; undefined when that is nothing. */
export function layerShape(document: PictureDocument, id: number): Selection | undefined {
  const layer = findLayer(document.layers, id);
  if (!layer) return undefined;
  const bounds =
    layer.kind === 'group'
      ? rectOfSize(document)
      : intersectRects(layer.bounds, rectOfSize(document));
  if (bounds.width <= 0 || bounds.height <= 0) return undefined;
  // How strongly it shows is not what it covers.
  const rgba = compositeOne({ ...layer, opacity: 1 }, bounds);
  const data = new Uint8Array(bounds.width * bounds.height);
  for (let i = 0; i < data.length; i++) data[i] = rgba[i * 4 + 3]!;
  return trim({ bounds, data });
}

/**
 * Larger by a disk of `px` pixels, or smaller (negative); undefined when nothing is left. A selection that touches
 * the document's edge is treated as going on past it.
 */
export function grownSelection(
  { bounds, data }: Selection,
  px: number,
  size: Size,
): Selection | undefined {
  const area = intersectRects(padRect(bounds, Math.abs(px) + 1), rectOfSize(size));
  const { width, height } = area;
  const piece = { width, height, data: crop({ bounds, data }, area) };
  const changed = px >= 0 ? dilate(piece, px) : erode(piece, -px);
  return trim({ bounds: area, data: changed.data });
}
