/**
 * A layer's recipe as an XMP packet (ISO 16684-1), and back; pure. The same form as in the product's
 * PSD and PNG files: `pentimento:recipes`, a JSON list, here with one recipe.
 */
import { z } from 'zod';
import { Recipe } from '../../../shared/recipe.ts';

const namespace = 'https://pentimento.app/ns/recipe/1.0/';
/** Searched by its local name: XMP writers may rename prefixes and turn elements into attributes. */
const property = 'recipes';

/** One packet holding the recipe. */
export function recipeToXmp(recipe: Recipe): string {
  return [
    '<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>',
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">',
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    `<rdf:Description rdf:about="" xmlns:pentimento="${namespace}">`,
    `<pentimento:${property}>${escapeXml(JSON.stringify([recipe]))}</pentimento:${property}>`,
    '</rdf:Description></rdf:RDF></x:xmpmeta>',
    '<?xpacket end="w"?>',
  ].join('\n');
}

/** The recipe in a packet; undefined when there is none or it is not one of ours. */
export function recipeFromXmp(xmp: string): Recipe | undefined {
  const found = new RegExp(`:${property}(?:\\s*=\\s*"([^"]*)"|[^>]*>([^<]*)<)`).exec(xmp);
  const text = found?.[1] ?? found?.[2];
  if (!text) return undefined;
  try {
    const parsed = z.array(Recipe).safeParse(JSON.parse(unescapeXml(text)));
    return parsed.success ? parsed.data[0] : undefined;
  } catch {
    return undefined;
  }
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return entities[name] ?? whole;
  });
}
