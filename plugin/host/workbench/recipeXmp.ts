/** Recipes in a document's XMP packet, and beside them (`pentimento:layers`) the ids of their layers. */
import { z } from 'zod';
import type { Recipe } from '../../../shared/recipe.ts';
import {
  jsonProperty,
  readProperty,
  recipeNamespace,
  recipeNamespacePattern,
  recipesOfXmp,
  xmpPacket,
} from '../../../shared/recipeXmp.ts';

export interface LayerRecipe {
  /** undefined in files whose writer did not say. */
  readonly layerId: number | undefined;
  readonly recipe: Recipe;
}

/** The packet with these recipes in place of any it had; other programs' properties stay. */
export function withRecipes(xmp: string | undefined, recipes: readonly LayerRecipe[]): string {
  const base = xmp !== undefined && xmp.includes('</rdf:RDF>') ? xmp : xmpPacket('');
  const ours = new RegExp(
    `\\s*<rdf:Description[^>]*xmlns:(\\w+)="${recipeNamespacePattern}"[^>]*>` +
      `\\s*<\\1:recipes>[\\s\\S]*?</rdf:Description>`,
    'g',
  );
  const cleaned = base.replaceAll(ours, '');
  if (recipes.length === 0) return cleaned;
  const made = recipes.map((r) => r.recipe);
  const ids = recipes.map((r) => r.layerId ?? 0);
  const description = [
    ` <rdf:Description rdf:about="" xmlns:pentimento="${recipeNamespace}">`,
    `  ${jsonProperty('recipes', made)}`,
    `  ${jsonProperty('layers', ids)}`,
    ' </rdf:Description>',
  ].join('\n');
  return cleaned.replace('</rdf:RDF>', () => `${description}\n</rdf:RDF>`);
}

/** The recipes in a packet; an empty list when there are none. Never throws. */
export function recipesOf(xmp: string | undefined): readonly LayerRecipe[] {
  if (xmp === undefined) return [];
  const ids = readProperty(xmp, 'layers', z.array(z.number().int())) ?? [];
  return recipesOfXmp(xmp).map((recipe, i) => ({
    layerId: ids[i] === 0 ? undefined : ids[i],
    recipe,
  }));
}
