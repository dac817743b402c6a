/** The XMP packet of a picture file: who made it and the recipes of every result in it. */
import type { Recipe } from '../../../shared/recipe.ts';
import { escapeXml, jsonProperty, recipeNamespace, xmpPacket } from '../../../shared/recipeXmp.ts';

/** A whole XMP packet with the recipes of every result in the file, bottom layer first. */
export function recipeXmp(recipes: readonly Recipe[]): string {
  const made = recipes[0]?.made ?? 'pentimento';
  return xmpPacket(
    [
      ' <rdf:Description rdf:about=""',
      '   xmlns:xmp="http://ns.adobe.com/xap/1.0/"',
      `   xmlns:pentimento="${recipeNamespace}">`,
      `  <xmp:CreatorTool>${escapeXml(made)}</xmp:CreatorTool>`,
      `  ${jsonProperty('recipes', recipes)}`,
      ' </rdf:Description>',
    ].join('\n'),
  );
}
