/** Letters, digits and blanks as Python knows them, which prompts are written for. */

/** Contents of a character class: what Python's \s matches (JavaScript's has U+FEFF as well). */
export const blankClass = '\\p{White_Space}\\x1c-\\x1f';

const blank = new RegExp(`[${blankClass}]`, 'u');

/** Without blanks at its end (Python's rstrip). */
export function trimBlanksEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text, end - 1)) end--;
  return text.slice(0, end);
}

/** Without blanks at its start (Python's lstrip). */
export function trimBlanksStart(text: string): string {
  let from = 0;
  while (from < text.length && isBlank(text, from)) from++;
  return text.slice(from);
}

/** No blank is outside the first plane, so that half a pair is none. */
function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code > 0x20 && code < 0x80) return false;
  return blank.test(text[at]!);
}

/** A letter, digit or underscore in any script: what Python's \w matches (marks are not among them). */
const wordCharacter = /[\p{L}\p{N}_]/u;

/** Where a word stands alone, without letter, digit or underscore beside it. */
export function wordPlaces(text: string, word: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
    if (!isWordBefore(text, at) && !isWordAfter(text, at + word.length)) places.push(at);
  }
  return places;
}

function isWordBefore(text: string, at: number): boolean {
  if (at === 0) return false;
  const pair = at > 1 ? text.codePointAt(at - 2)! : 0;
  return isWord(pair > 0xffff ? pair : text.charCodeAt(at - 1));
}

function isWordAfter(text: string, at: number): boolean {
  const code = text.codePointAt(at);
  return code !== undefined && isWord(code);
}

function isWord(code: number): boolean {
  return wordCharacter.test(String.fromCodePoint(code));
}

/** Digits of any script as ASCII digits. Runs of ten decimal digits begin with the zero. */
function asciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0)!;
    if (code < 128) return digit;
    let before = 0;
    while (before < 60 && /\p{Nd}/u.test(String.fromCodePoint(code - before - 1))) before++;
    return String(before % 10);
  });
}

/** A number as Python's float() reads it ("1.", ".5", "+2"); undefined when it is none. */
export function pythonFloat(text: string): number | undefined {
  const plain = asciiDigits(trimBlanksStart(trimBlanksEnd(text)));
  if (/^[+-]?(inf|infinity)$/i.test(plain)) return plain.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(plain)) return Number.NaN;
  if (!/^[+-]?(\d+(_\d+)*(\.(\d+(_\d+)*)?)?|\.\d+(_\d+)*)(e[+-]?\d+)?$/i.test(plain))
    return undefined;
  return Number(plain.replaceAll('_', ''));
}
