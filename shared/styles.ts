/**
 * AUTOMATIC1111's styles: named pieces of prompts (modules/styles.py). `{prompt}` in a piece is replaced by
 * the prompt; without it the piece is appended after ", ". Pure.
 */
import { z } from 'zod';
import { trimBlanks } from './infotext.ts';

export interface Style {
  readonly name: string;
  /** Undefined when the file's row ends before this cell (the original fails to use such a style). */
  readonly prompt: string | undefined;
  readonly negativePrompt: string | undefined;
}

/** A style of a file that was found. */
export const StyleInfo = z.strictObject({
  name: z.string(),
  prompt: z.string(),
  negativePrompt: z.string(),
  /** The file it stands in, by its folder and name. */
  file: z.string(),
});
export type StyleInfo = z.infer<typeof StyleInfo>;

/** GET /v1/styles */
export const StyleList = z.strictObject({
  styles: z.array(StyleInfo),
  /** Folders that were looked through, full paths. */
  folders: z.array(z.string()),
  /** Files that are there and cannot be read. */
  unreadable: z.array(z.string()),
});
export type StyleList = z.infer<typeof StyleList>;

interface Prompts {
  readonly prompt: string;
  readonly negativePrompt: string;
}

const placeholder = '{prompt}';

/** Styles put into a prompt one after another. */
export function applyStyleTexts(prompt: string, texts: readonly string[]): string {
  let result = prompt;
  for (const text of texts) {
    if (text.includes(placeholder)) {
      const inner = result;
      result = text.replaceAll(placeholder, () => inner);
    } else {
      result = [trimBlanks(result), trimBlanks(text)].filter(Boolean).join(', ');
    }
  }
  return result;
}

/** Both prompts with the named styles; unknown names change nothing. */
export function applyStyles(
  styles: readonly Style[],
  names: readonly string[],
  { prompt, negativePrompt }: Prompts,
): Prompts {
  const found = names.map((name) => styles.find((s) => s.name === name));
  return {
    prompt: applyStyleTexts(
      prompt,
      found.map((s) => s?.prompt ?? ''),
    ),
    negativePrompt: applyStyleTexts(
      negativePrompt,
      found.map((s) => s?.negativePrompt ?? ''),
    ),
  };
}

/** The prompt without a style's text; undefined when the style is not in it. */
export function takeStyleText(text: string, prompt: string): string | undefined {
  const style = singleSpaced(text);
  const whole = singleSpaced(prompt);
  const at = style.indexOf(placeholder);
  if (at >= 0) {
    const left = style.slice(0, at);
    const right = style.slice(at + placeholder.length);
    if (!whole.startsWith(left) || !whole.endsWith(right)) return undefined;
    return whole.slice(left.length, Math.max(left.length, whole.length - right.length));
  }
  if (!whole.endsWith(style)) return undefined;
  const rest = whole.slice(0, whole.length - style.length);
  return rest.endsWith(', ') ? rest.slice(0, -2) : rest;
}

function singleSpaced(text: string): string {
  return trimBlanks(text).replaceAll(/ {2,}/g, ' ');
}

export interface TakenStyles extends Prompts {
  /** In the order in which they were applied. */
  readonly names: readonly string[];
}

/** Takes out, last one first, every style whose two texts are both in the prompts; each at most once. */
export function takeStyles(styles: readonly Style[], prompts: Prompts): TakenStyles {
  let { prompt, negativePrompt } = prompts;
  const left = new Set(styles.filter((s) => Boolean(s.prompt) || Boolean(s.negativePrompt)));
  const names: string[] = [];
  const takeOne = (): boolean => {
    for (const style of left) {
      const positive = takeStyleText(style.prompt ?? '', prompt);
      const negative = takeStyleText(style.negativePrompt ?? '', negativePrompt);
      if (positive === undefined || negative === undefined) continue;
      [prompt, negativePrompt] = [positive, negative];
      left.delete(style);
      names.unshift(style.name);
      return true;
    }
    return false;
  };
  while (takeOne());
  return { names, prompt, negativePrompt };
}
