/**
 * Recipes inside an XMP packet (ISO 16684-1), in a namespace of our own: one property
 * `pentimento:recipes` whose text is a JSON list. Photoshop keeps properties that it does not know.
 */
import { z } from 'zod';
import { Recipe } from '../../../shared/recipe.ts';

/** XML namespace of the property; a name, not an address that is visited. */
const recipeNamespace = 'https://pentimento.app/ns/recipe/1.0/';
const packetId = 'W5M0MpCehiHzreSzNTczkc9d';
const largestPacketCharacters = 16_000_000;

/** A whole XMP packet with the recipes of every result in the file, bottom layer first. */
export function recipeXmp(recipes: readonly Recipe[]): string {
  const made = recipes[0]?.made ?? 'pentimento';
  return [
    `<?xpacket begin="\uFEFF" id="${packetId}"?>`,
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">',
    ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '  <rdf:Description rdf:about=""',
    '    xmlns:xmp="http://ns.adobe.com/xap/1.0/"',
    `    xmlns:pentimento="${recipeNamespace}">`,
    `   <xmp:CreatorTool>${escaped(made)}</xmp:CreatorTool>`,
    `   <pentimento:recipes>${escaped(JSON.stringify(recipes))}</pentimento:recipes>`,
    '  </rdf:Description>',
    ' </rdf:RDF>',
    '</x:xmpmeta>',
    '<?xpacket end="w"?>',
  ].join('\n');
}

/**
 * The recipes in an XMP packet, written by us or rewritten by another program (as an element or as an
 * attribute). An empty list when there is none or it is not valid; never throws.
 */
export function recipesOfXmp(xmp: string): Recipe[] {
  if (xmp.length > largestPacketCharacters) return [];
  const prefix = new RegExp(
    `xmlns:([A-Za-z_][\\w.-]*)=["']${recipeNamespace.replaceAll('.', '\\.')}["']`,
  ).exec(xmp)?.[1];
  if (!prefix) return [];
  const element = between(xmp, `<${prefix}:recipes>`, `</${prefix}:recipes>`);
  const attribute = new RegExp(`\\s${prefix}:recipes=(?:"([^"]*)"|'([^']*)')`).exec(xmp);
  const text = element ?? attribute?.[1] ?? attribute?.[2];
  if (text === undefined) return [];
  try {
    return z.array(Recipe).parse(JSON.parse(unescaped(text)));
  } catch {
    return [];
  }
}

function between(text: string, start: string, end: string): string | undefined {
  const from = text.indexOf(start);
  const to = from < 0 ? -1 : text.indexOf(end, from);
  return to < 0 ? undefined : text.slice(from + start.length, to);
}

/** XML 1.0 text: the five marks, and control characters (which JSON text never needs) left out. */
function escaped(text: string): string {
  // Only the JSON escapes of control characters reach this, so dropping raw ones loses nothing.
  const plain = Array.from(text)
    .filter((c) => c >= ' ' && c !== '\uFFFE' && c !== '\uFFFF')
    .join('');
  return plain
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
}

function unescaped(text: string): string {
  const named: Readonly<Record<string, string>> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
  };
  return text.replaceAll(
    /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/g,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name) return named[name] ?? whole;
      const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
