/** Reads AUTOMATIC1111's `parameters` text by the rules of its own reader (modules/infotext_utils.py). Pure. */
import { isBlank, trimBlanks, unquoteValue } from '../../shared/infotext.ts';

export interface Infotext {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** The last line's fields in order; of a name that stands twice the last value, at its first place. */
  readonly fields: ReadonlyMap<string, string>;
}

const negativeMark = 'Negative prompt:';
/** A last line with fewer fields belongs to the prompt. */
const leastFields = 3;
const nameCharacter = /[\p{L}\p{N}_ \-/]/u;
const wordCharacter = /[\p{L}\p{N}_]/u;

/** Any text, in linear time; never throws. */
export function parseInfotext(text: string): Infotext {
  const lines = trimBlanks(text).split('\n');
  const found = scanFields(lines.at(-1) ?? '');
  const isFields = found.length >= leastFields;
  const { prompt, negativePrompt } = splitPrompts(isFields ? lines.slice(0, -1) : lines);
  const fields = new Map<string, string>();
  if (isFields) {
    for (const [name, raw] of found) {
      // The original fails on an empty value and leaves it out.
      if (raw !== '') addField(fields, name, unquoteValue(raw));
    }
  }
  return { prompt, negativePrompt, fields };
}

/** "512x768" is kept as two fields, "Size-1" and "Size-2". */
function addField(fields: Map<string, string>, name: string, value: string): void {
  const size = /^(\p{Nd}+)x(\p{Nd}+)\n?$/u.exec(value);
  if (!size) fields.set(name, value);
  else {
    fields.set(`${name}-1`, size[1]);
    fields.set(`${name}-2`, size[2]);
  }
}

function splitPrompts(lines: readonly string[]): { prompt: string; negativePrompt: string } {
  const positive: string[] = [];
  const negative: string[] = [];
  let target = positive;
  for (const raw of lines) {
    let line = trimBlanks(raw);
    if (line.startsWith(negativeMark)) {
      target = negative;
      line = trimBlanks(line.slice(negativeMark.length));
    }
    // Empty lines before the first word are dropped, later ones kept.
    if (target.length > 0 || line !== '') target.push(line);
  }
  return { prompt: positive.join('\n'), negativePrompt: negative.join('\n') };
}

/**
 * Every "name: value" of a line. A name has at least two characters and begins with a letter, digit or
 * underscore; a value is a quoted string that ends at a comma, else all up to the next comma. The scan
 * never looks back, so a line of any length takes linear time.
 */
function scanFields(line: string): Array<[name: string, value: string]> {
  const found: Array<[string, string]> = [];
  let nameStart = -1;
  for (let i = 0; i < line.length;) {
    const character = String.fromCodePoint(line.codePointAt(i) ?? 0);
    if (character === ':' && nameStart >= 0 && hasTwoCharacters(line, nameStart, i)) {
      const name = line.slice(nameStart, i);
      const value = valueAt(line, i + 1);
      found.push([name, value.text]);
      i = value.next;
      nameStart = -1;
      continue;
    }
    if (!nameCharacter.test(character)) nameStart = -1;
    else if (nameStart < 0 && wordCharacter.test(character)) nameStart = i;
    i += character.length;
  }
  return found;
}

function hasTwoCharacters(line: string, from: number, to: number): boolean {
  return to - from > String.fromCodePoint(line.codePointAt(from) ?? 0).length;
}

function valueAt(line: string, from: number): { text: string; next: number } {
  let start = from;
  while (start < line.length && isBlank(line.charAt(start))) start++;
  const quoted = quotedEnd(line, start);
  if (quoted !== undefined && (quoted === line.length || line[quoted] === ',')) {
    return { text: line.slice(start, quoted), next: quoted + 1 };
  }
  const comma = line.indexOf(',', start);
  const end = comma < 0 ? line.length : comma;
  return { text: line.slice(start, end), next: end + 1 };
}

/** Just behind the closing quote of a string of at least one character. */
function quotedEnd(line: string, start: number): number | undefined {
  if (line[start] !== '"') return undefined;
  for (let i = start + 1; i < line.length; i++) {
    if (line[i] === '\\') i++;
    else if (line[i] === '"') return i > start + 1 ? i + 1 : undefined;
  }
  return undefined;
}
