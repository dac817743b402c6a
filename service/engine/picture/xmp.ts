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

/** The packet with so many spaces at its end, where XMP has room for later changes (ISO 16684-1). */
export function withRoom(xmp: string, characters: number): string {
  const found = xmp.lastIndexOf('<?xpacket end');
  const end = found < 0 ? xmp.length : found;
  return `${xmp.slice(0, end)}${' '.repeat(characters)}${xmp.slice(end)}`;
}
