/** Reads pixels and selection coverage as planes; only inside a modal scope. */
import type { Plane } from '../../../shared/frame.ts';
import { intersectRects, isEmptyRect, type Rect } from '../../../shared/geometry.ts';
import {
  boundsOfRect,
  canvasOf,
  exchangeProfileOf,
  rectOfBounds,
  type PixelKind,
} from './documentFacts.ts';
import type { ImageRead, PhotoshopApi, PhotoshopDocument, PhotoshopLayer } from './photoshopApi.ts';
import {
  convertDepth,
  depthOfData,
  emptyPixels,
  encodeSrgbInPlace,
  padToRegion,
  toRgba,
  type PaddedSource,
} from './pixelLayout.ts';

export interface PixelSource {
  readonly document: PhotoshopDocument;
  readonly kind: PixelKind;
  /** Absent: the composite. */
  readonly layer: PhotoshopLayer | undefined;
}

/**
 * The source's pixels over `region` (document pixels, may reach past canvas and layer) as the plane
 * `picture`: RGBA, sRGB, the document's depth, 16 bit as 0..65535, 32 bit as 0..1 (brighter values
 * are cut). Transparent where the source has no pixels. A layer's own mask, opacity and effects are
 * not applied.
 */
export async function readPicture(
  photoshop: PhotoshopApi,
  source: PixelSource,
  region: Rect,
): Promise<Plane> {
  const { document, kind, layer } = source;
  const has = layer ? rectOfBounds(layer.boundsNoEffects) : canvasOf(document);
  const wanted = has && intersectRects(region, has);
  const { width, height } = region;
  const plane = { name: 'picture', width, height, channels: 4, depth: kind.depth } as const;
  // Asking for a rectangle without pixels is undocumented, so it is not asked.
  if (!wanted || isEmptyRect(wanted)) {
    return { ...plane, data: emptyPixels(kind.depth, width * height * 4) };
  }
  const read = await photoshop.imaging.getPixels({
    documentID: document.id,
    ...(layer ? { layerID: layer.id } : {}),
    sourceBounds: boundsOfRect(wanted),
    ...conversionFor(kind),
  });
  const pixels = await takePixels(read);
  const rgba = toRgba(pixels.data, pixels.channels);
  if (depthOfData(rgba) === 32) encodeSrgbInPlace(rgba);
  const data = padToRegion({ data: rgba, channels: 4, at: pixels.at }, region);
  return { ...plane, data: convertDepth(data, kind.depth) };
}

/** Conversion takes Photoshop time, so it is left out where nothing would change. */
function conversionFor(kind: PixelKind): { colorSpace?: 'RGB'; colorProfile?: string } {
  const wanted = exchangeProfileOf(kind);
  if (kind.mode === 'rgb' && kind.profile === wanted) return {};
  return { colorSpace: 'RGB', ...(wanted === undefined ? {} : { colorProfile: wanted }) };
}

/**
 * Coverage of the selection over `region` as the plane `mask`: 1 channel, 8 bit, soft edges as they
 * are; 0 outside. undefined when nothing is selected.
 */
export async function readSelection(
  photoshop: PhotoshopApi,
  document: PhotoshopDocument,
  region: Rect,
): Promise<Plane | undefined> {
  // What getSelection does without a selection is undocumented: the bounds tell first.
  const selected = rectOfBounds(document.selection.bounds);
  if (!selected) return undefined;
  const plane = { name: 'mask', width: region.width, height: region.height, channels: 1, depth: 8 };
  // A selection may reach past the canvas, where it means nothing.
  const wanted = intersectRects(intersectRects(selected, region), canvasOf(document));
  if (isEmptyRect(wanted)) {
    return { ...plane, depth: 8, data: new Uint8Array(region.width * region.height) };
  }
  const read = await photoshop.imaging.getSelection({
    documentID: document.id,
    sourceBounds: boundsOfRect(wanted),
  });
  const pixels = await takePixels(read);
  const coverage = firstChannel(pixels);
  return { ...plane, depth: 8, data: convertDepth(padToRegion(coverage, region), 8) };
}

/** The samples of a read, which is disposed of whatever happens. */
async function takePixels(read: ImageRead): Promise<PaddedSource> {
  const { imageData, sourceBounds } = read;
  try {
    const { width, height, components } = imageData;
    const data = await imageData.getData({ chunky: true, fullRange: true });
    // The size of the data counts, not right - left of the bounds: only left and top are exact.
    const at = { x: sourceBounds.left, y: sourceBounds.top, width, height };
    return { data, channels: components, at };
  } finally {
    imageData.dispose();
  }
}

function firstChannel(source: PaddedSource): PaddedSource {
  if (source.channels === 1) return source;
  const pixels = source.at.width * source.at.height;
  const data = source.data.slice(0, pixels);
  for (let i = 0; i < pixels; i++) data[i] = source.data[i * source.channels];
  return { data, channels: 1, at: source.at };
}
