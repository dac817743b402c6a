/** Host.capture in Photoshop: everything a run needs, read in one modal scope. */
import { PentimentoError } from '../../../shared/errors.ts';
import { isEmptyRect, type Rect } from '../../../shared/geometry.ts';
import { maxPlanePixels, maxSidePx } from '../../../shared/limits.ts';
import type { Capture, CaptureRequest } from '../host.ts';
import { documentById, documentInfoOf, onlyActiveLayer, pixelKindOf } from './documentFacts.ts';
import { inModal } from './inModal.ts';
import { layerById } from './layerOrder.ts';
import type { PhotoshopApi, PhotoshopDocument, PhotoshopLayer } from './photoshopApi.ts';
import { readPicture, readSelection } from './readPixels.ts';

/**
 * Reads pixels and selection of `request.region`. Only pixel layers and smart objects can be read
 * by themselves; for groups, text, adjustments, or several layers at once the composite is read
 * instead and `note` says so. Throws E_HOST_DOCUMENT (closed), E_HOST_LAYER (gone), E_HOST_MODE, E_HOST_BUSY (also in
 * Quick Mask, where there is no selection to read), E_TOO_LARGE, E_CANCELLED, E_HOST_FAILED.
 */
export async function captureRegion(
  photoshop: PhotoshopApi,
  request: CaptureRequest,
): Promise<Capture> {
  checkRegion(request.region);
  const read = () => readCapture(photoshop, request);
  return inModal(photoshop, read, { commandName: 'Pentimento: read pixels' });
}

async function readCapture(photoshop: PhotoshopApi, request: CaptureRequest): Promise<Capture> {
  const document = documentById(photoshop, request.documentId);
  const kind = pixelKindOf(photoshop, document);
  if (request.withMask && document.quickMaskMode) {
    throw new PentimentoError('E_HOST_BUSY', 'Leave Quick Mask first.');
  }
  const { layer, note } = sourceFor(photoshop, document, request);
  const info = documentInfoOf(photoshop, document, layer);
  if (!info) throw new PentimentoError('E_HOST_MODE');
  const picture = await readPicture(photoshop, { document, kind, layer }, request.region);
  const mask = request.withMask
    ? await readSelection(photoshop, document, request.region)
    : undefined;
  return { document: info, region: request.region, picture, mask, note };
}

interface Source {
  readonly layer: PhotoshopLayer | undefined;
  readonly note: string | undefined;
}

function sourceFor(
  photoshop: PhotoshopApi,
  document: PhotoshopDocument,
  { source, layerId }: CaptureRequest,
): Source {
  if (source === 'composite') return { layer: undefined, note: undefined };
  const layer = layerId === undefined ? onlyActiveLayer(document) : namedLayer(document, layerId);
  if (!layer) {
    const why = document.activeLayers.length === 0 ? 'No layer is active' : 'Several are active';
    return { layer: undefined, note: `${why}, so the whole picture was read.` };
  }
  if (hasOwnPixels(photoshop, layer)) return { layer, note: undefined };
  return {
    layer: undefined,
    note: `“${layer.name}” has no pixels of its own, so the whole picture was read.`,
  };
}

/** Throws E_HOST_LAYER. */
function namedLayer(document: PhotoshopDocument, layerId: string): PhotoshopLayer {
  const layer = layerById(document, layerId);
  if (!layer) throw new PentimentoError('E_HOST_LAYER');
  return layer;
}

/** What getPixels answers for other kinds is undocumented (groups, text, fills, adjustments). */
function hasOwnPixels(photoshop: PhotoshopApi, layer: PhotoshopLayer): boolean {
  const { NORMAL, SMARTOBJECT } = photoshop.constants.LayerKind;
  return layer.kind === NORMAL || layer.kind === SMARTOBJECT;
}

function checkRegion(region: Rect): void {
  if (isEmptyRect(region)) throw new PentimentoError('E_PARAM', 'The area is empty.');
  const { width, height } = region;
  if (width > maxSidePx || height > maxSidePx || width * height > maxPlanePixels) {
    throw new PentimentoError('E_TOO_LARGE', `An area of ${width} x ${height} pixels.`);
  }
}
