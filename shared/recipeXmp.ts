/**
 * Recipes inside XMP packets (ISO 16684-1), in a namespace of our own: one property
 * `pentimento:recipes` whose text is a JSON list. The same form in PNG, TIFF and PSD files and on
 * Photoshop's layers; Photoshop keeps properties that it does not know. Pure.
 */
import { z } from 'zod';
import { Recipe } from './recipe.ts';

/** XML namespace of the properties; a name, not an address that is visited. */
export const recipeNamespace = 'https://pentimento.app/ns/recipe/1.0/';

/** The namespace inside a regular expression. */
export const recipeNamespacePattern = recipeNamespace.replaceAll('.', '\\.');

const largestPacketCharacters = 16_000_000;

/** A whole packet around `rdf:Description` elements. */
export function xmpPacket(descriptions: string): string {
  return [
    '<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>',
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">',
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    descriptions,
    '</rdf:RDF>',
    '</x:xmpmeta>',
    '<?xpacket end="w"?>',
  ].join('\n');
}

/** `<pentimento:NAME>` with a JSON value; the prefix must be declared around it. */
export function jsonProperty(name: string, value: unknown): string {
  return `<pentimento:${name}>${escapeXml(JSON.stringify(value))}</pentimento:${name}>`;
}

/**
 * A property of ours in a packet, written by us or rewritten by another program (another prefix, or as
 * an attribute). Undefined when there is none or it is not valid; never throws.
 */
export function readProperty<T>(xmp: string, name: string, schema: z.ZodType<T>): T | undefined {
  if (xmp.length > largestPacketCharacters) return undefined;
  const declared = new RegExp(`xmlns:([A-Za-z_][\\w.-]*)=["']${recipeNamespacePattern}["']`);
  const prefix = declared.exec(xmp)?.[1];
  if (prefix === undefined) return undefined;
  const own = `${prefix}:${name}`;
  const pattern = `<${own}>([^<]*)</${own}>|\\s${own}=(?:"([^"]*)"|'([^']*)')`;
  const found = new RegExp(pattern).exec(xmp);
  const text = found?.[1] ?? found?.[2] ?? found?.[3];
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(unescapeXml(text)));
  } catch {
    return undefined;
  }
}

/** The recipes in a packet, bottom layer first; an empty list when there are none. Never throws. */
export function recipesOfXmp(xmp: string): Recipe[] {
  return readProperty(xmp, 'recipes', z.array(Recipe)) ?? [];
}

/** XML 1.0 text: the five marks; what XML cannot hold (control characters) is left out. */
export function escapeXml(text: string): string {
  // JSON text has its control characters escaped, so dropping raw ones loses nothing.
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

const marks: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function unescapeXml(text: string): string {
  return text.replaceAll(
    /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/g,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return marks[name] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
