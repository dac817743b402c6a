/**
 * A strict JSON reader for headers that come from strangers. Unlike JSON.parse it refuses duplicate
 * keys, keeps every name as a Map key (`__proto__` is a name like any other), refuses deep nesting,
 * and gives integers only where they are exact.
 */
export type HeaderValue =
  | string
  | number
  | boolean
  | null
  | readonly HeaderValue[]
  | ReadonlyMap<string, HeaderValue>;

/** Why a header was refused: one sentence part, safe to show. */
export class HeaderJsonError extends Error {}

const maxDepth = 8;
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const spacePattern = /[ \t\n\r]*/y;

interface Cursor {
  readonly text: string;
  at: number;
}

/** The value of the whole text; only white space may follow it. Throws HeaderJsonError. */
export function parseHeaderJson(text: string): HeaderValue {
  const cursor = { text, at: 0 };
  skipSpace(cursor);
  const value = readValue(cursor, 0);
  skipSpace(cursor);
  if (cursor.at < text.length) throw new HeaderJsonError('its header is followed by other text');
  return value;
}

function skipSpace(cursor: Cursor): void {
  spacePattern.lastIndex = cursor.at;
  spacePattern.exec(cursor.text);
  cursor.at = spacePattern.lastIndex;
}

function malformed(cursor: Cursor): HeaderJsonError {
  return new HeaderJsonError(`its header is not valid JSON at character ${cursor.at}`);
}

function readValue(cursor: Cursor, depth: number): HeaderValue {
  if (depth > maxDepth) throw new HeaderJsonError('its header is nested too deeply');
  switch (cursor.text[cursor.at]) {
    case '{':
      return readObject(cursor, depth);
    case '[':
      return readArray(cursor, depth);
    case '"':
      return readString(cursor);
    case 't':
      return readWord(cursor, 'true', true);
    case 'f':
      return readWord(cursor, 'false', false);
    case 'n':
      return readWord(cursor, 'null', null);
    default:
      return readNumber(cursor);
  }
}

function readObject(cursor: Cursor, depth: number): ReadonlyMap<string, HeaderValue> {
  const entries = new Map<string, HeaderValue>();
  readItems(cursor, '}', () => {
    if (cursor.text[cursor.at] !== '"') throw malformed(cursor);
    const key = readString(cursor);
    if (entries.has(key)) {
      throw new HeaderJsonError(`its header names ${shown(key)} twice`);
    }
    skipSpace(cursor);
    if (cursor.text[cursor.at] !== ':') throw malformed(cursor);
    cursor.at++;
    skipSpace(cursor);
    entries.set(key, readValue(cursor, depth + 1));
  });
  return entries;
}

function readArray(cursor: Cursor, depth: number): readonly HeaderValue[] {
  const items: HeaderValue[] = [];
  readItems(cursor, ']', () => items.push(readValue(cursor, depth + 1)));
  return items;
}

/** Items between the bracket at the cursor and `close`, with commas between them. */
function readItems(cursor: Cursor, close: string, readItem: () => void): void {
  cursor.at++;
  skipSpace(cursor);
  if (cursor.text[cursor.at] === close) {
    cursor.at++;
    return;
  }
  for (;;) {
    readItem();
    skipSpace(cursor);
    const next = cursor.text[cursor.at++];
    if (next === close) return;
    if (next !== ',') {
      cursor.at--;
      throw malformed(cursor);
    }
    skipSpace(cursor);
  }
}

const quote = 0x22;
const backslash = 0x5c;

function readString(cursor: Cursor): string {
  const { text } = cursor;
  const begin = cursor.at;
  let escaped = false;
  for (let i = begin + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) {
      cursor.at = i + 1;
      return escaped ? unescaped(cursor, begin) : text.slice(begin + 1, i);
    }
    if (code === backslash) {
      escaped = true;
      i++;
    } else if (code < 0x20) break;
  }
  throw malformed(cursor);
}

function unescaped(cursor: Cursor, begin: number): string {
  try {
    return String(JSON.parse(cursor.text.slice(begin, cursor.at)));
  } catch {
    throw malformed({ text: cursor.text, at: begin });
  }
}

function readNumber(cursor: Cursor): number {
  numberPattern.lastIndex = cursor.at;
  const match = numberPattern.exec(cursor.text);
  if (!match) throw malformed(cursor);
  cursor.at = numberPattern.lastIndex;
  return Number(match[0]);
}

function readWord<T>(cursor: Cursor, word: string, value: T): T {
  if (!cursor.text.startsWith(word, cursor.at)) throw malformed(cursor);
  cursor.at += word.length;
  return value;
}

/** A name from a file as it may be shown: quoted, without control and direction characters, cut short. */
export function shown(name: string): string {
  const clean = name.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '?');
  return `"${clean.length > 80 ? `${clean.slice(0, 77)}...` : clean}"`;
}
