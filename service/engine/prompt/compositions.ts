/** Prompts of several parts: `a AND b:0.5` (a1111: modules/prompt_parser.py get_multicond_prompt_list). */
import { blankClass, pythonFloat, trimBlanksEnd, wordPlaces } from './unicodeText.ts';

const separator = 'AND';
const weightAtEnd = new RegExp(
  `^[${blankClass}]*([-+]?(?:\\p{Nd}+\\.?|\\p{Nd}*\\.\\p{Nd}+))$`,
  'u',
);

export interface PromptPart {
  readonly text: string;
  readonly weight: number;
}

/**
 * The parts of a prompt, at least one. A colon and a number at the end of a part are its weight, also
 * without AND; blanks before it and at the end are dropped.
 */
export function promptParts(prompt: string): PromptPart[] {
  const parts: PromptPart[] = [];
  let from = 0;
  for (const at of wordPlaces(prompt, separator)) {
    parts.push(partOf(prompt.slice(from, at)));
    from = at + separator.length;
  }
  parts.push(partOf(prompt.slice(from)));
  return parts;
}

function partOf(text: string): PromptPart {
  const trimmed = trimBlanksEnd(text);
  const colon = trimmed.lastIndexOf(':');
  const weight = colon < 0 ? undefined : weightAtEnd.exec(trimmed.slice(colon + 1))?.[1];
  if (weight === undefined) return { text: trimmed, weight: 1 };
  return { text: trimBlanksEnd(trimmed.slice(0, colon)), weight: pythonFloat(weight) ?? 1 };
}
