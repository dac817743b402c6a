/**
 * Bytes 0x80 to 0x9F of Windows-1252; the five it leaves open stand for themselves. (TextDecoder is
 * no help: some versions of Node read this code page as Latin-1.)
 */
const upperHalf =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

const bytes = new Map(Array.from(upperHalf, (character, i) => [character, 0x80 + i]));

/** The character of a byte. */
export function fromWindows1252(byte: number): string {
  return byte >= 0x80 && byte < 0xa0 ? upperHalf[byte - 0x80]! : String.fromCharCode(byte);
}

/** The byte of a character; undefined when the code page has none. */
export function toWindows1252(character: string): number | undefined {
  const code = character.charCodeAt(0);
  if (code < 0x80 || (code >= 0xa0 && code < 0x100)) return code;
  return bytes.get(character);
}
