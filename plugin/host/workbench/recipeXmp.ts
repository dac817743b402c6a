/**
 * Recipes inside a document's XMP packet (ISO 16684-1): a list in `pentimento:recipes`, bottom layer
 * first, and beside it the ids of their layers. Photoshop keeps properties that it does not know.
 */
import { z } from 'zod';
import { Recipe } from '../../../shared/recipe.ts';

const namespace = 'https://pentimento.app/ns/recipe/1.0/';
const packetId = 'W5M0MpCehiHzreSzNTczkc9d';

export interface LayerRecipe {
  /** undefined in files whose writer did not say. */
  readonly layerId: number | undefined;
  readonly recipe: Recipe;
}

/** The packet with these recipes in place of any it had; other programs' properties stay. */
export function withRecipes(xmp: string | undefined, recipes: readonly LayerRecipe[]): string {
  const base = xmp !== undefined && xmp.includes('</rdf:RDF>') ? xmp : emptyPacket();
  const ours = new RegExp(
    `\\s*<rdf:Description[^>]*xmlns:(\\w+)="${namespace.replaceAll('.', '\\.')}"[^>]*>` +
      `\\s*<\\1:recipes>[\\s\\S]*?</rdf:Description>`,
    'g',
  );
  const cleaned = base.replaceAll(ours, '');
  if (recipes.length === 0) return cleaned;
  const description = [
    ` <rdf:Description rdf:about="" xmlns:pentimento="${namespace}">`,
    `  <pentimento:recipes>${escaped(JSON.stringify(recipes.map((r) => r.recipe)))}</pentimento:recipes>`,
    `  <pentimento:layers>${JSON.stringify(recipes.map((r) => r.layerId ?? 0))}</pentimento:layers>`,
    ' </rdf:Description>',
  ].join('\n');
  return cleaned.replace('</rdf:RDF>', () => `${description}\n</rdf:RDF>`);
}

/** The recipes in a packet, as elements or as attributes; an empty list when there are none. Never throws. */
export function recipesOf(xmp: string | undefined): readonly LayerRecipe[] {
  if (xmp === undefined) return [];
  const prefix = new RegExp(
    `xmlns:([A-Za-z_][\\w.-]*)=["']${namespace.replaceAll('.', '\\.')}["']`,
  ).exec(xmp)?.[1];
  if (prefix === undefined) return [];
  const recipes = parseProperty(xmp, `${prefix}:recipes`, z.array(Recipe)) ?? [];
  const ids = parseProperty(xmp, `${prefix}:layers`, z.array(z.number().int())) ?? [];
  return recipes.map((recipe, i) => ({ layerId: ids[i] === 0 ? undefined : ids[i], recipe }));
}

function parseProperty<T>(xmp: string, name: string, schema: z.ZodType<T>): T | undefined {
  const found = new RegExp(`<${name}>([^<]*)</${name}>|\\s${name}=(?:"([^"]*)"|'([^']*)')`).exec(
    xmp,
  );
  const text = found?.[1] ?? found?.[2] ?? found?.[3];
  if (text === undefined) return undefined;
  try {
    const parsed = schema.safeParse(JSON.parse(unescaped(text)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function emptyPacket(): string {
  return [
    `<?xpacket begin="\uFEFF" id="${packetId}"?>`,
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">',
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '</rdf:RDF>',
    '</x:xmpmeta>',
    '<?xpacket end="w"?>',
  ].join('\n');
}

const marks: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return marks[name] ?? whole;
  });
}
