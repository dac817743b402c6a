/** A layer's recipe as an XMP packet, in the product's own form with one recipe in the list; pure. */
import type { Recipe } from '../../../shared/recipe.ts';
import {
  jsonProperty,
  recipeNamespace,
  recipesOfXmp,
  xmpPacket,
} from '../../../shared/recipeXmp.ts';

/** One packet holding the recipe. */
export function recipeToXmp(recipe: Recipe): string {
  return xmpPacket(
    [
      `<rdf:Description rdf:about="" xmlns:pentimento="${recipeNamespace}">`,
      jsonProperty('recipes', [recipe]),
      '</rdf:Description>',
    ].join('\n'),
  );
}

/** The recipe in a packet; undefined when there is none or it is not one of ours. */
export function recipeFromXmp(xmp: string): Recipe | undefined {
  return recipesOfXmp(xmp)[0];
}
