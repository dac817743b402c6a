/** Host.state in Photoshop: the few facts that the panel shows, read from DOM proxies. */
import { intersectRects, isEmptyRect, type Rect } from '../../../shared/geometry.ts';
import type { Recipe } from '../../../shared/recipe.ts';
import type { HostState } from '../host.ts';
import { canvasOf, documentInfoOf, onlyActiveLayer, rectOfBounds } from './documentFacts.ts';
import type { PhotoshopApi, PhotoshopDocument } from './photoshopApi.ts';

export const emptyState: HostState = {
  document: undefined,
  layerBounds: undefined,
  selectionBounds: undefined,
  layerRecipe: undefined,
};

export type RecipeLookup = (documentId: string, layerId: string) => Recipe | undefined;

/** Each getter is a round trip into Photoshop; may throw while a document is closing. */
export function readState(photoshop: PhotoshopApi, recipeOf: RecipeLookup): HostState {
  const document = photoshop.app.activeDocument;
  if (!document) return emptyState;
  const layer = onlyActiveLayer(document);
  const info = documentInfoOf(photoshop, document, layer);
  if (!info) {
    return { ...emptyState, note: 'Convert the document to RGB, Gray, Lab or CMYK to work on it.' };
  }
  const isQuickMask = document.quickMaskMode;
  return {
    document: info,
    layerBounds: layer ? rectOfBounds(layer.boundsNoEffects) : undefined,
    selectionBounds: isQuickMask ? undefined : selectionOf(document),
    layerRecipe: info.layer ? recipeOf(info.id, info.layer.id) : undefined,
    note: isQuickMask ? 'Leave Quick Mask to use the selection.' : undefined,
  };
}

/** A selection may reach past the canvas; only what is on it can be filled. */
function selectionOf(document: PhotoshopDocument): Rect | undefined {
  const bounds = rectOfBounds(document.selection.bounds);
  const onCanvas = bounds && intersectRects(bounds, canvasOf(document));
  return onCanvas && !isEmptyRect(onCanvas) ? onCanvas : undefined;
}
