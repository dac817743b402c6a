/** A recipe in one form, whichever program wrote it: AUTOMATIC1111's names for what they name. */
import { z } from 'zod';
import type { RecipeField, RecipeRemark, RecipeSource } from '../../shared/readRecipe.ts';

export interface FoundRecipe {
  readonly source: RecipeSource;
  readonly program: string;
  readonly prompt: string;
  readonly negativePrompt: string;
  /** By AUTOMATIC1111's names, sizes as "Size-1" and "Size-2". */
  readonly fields: ReadonlyMap<string, string>;
  /** What the program wrote and `fields` cannot say. */
  readonly extra: readonly RecipeField[];
  readonly remarks: readonly RecipeRemark[];
}

export const JsonRecord = z.record(z.string(), z.unknown());
export type JsonRecord = z.infer<typeof JsonRecord>;

/** A JSON object; undefined for anything else. NaN, which Python writes, counts as null. Never throws. */
export function parseJsonRecord(text: string): JsonRecord | undefined {
  for (const tried of [text, text.replaceAll(/([:,[] ?)(?:NaN|-?Infinity)\b/g, '$1null')]) {
    try {
      const parsed = JsonRecord.safeParse(JSON.parse(tried));
      return parsed.success ? parsed.data : undefined;
    } catch {
      // Tried once more without what JSON does not know.
    }
  }
  return undefined;
}

/** A value as a field's text: texts, numbers and switches only. */
export function plainValue(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return undefined;
}

const longestShown = 200;

/** What is neither text nor number, short enough to be shown; deep values are only named. */
export function shownValue(value: unknown): string {
  const plain = plainValue(value);
  if (plain !== undefined) return plain.slice(0, longestShown);
  if (Array.isArray(value)) return `${value.length} entries`;
  return value === null ? 'none' : 'a list of settings';
}

/** Name of a model file without folder and ending. */
export function fileStem(path: string): string {
  const name = path.split(/[\\/]/).at(-1) ?? path;
  return name.replace(/\.(?:safetensors|ckpt|pt|pth|bin|gguf)$/i, '');
}
