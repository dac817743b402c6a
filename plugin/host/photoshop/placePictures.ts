/** Host.place in Photoshop: results become layers in one modal scope and one history state. */
import { PentimentoError } from '../../../shared/errors.ts';
import { relativeTo, type Rect } from '../../../shared/geometry.ts';
import type { LayerRef, PlacedPicture, Placement } from '../host.ts';
import { movedState, restoreArtistState, takeArtistState } from './artistState.ts';
import { documentById, pixelKindOf, type PixelKind } from './documentFacts.ts';
import { growCanvas, isTargetSize } from './growCanvas.ts';
import { inModal } from './inModal.ts';
import { anchorFor, layerById, moveAbove } from './layerOrder.ts';
import { writeLayerRecipe } from './layerRecipe.ts';
import type {
  ModalContext,
  PhotoshopApi,
  PhotoshopDocument,
  PhotoshopLayer,
} from './photoshopApi.ts';
import { writeColor, writeLayerMask } from './writePixels.ts';

/**
 * Adds the pictures above their source: one layer, or a group of which the first is visible. All of
 * it is one undo step; if anything fails the document is left as it was. Selection, active layers
 * and the document in front stay the artist's. Throws E_HOST_DOCUMENT (closed or resized),
 * E_HOST_MODE, E_HOST_BUSY, E_CANCELLED, E_HOST_FAILED, E_FRAME.
 */
export async function placePictures(
  photoshop: PhotoshopApi,
  placement: Placement,
): Promise<LayerRef> {
  if (placement.pictures.length === 0) throw new PentimentoError('E_PARAM', 'Nothing to place.');
  const work = (context: ModalContext) => placeInFront(photoshop, context, placement);
  return inModal(photoshop, work, { commandName: placement.historyName });
}

/** The DOM's create methods work on the document in front, so ours is brought there meanwhile. */
async function placeInFront(
  photoshop: PhotoshopApi,
  context: ModalContext,
  placement: Placement,
): Promise<LayerRef> {
  const document = documentById(photoshop, placement.documentId);
  const kind = checkTarget(photoshop, document, placement);
  const inFront = photoshop.app.activeDocument;
  if (inFront?.id === document.id) {
    return placeInOneStep(photoshop, { context, document, kind }, placement);
  }
  photoshop.app.activeDocument = document;
  try {
    return await placeInOneStep(photoshop, { context, document, kind }, placement);
  } finally {
    if (inFront) photoshop.app.activeDocument = inFront;
  }
}

function checkTarget(
  photoshop: PhotoshopApi,
  document: PhotoshopDocument,
  placement: Placement,
): PixelKind {
  const size = { width: Math.round(document.width), height: Math.round(document.height) };
  if (!isTargetSize(size, placement)) {
    throw new PentimentoError('E_HOST_DOCUMENT');
  }
  if (document.quickMaskMode) throw new PentimentoError('E_HOST_BUSY', 'Leave Quick Mask first.');
  return pixelKindOf(photoshop, document);
}

interface Target {
  readonly context: ModalContext;
  readonly document: PhotoshopDocument;
  readonly kind: PixelKind;
}

async function placeInOneStep(
  photoshop: PhotoshopApi,
  target: Target,
  placement: Placement,
): Promise<LayerRef> {
  const { hostControl } = target.context;
  const suspension = await hostControl.suspendHistory({
    documentID: target.document.id,
    name: placement.historyName,
  });
  let layerIds: readonly string[];
  try {
    layerIds = await addLayers(photoshop, target, placement);
  } catch (error) {
    // After Esc this may throw as well; the scope's end rolls back by itself then.
    await hostControl.resumeHistory(suspension, false).catch(() => undefined);
    throw error;
  }
  await hostControl.resumeHistory(suspension, true);
  return { documentId: placement.documentId, layerIds };
}

async function addLayers(
  photoshop: PhotoshopApi,
  target: Target,
  placement: Placement,
): Promise<readonly string[]> {
  const { document, kind } = target;
  const { width: widthBefore, height: heightBefore } = document;
  const before = await takeArtistState(photoshop, document);
  const canvas = await growCanvas(photoshop, document, placement);
  const isGrown = document.width !== widthBefore || document.height !== heightBefore;
  const source =
    placement.aboveLayerId === undefined ? undefined : layerById(document, placement.aboveLayerId);
  const anchor = anchorFor(document, source);
  const pictures = placement.pictures.map((picture) => onCanvas(picture, canvas));
  const [only, ...others] = pictures;
  const layers =
    others.length === 0 && only
      ? [await addLayerAbove(photoshop, { ...target, anchor }, only)]
      : await addGroup(photoshop, { ...target, anchor }, { ...placement, pictures });
  await restoreArtistState(
    photoshop,
    { document, kind },
    isGrown ? movedState(before, canvas) : before,
  );
  return layers.map((layer) => String(layer.id));
}

function onCanvas(picture: PlacedPicture, canvas: Rect): PlacedPicture {
  return { ...picture, bounds: relativeTo(picture.bounds, canvas) };
}

type AnchoredTarget = Target & { readonly anchor: PhotoshopLayer | undefined };

async function addLayerAbove(
  photoshop: PhotoshopApi,
  target: AnchoredTarget,
  picture: PlacedPicture,
): Promise<PhotoshopLayer> {
  const layer = await addLayer(photoshop, target, picture);
  await moveAbove(photoshop, layer, target);
  return layer;
}

/** The group, then its layers: the first on top and visible, the others below it in their order. */
async function addGroup(
  photoshop: PhotoshopApi,
  target: AnchoredTarget,
  placement: Placement,
): Promise<readonly PhotoshopLayer[]> {
  const { PLACEAFTER, PLACEINSIDE } = photoshop.constants.ElementPlacement;
  const group = made(await target.document.createLayerGroup({ name: placement.groupName }));
  await moveAbove(photoshop, group, target);
  const layers: PhotoshopLayer[] = [];
  for (const picture of placement.pictures) {
    const layer = await addLayer(photoshop, target, picture);
    const previous = layers.at(-1);
    // Where a new layer lands depends on what is active, so each is put where it belongs.
    if (previous) {
      await layer.move(previous, PLACEAFTER);
      layer.visible = false;
    } else if (layer.parent?.id !== group.id) await layer.move(group, PLACEINSIDE);
    layers.push(layer);
  }
  return [group, ...layers];
}

async function addLayer(
  photoshop: PhotoshopApi,
  { context, document, kind }: Target,
  picture: PlacedPicture,
): Promise<PhotoshopLayer> {
  const layer = made(await document.createPixelLayer({ name: picture.name }));
  const address = { documentID: document.id, layerID: layer.id };
  await writeColor(photoshop, { ...address, kind, bounds: picture.bounds }, picture.color);
  await writeLayerMask(photoshop, { ...address, kind, bounds: picture.bounds }, picture.alpha);
  try {
    await writeLayerRecipe(photoshop, address, picture.recipe);
  } catch (error) {
    // A layer without its note is worth more than no layer; Esc still ends everything.
    if (context.isCancelled) throw error;
  }
  return layer;
}

function made(layer: PhotoshopLayer | null): PhotoshopLayer {
  if (!layer) throw new Error('Photoshop made no layer.');
  return layer;
}
