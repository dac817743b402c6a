/** The browser's document: layers, a selection and what is active. Pure; every change is a new value. */
import { PentimentoError } from '../../../shared/errors.ts';
import {
  intersectRects,
  isEmptyRect,
  rectOfSize,
  relativeTo,
  type Rect,
  type Size,
} from '../../../shared/geometry.ts';
import type { Plane } from '../../../shared/frame.ts';
import type { DocumentInfo } from '../../../shared/request.ts';
import type { Capture, CaptureRequest, HostState, Placement, PlacedPicture } from '../host.ts';
import { growCanvas } from './growCanvas.ts';
import { compositeDeep, compositeLayers } from './compositeLayers.ts';
import { isDeep, opaquePixelsOf } from './layerPixels.ts';
import {
  allLayers,
  changeLayer,
  findLayer,
  insertAbove,
  type Layer,
  type PixelLayer,
} from './layers.ts';
import { shownLayers, type MergedPicture } from './mergedPicture.ts';
import { crop, type Selection } from './selection.ts';

export interface PictureDocument {
  readonly id: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** From the bottom up. */
  readonly layers: readonly Layer[];
  readonly activeId: number | undefined;
  readonly selection: Selection | undefined;
  /** What the file was before it became sRGB here, for the status line. */
  readonly origin: { readonly depth: 8 | 16 | 32; readonly profile: string | undefined };
  /** Of a PSD with something that is not drawn here. */
  readonly merged?: MergedPicture;
  /** Document-wide facts of a PSD that are kept for saving. */
  readonly extra: unknown;
}

/** What the panel is told about the document. */
export function hostStateOf(document: PictureDocument | undefined): HostState {
  if (!document) {
    return {
      document: undefined,
      layerBounds: undefined,
      selectionBounds: undefined,
      layerRecipe: undefined,
    };
  }
  const active = activeLayer(document);
  return {
    document: infoOf(document, active),
    layerBounds: active && visibleBounds(document, active),
    selectionBounds: document.selection?.bounds,
    layerRecipe: active?.kind === 'pixels' ? active.recipe : undefined,
  };
}

export function activeLayer(document: PictureDocument): Layer | undefined {
  return document.activeId === undefined
    ? undefined
    : findLayer(document.layers, document.activeId);
}

function infoOf(document: PictureDocument, layer: Layer | undefined): DocumentInfo {
  const { id, name, width, height } = document;
  const depth = isDeep(document.layers) ? 16 : 8;
  const base = { id, name, width, height, depth, mode: 'rgb' } as const;
  return layer ? { ...base, layer: { id: String(layer.id), name: layer.name } } : base;
}

function visibleBounds(document: PictureDocument, layer: Layer): Rect | undefined {
  if (layer.kind === 'group') return undefined;
  const bounds = intersectRects(layer.bounds, rectOfSize(document));
  return isEmptyRect(bounds) ? undefined : bounds;
}

/** Throws E_HOST_LAYER. */
function namedLayer(document: PictureDocument, layerId: string): Layer {
  const layer = findLayer(document.layers, Number(layerId));
  if (!layer) throw new PentimentoError('E_HOST_LAYER');
  return layer;
}

/** Reads pixels and coverage of a region. Throws E_HOST_DOCUMENT, E_HOST_LAYER, E_HOST_MODE. */
export function capture(document: PictureDocument, request: CaptureRequest): Capture {
  if (request.documentId !== document.id) throw new PentimentoError('E_HOST_DOCUMENT');
  const { region, source, layerId } = request;
  const active = layerId === undefined ? activeLayer(document) : namedLayer(document, layerId);
  if (source === 'layer' && !active)
    throw new PentimentoError('E_HOST_MODE', 'No layer is active.');
  const isLayer = source === 'layer' && active !== undefined;
  const read = isLayer ? [{ ...active, isVisible: true }] : shownLayers(document);
  const { selection } = document;
  return {
    document: infoOf(document, isLayer ? active : undefined),
    region,
    picture: plane('picture', region, 4, samplesOf(document, read, region)),
    mask: request.withMask
      ? plane(
          'mask',
          region,
          1,
          selection ? crop(selection, region) : new Uint8Array(region.width * region.height),
        )
      : undefined,
  };
}

/** With as many bits as the document has. */
function samplesOf(
  document: PictureDocument,
  read: readonly Layer[],
  region: Rect,
): Uint8Array | Uint16Array {
  if (isDeep(document.layers)) return compositeDeep(read, region);
  return new Uint8Array(compositeLayers(read, region).buffer);
}

function plane(name: string, size: Rect, channels: number, data: Uint8Array | Uint16Array): Plane {
  const depth = data instanceof Uint16Array ? 16 : 8;
  return { name, width: size.width, height: size.height, channels, depth, data };
}

/**
 * The document with the pictures as one new layer, or as a group whose first is visible; selection and
 * active layer stay. Also answers the new ids from the top level down. Throws E_HOST_DOCUMENT.
 */
export function place(
  document: PictureDocument,
  placement: Placement,
): { readonly document: PictureDocument; readonly ids: readonly number[] } {
  const { documentSize, canvas } = placement;
  const hasSize = ({ width, height }: Size) =>
    width === document.width && height === document.height;
  const isGrown = canvas !== undefined && hasSize(canvas);
  const isTarget = isGrown || hasSize(documentSize);
  if (placement.documentId !== document.id || !isTarget || placement.pictures.length === 0) {
    throw new PentimentoError('E_HOST_DOCUMENT');
  }
  const grown = canvas && !isGrown ? growCanvas(document, canvas) : document;
  const pictures = canvas
    ? placement.pictures.map((p) => ({ ...p, bounds: relativeTo(p.bounds, canvas) }))
    : placement.pictures;
  const first = nextLayerId(document);
  const layers = pictures.map((picture, i) => layerOf(picture, first + i, i === 0));
  const [single] = layers;
  const added: Layer | undefined =
    layers.length === 1
      ? single
      : {
          kind: 'group',
          id: first + layers.length,
          name: placement.groupName,
          isVisible: true,
          opacity: 1,
          isOpen: true,
          // The first variant is the top one, as lists are read.
          children: [...layers].reverse(),
          extra: undefined,
        };
  if (!added) throw new PentimentoError('E_HOST_DOCUMENT');
  const above = placement.aboveLayerId === undefined ? undefined : Number(placement.aboveLayerId);
  const ids = layers.map((layer) => layer.id);
  return {
    document: { ...grown, layers: insertAbove(grown.layers, above, added) },
    ids: added.kind === 'group' ? [added.id, ...ids] : ids,
  };
}

export function nextLayerId(document: PictureDocument): number {
  return allLayers(document.layers).reduce((max, layer) => Math.max(max, layer.id), 0) + 1;
}

function layerOf(picture: PlacedPicture, id: number, isVisible: boolean): PixelLayer {
  const { bounds, name, recipe, alpha } = picture;
  return {
    kind: 'pixels',
    id,
    name,
    isVisible,
    opacity: 1,
    bounds,
    ...opaquePixelsOf(picture.color),
    mask: { bounds, data: new Uint8Array(alpha.data), outside: 0, isEnabled: true },
    recipe,
    extra: undefined,
  };
}

/** One layer shown or hidden. */
export function withVisibility(
  document: PictureDocument,
  id: number,
  isVisible: boolean,
): PictureDocument {
  return {
    ...document,
    layers: changeLayer(document.layers, id, (layer) => ({ ...layer, isVisible })),
  };
}

/** The document without a layer; the one that was under it becomes active. */
export function withoutLayer(document: PictureDocument, id: number): PictureDocument {
  const layers = changeLayer(document.layers, id, () => undefined);
  const isActiveGone = document.activeId !== undefined && !findLayer(layers, document.activeId);
  return {
    ...document,
    layers,
    activeId: isActiveGone ? layers[layers.length - 1]?.id : document.activeId,
  };
}
