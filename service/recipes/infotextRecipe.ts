/** A `parameters` text as a recipe: AUTOMATIC1111's own, and those of the programs that write its form. */
import type { RecipeSource } from '../../shared/readRecipe.ts';
import type { FoundRecipe } from './foundRecipe.ts';
import { parseInfotext } from './infotext.ts';

/** Undefined when the text is empty. */
export function infotextRecipe(text: string): FoundRecipe | undefined {
  const { prompt, negativePrompt, fields } = parseInfotext(text);
  if (prompt === '' && negativePrompt === '' && fields.size === 0) return undefined;
  const version = fields.get('Version') ?? '';
  return { ...writer(version), prompt, negativePrompt, fields, extra: [], remarks: [] };
}

function writer(version: string): { source: RecipeSource; program: string } {
  if (/^pentimento\b/i.test(version)) return { source: 'pentimento', program: version };
  if (/^fooocus\b/i.test(version)) return { source: 'fooocus', program: version };
  return { source: 'a1111', program: `AUTOMATIC1111 ${version}`.trim() };
}
