/** Where in the stack a new layer goes so that nothing already there changes its look. */
import type { PhotoshopApi, PhotoshopDocument, PhotoshopLayer } from './photoshopApi.ts';

/** The layer with that id anywhere in the document, looking at the active ones first. */
export function layerById(
  document: PhotoshopDocument,
  layerId: string,
): PhotoshopLayer | undefined {
  const active = Array.from(document.activeLayers).find((l) => String(l.id) === layerId);
  return active ?? layerBelow(document.layers, layerId);
}

function layerBelow(
  layers: ArrayLike<PhotoshopLayer>,
  layerId: string,
): PhotoshopLayer | undefined {
  for (const layer of Array.from(layers)) {
    if (String(layer.id) === layerId) return layer;
    const inside = layer.layers && layerBelow(layer.layers, layerId);
    if (inside) return inside;
  }
  return undefined;
}

/**
 * The layer to put a result directly above: the source itself, or
 * - the outermost locked group around it (nothing can be moved into a locked group),
 * - the topmost layer clipped to it (a new layer in between would take over the clipping).
 * Without a source: the topmost layer. undefined in a document without layers.
 */
export function anchorFor(
  document: PhotoshopDocument,
  source: PhotoshopLayer | undefined,
): PhotoshopLayer | undefined {
  if (!source) return document.layers[0];
  let anchor = source;
  for (let group = source.parent; group; group = group.parent) {
    if (group.locked) anchor = group;
  }
  const siblings = Array.from(anchor.parent?.layers ?? document.layers);
  let at = siblings.findIndex((l) => l.id === anchor.id);
  while (at > 0 && siblings[at - 1]?.isClippingMask) at--;
  return siblings[at] ?? anchor;
}

/** Moves a layer directly above the anchor, unless it is there already. */
export async function moveAbove(
  photoshop: PhotoshopApi,
  layer: PhotoshopLayer,
  place: { readonly document: PhotoshopDocument; readonly anchor: PhotoshopLayer | undefined },
): Promise<void> {
  const { document, anchor } = place;
  if (!anchor) return;
  const siblings = Array.from(anchor.parent?.layers ?? document.layers);
  const above = siblings[siblings.findIndex((l) => l.id === anchor.id) - 1];
  if (above?.id === layer.id) return;
  await layer.move(anchor, photoshop.constants.ElementPlacement.PLACEBEFORE);
}
