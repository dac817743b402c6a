/** A larger canvas for the browser's document: everything in it keeps its place in the picture. Pure. */
import { isSameRect, rectOfSize, type Rect } from '../../../shared/geometry.ts';
import type { Layer } from './layers.ts';
import { changedMerged } from './mergedPicture.ts';
import type { PictureDocument } from './pictureDocument.ts';

/** `canvas` is in the document's pixels; its upper left corner becomes the new origin. */
export function growCanvas(document: PictureDocument, canvas: Rect): PictureDocument {
  if (isSameRect(canvas, rectOfSize(document))) return document;
  const { selection, merged: wasMerged, ...rest } = document;
  const moved = (rect: Rect) => ({ ...rect, x: rect.x - canvas.x, y: rect.y - canvas.y });
  // The same layer for the same layer, so that those of the merged picture are known again.
  const all = new Map<Layer, Layer>();
  const move = (layer: Layer): Layer => {
    const known = all.get(layer) ?? movedLayer(layer, moved, move);
    all.set(layer, known);
    return known;
  };
  const merged = wasMerged && changedMerged(wasMerged, move);
  return {
    ...rest,
    ...(merged && { merged }),
    width: canvas.width,
    height: canvas.height,
    layers: document.layers.map(move),
    selection: selection && { ...selection, bounds: moved(selection.bounds) },
  };
}

function movedLayer(
  layer: Layer,
  moved: (rect: Rect) => Rect,
  move: (layer: Layer) => Layer,
): Layer {
  if (layer.kind === 'group') {
    return { ...layer, children: layer.children.map(move) };
  }
  const { mask } = layer;
  return {
    ...layer,
    bounds: moved(layer.bounds),
    mask: mask && { ...mask, bounds: moved(mask.bounds) },
  };
}
