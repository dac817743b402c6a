/**
 * AUTOMATIC1111's `parameters` text (modules/infotext_utils.py, processing.py create_infotext): the prompt,
 * a line "Negative prompt: ..." when there is one, and a last line "Name: value, Name: value". Pure.
 */

/** A value as it stands in the last line: JSON when it holds a separator, else as it is. */
export function quoteValue(text: string): string {
  return /[,:\n]/.test(text) ? JSON.stringify(text) : text;
}

/** A value of the last line as it was before quoting; what is no whole JSON string stays as it is. */
export function unquoteValue(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : text;
  } catch {
    return text;
  }
}

/** The last line: fields in order; one whose value is its own name is written once. */
export function printFields(fields: ReadonlyArray<readonly [name: string, value: string]>): string {
  return fields
    .map(([name, value]) => (name === value ? name : `${name}: ${quoteValue(value)}`))
    .join(', ');
}

/** The whole text. Blanks around it are dropped, as the original does. */
export function printInfotext(
  prompts: { readonly prompt: string; readonly negativePrompt: string },
  fields: ReadonlyArray<readonly [name: string, value: string]>,
): string {
  const { prompt, negativePrompt } = prompts;
  const head = negativePrompt ? `${prompt}\nNegative prompt: ${negativePrompt}` : prompt;
  return trimBlanks(`${head}\n${printFields(fields)}`);
}

/** The characters that Python's str.strip drops: not U+FEFF, but some control characters. */
export function isBlank(character: string): boolean {
  const code = character.charCodeAt(0);
  if (code < 128) return code === 32 || (code >= 9 && code <= 13) || (code >= 28 && code <= 31);
  return code === 0x85 || (code !== 0xfeff && /\s/.test(character));
}

/** Without blanks at both ends, in linear time. */
export function trimBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charAt(from))) from++;
  while (to > from && isBlank(text.charAt(to - 1))) to--;
  return text.slice(from, to);
}
