import { rectOfSize } from '../../../shared/geometry.ts';
import { compositeLayers } from './compositeLayers.ts';
import { allLayers, type Layer, type LayerMask, type PixelLayer } from './layers.ts';
import type { PictureDocument } from './pictureDocument.ts';
import { encodePsd, type PsdFile, type PsdLayer } from './psdDoor.ts';
import { withRecipes, type LayerRecipe } from './recipeXmp.ts';

/** The document as a PSD of 8-bit RGB: layers, groups, masks, recipes (in the document's XMP). */
export function writePsdDocument(document: PictureDocument): ArrayBuffer {
  const { width, height, layers } = document;
  const extra = (document.extra ?? {}) as Partial<PsdFile>;
  const composite = compositeLayers(layers, rectOfSize(document));
  const xmpMetadata = withRecipes(extra.imageResources?.xmpMetadata, recipesOfLayers(layers));
  return encodePsd({
    ...extra,
    width,
    height,
    channels: 3,
    bitsPerChannel: 8,
    colorMode: 3,
    imageData: { width, height, data: composite },
    imageResources: { ...extra.imageResources, xmpMetadata },
    children: layers.map(psdLayerOf),
  });
}

function recipesOfLayers(layers: readonly Layer[]): readonly LayerRecipe[] {
  return allLayers(layers).flatMap((layer) =>
    layer.kind === 'pixels' && layer.recipe ? [{ layerId: layer.id, recipe: layer.recipe }] : [],
  );
}

function psdLayerOf(layer: Layer): PsdLayer {
  const extra = (layer.extra ?? {}) as Partial<PsdLayer>;
  const base: PsdLayer = {
    ...extra,
    id: layer.id,
    name: layer.name,
    hidden: !layer.isVisible,
    opacity: layer.opacity,
  };
  if (layer.kind === 'group') {
    return {
      blendMode: 'pass through',
      ...base,
      opened: layer.isOpen,
      children: layer.children.map(psdLayerOf),
    };
  }
  return { ...base, ...pixelsOf(layer), ...maskOf(layer.mask, extra) };
}

function pixelsOf({ bounds, rgba }: PixelLayer): Partial<PsdLayer> {
  const { x, y, width, height } = bounds;
  const place = { left: x, top: y, right: x + width, bottom: y + height };
  if (width === 0 || height === 0) return place;
  return { ...place, imageData: { width, height, data: rgba } };
}

function maskOf(mask: LayerMask | undefined, extra: Partial<PsdLayer>): Partial<PsdLayer> {
  if (!mask) return {};
  const { x, y, width, height } = mask.bounds;
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < mask.data.length; i++) {
    rgba.fill(mask.data[i]!, i * 4, i * 4 + 3);
    rgba[i * 4 + 3] = 255;
  }
  return {
    mask: {
      ...extra.mask,
      positionRelativeToLayer: false,
      left: x,
      top: y,
      right: x + width,
      bottom: y + height,
      defaultColor: mask.outside,
      disabled: !mask.isEnabled,
      imageData: { width, height, data: rgba },
    },
  };
}
