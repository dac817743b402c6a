import { rectOfSize } from '../../../shared/geometry.ts';
import { parametersText } from '../../../shared/recipe.ts';
import { encodePng } from '../../picture/encodePng.ts';
import { compositeDeep, compositeLayers, isOpaque } from './compositeLayers.ts';
import { isDeep } from './layerPixels.ts';
import { allLayers, type PixelLayer } from './layers.ts';
import { shownLayers } from './mergedPicture.ts';
import type { PictureDocument } from './pictureDocument.ts';
import { withRecipes } from './recipeXmp.ts';

/** Bytes of samples above which a tenth of the file is not worth three times the wait. */
const large = 32_000_000;

/**
 * What is visible, as a PNG with exactly these samples, 16 bits where the document has them; RGB when nothing is transparent. The topmost
 * visible recipe travels as the `parameters` text, all of them as XMP.
 */
export function exportPng(document: PictureDocument): Uint8Array {
  const { width, height, layers } = document;
  const read = isDeep(layers) ? compositeDeep : compositeLayers;
  const rgba = read(shownLayers(document), rectOfSize(document));
  const shown = allLayers(layers.filter((layer) => layer.isVisible)).filter(
    (layer): layer is PixelLayer => layer.kind === 'pixels' && layer.isVisible,
  );
  const recipes = shown.flatMap(({ id, recipe }) => (recipe ? [{ layerId: id, recipe }] : []));
  const newest = recipes[recipes.length - 1];
  const text = newest && {
    parameters: parametersText(newest.recipe),
    'XML:com.adobe.xmp': withRecipes(undefined, recipes),
  };
  const pixels = isOpaque(rgba)
    ? { channels: 3 as const, data: withoutAlpha(rgba) }
    : { channels: 4 as const, data: rgba };
  const level = pixels.data.byteLength > large ? 2 : 6;
  return encodePng({ width, height, ...pixels }, { level, ...(text ? { text } : {}) });
}

function withoutAlpha(rgba: Uint8ClampedArray | Uint16Array): Uint8Array | Uint16Array {
  const length = (rgba.length / 4) * 3;
  const rgb = rgba instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from]!;
    rgb[to + 1] = rgba[from + 1]!;
    rgb[to + 2] = rgba[from + 2]!;
  }
  return rgb;
}
