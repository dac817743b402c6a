/** Comments in prompts: from # to the end of the line (a1111: processing_scripts/comments.py). */

/** Whole comment lines go first, then the rest of lines; each leaves its line end. */
export function stripComments(prompt: string): string {
  if (!prompt.includes('#')) return prompt;
  return prompt.replace(/(?:^|\n)#[^\n]*(?:\n|$)/g, '\n').replace(/#[^\n]*(?:\n|$)/g, '\n');
}
