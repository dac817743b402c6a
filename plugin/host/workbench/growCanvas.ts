/** A larger canvas for the browser's document: everything in it keeps its place in the picture. Pure. */
import { isSameRect, rectOfSize, type Rect } from '../../../shared/geometry.ts';
import type { Layer } from './layers.ts';
import type { PictureDocument } from './pictureDocument.ts';

/** `canvas` is in the document's pixels; its upper left corner becomes the new origin. */
export function growCanvas(document: PictureDocument, canvas: Rect): PictureDocument {
  if (isSameRect(canvas, rectOfSize(document))) return document;
  const { selection } = document;
  const moved = (rect: Rect) => ({ ...rect, x: rect.x - canvas.x, y: rect.y - canvas.y });
  return {
    ...document,
    width: canvas.width,
    height: canvas.height,
    layers: document.layers.map((layer) => movedLayer(layer, moved)),
    selection: selection && { ...selection, bounds: moved(selection.bounds) },
  };
}

function movedLayer(layer: Layer, moved: (rect: Rect) => Rect): Layer {
  if (layer.kind === 'group') {
    return { ...layer, children: layer.children.map((child) => movedLayer(child, moved)) };
  }
  const { mask } = layer;
  return {
    ...layer,
    bounds: moved(layer.bounds),
    mask: mask && { ...mask, bounds: moved(mask.bounds) },
  };
}
