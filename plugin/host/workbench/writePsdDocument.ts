import { rectOfSize, type Rect } from '../../../shared/geometry.ts';
import { compositeDeep, compositeLayers } from './compositeLayers.ts';
import { asDeepPsd, deepMaskOf, deepRawData } from './deepPsd.ts';
import { deepPixels, isDeep, widened } from './layerPixels.ts';
import {
  allLayers,
  type Layer,
  type LayerGroup,
  type LayerMask,
  type PixelLayer,
} from './layers.ts';
import { shownLayers } from './mergedPicture.ts';
import type { PictureDocument } from './pictureDocument.ts';
import { encodePsd, type PsdFile, type PsdLayer } from './psdDoor.ts';
import { withRecipes, type LayerRecipe } from './recipeXmp.ts';

/**
 * The document as a PSD of RGB: layers, groups, masks, recipes (in the document's XMP). Of 16 bits where the file or a
 * layer has had as many or more, of 8 elsewhere.
 */
export function writePsdDocument(document: PictureDocument): ArrayBuffer {
  const region = rectOfSize(document);
  if (isDeep(document.layers) || document.origin.depth !== 8) {
    const file = encodePsd(psdOf(document, deepLayerOf));
    return asDeepPsd(file, compositeDeep(shownLayers(document), region));
  }
  const data = compositeLayers(shownLayers(document), region);
  const { width, height } = document;
  return encodePsd({ ...psdOf(document, psdLayerOf), imageData: { width, height, data } });
}

function psdOf(
  { width, height, layers, extra: kept }: PictureDocument,
  toPsd: (layer: Layer, isBottom: boolean) => PsdLayer,
): PsdFile {
  const extra = (kept ?? {}) as Partial<PsdFile>;
  const xmpMetadata = withRecipes(extra.imageResources?.xmpMetadata, recipesOfLayers(layers));
  return {
    ...extra,
    width,
    height,
    channels: 3,
    bitsPerChannel: 8,
    colorMode: 3,
    imageResources: { ...extra.imageResources, xmpMetadata },
    children: layers.map((layer, i) => toPsd(layer, i === 0)),
  };
}

function recipesOfLayers(layers: readonly Layer[]): readonly LayerRecipe[] {
  return allLayers(layers).flatMap((layer) =>
    layer.kind === 'pixels' && layer.recipe ? [{ layerId: layer.id, recipe: layer.recipe }] : [],
  );
}

function psdLayerOf(layer: Layer): PsdLayer {
  const extra = extraOf(layer);
  if (layer.kind === 'group') return groupOf(layer, psdLayerOf);
  return { ...baseOf(layer), ...pixelsOf(layer), ...maskOf(layer.mask, extra) };
}

/** What a layer has whatever its depth. */
function baseOf(layer: Layer): PsdLayer {
  return {
    ...extraOf(layer),
    id: layer.id,
    name: layer.name,
    hidden: !layer.isVisible,
    opacity: layer.opacity,
  };
}

function extraOf(layer: Layer): Partial<PsdLayer> {
  return (layer.extra ?? {}) as Partial<PsdLayer>;
}

function groupOf(group: LayerGroup, toPsd: (layer: Layer) => PsdLayer): PsdLayer {
  return {
    blendMode: 'pass through',
    ...baseOf(group),
    opened: group.isOpen,
    children: group.children.map((child) => toPsd(child)),
  };
}

function pixelsOf({ bounds, rgba }: PixelLayer): Partial<PsdLayer> {
  const { width, height } = bounds;
  if (width === 0 || height === 0) return placeOf(bounds);
  return { ...placeOf(bounds), imageData: { width, height, data: rgba } };
}

function placeOf({ x, y, width, height }: Rect) {
  return { left: x, top: y, right: x + width, bottom: y + height };
}

function maskOf(mask: LayerMask | undefined, extra: Partial<PsdLayer>): Partial<PsdLayer> {
  if (!mask) return {};
  const { width, height } = mask.bounds;
  // One without pixels, which is its outside everywhere: ag-psd fails on an empty picture.
  if (mask.data.length === 0) return { mask: maskPlaceOf(mask, extra) };
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < mask.data.length; i++) {
    rgba.fill(mask.data[i]!, i * 4, i * 4 + 3);
    rgba[i * 4 + 3] = 255;
  }
  return { mask: { ...maskPlaceOf(mask, extra), imageData: { width, height, data: rgba } } };
}

function maskPlaceOf(mask: LayerMask, extra: Partial<PsdLayer>): NonNullable<PsdLayer['mask']> {
  return {
    ...extra.mask,
    positionRelativeToLayer: false,
    ...placeOf(mask.bounds),
    defaultColor: mask.outside,
    disabled: !mask.isEnabled,
  };
}

/** The same with channels of 16 bits; those of 8 are widened. */
function deepLayerOf(layer: Layer, isBottom = false): PsdLayer {
  const extra = extraOf(layer);
  const realMask = deepMaskOf(extra.realMask);
  if (layer.kind === 'group') {
    const mask = deepMaskOf(extra.mask);
    const rawData = deepRawData({ pixels: undefined, mask, realMask });
    return { ...groupOf(layer, deepLayerOf), rawData };
  }
  const { bounds, mask } = layer;
  const rawData = deepRawData({
    pixels: { bounds, rgba: deepPixels(layer) },
    mask: mask && { width: mask.bounds.width, data: mask.deep ?? widened(mask.data) },
    realMask,
    isBottom,
  });
  const place = mask ? { mask: maskPlaceOf(mask, extra) } : {};
  return { ...baseOf(layer), ...placeOf(bounds), ...place, rawData };
}
