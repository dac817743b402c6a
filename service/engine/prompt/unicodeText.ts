/** Pattern pieces with Python's meaning of letters and digits, which prompts are written for. */

/** A letter, digit or underscore in any script. */
const letter = '[\\p{L}\\p{N}\\p{M}_]';

/** Positions of a word that stands alone (no letter, digit or underscore beside it). */
export function wordPattern(word: string): RegExp {
  return new RegExp(`(?<!${letter})${word}(?!${letter})`, 'gu');
}

/** Digits of any script as ASCII digits. Runs of ten decimal digits begin with the zero. */
export function asciiDigits(text: string): string {
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
  const plain = asciiDigits(text.trim());
  if (/^[+-]?(inf|infinity)$/i.test(plain)) return plain.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(plain)) return Number.NaN;
  if (!/^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+)?$/i.test(plain))
    return undefined;
  return Number(plain.replaceAll('_', ''));
}
