/**
 * The recipe on a layer: in the layer's own XMP metadata, which Photoshop saves inside PSD and PSB
 * and copies with the layer. Reached by action descriptors; other plugins keep data the same way.
 */
import type { Recipe } from '../../../shared/recipe.ts';
import { batchPlayChecked } from './batchPlayChecked.ts';
import type { PhotoshopApi } from './photoshopApi.ts';
import { recipeFromXmp, recipeToXmp } from './recipeXmp.ts';

export interface LayerAddress {
  readonly documentID: number;
  readonly layerID: number;
}

const xmpProperty = 'XMPMetadataAsUTF8';

function layerReference({ documentID, layerID }: LayerAddress) {
  return [
    { _ref: 'layer', _id: layerID },
    { _ref: 'document', _id: documentID },
  ];
}

/** Only inside a modal scope. Throws what Photoshop answers. */
export async function writeLayerRecipe(
  photoshop: PhotoshopApi,
  layer: LayerAddress,
  recipe: Recipe,
): Promise<void> {
  await batchPlayChecked(photoshop, [
    {
      _obj: 'set',
      _target: [{ _ref: 'property', _property: xmpProperty }, ...layerReference(layer)],
      to: { _obj: 'layer', [xmpProperty]: recipeToXmp(recipe) },
    },
  ]);
}

/** undefined when the layer has none, or cannot be asked now. */
export async function readLayerRecipe(
  photoshop: PhotoshopApi,
  layer: LayerAddress,
): Promise<Recipe | undefined> {
  try {
    const [answer] = await batchPlayChecked(photoshop, [
      { _obj: 'get', _target: [{ _property: xmpProperty }, ...layerReference(layer)] },
    ]);
    const xmp = answer?.[xmpProperty];
    return typeof xmp === 'string' ? recipeFromXmp(xmp) : undefined;
  } catch {
    // A layer without metadata answers with an error; so does a host that is busy.
    return undefined;
  }
}
