/** "a|b|c" as every combination of its variable parts (AUTOMATIC1111, scripts/prompt_matrix.py). Pure. */
import { PentimentoError } from '../../shared/errors.ts';
import { trimBlanks } from '../../shared/infotext.ts';

export interface MatrixOptions {
  /** Variable parts before the fixed one. */
  readonly variableFirst: boolean;
  readonly delimiter: ', ' | ' ';
}

const mostVariable = 10;

/** 2^n prompts; bit k of a prompt's number says whether part k is in it. Throws E_PARAM for too many parts. */
export function promptMatrix(prompt: string, options: MatrixOptions): string[] {
  const [fixed, ...variable] = prompt.split('|');
  if (variable.length > mostVariable) {
    throw new PentimentoError(
      'E_PARAM',
      `A prompt matrix has at most ${mostVariable} variable parts.`,
    );
  }
  const parts = variable.map((part) => trimCommas(trimBlanks(part)));
  return Array.from({ length: 2 ** parts.length }, (_, combination) => {
    const chosen = parts.filter((__, k) => (combination >> k) % 2 === 1);
    const ordered = options.variableFirst ? [...chosen, fixed] : [fixed, ...chosen];
    return ordered.join(options.delimiter);
  });
}

function trimCommas(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && text[from] === ',') from++;
  while (to > from && text[to - 1] === ',') to--;
  return text.slice(from, to);
}
