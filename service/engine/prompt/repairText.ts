/**
 * Repairs text as ftfy's fix_text does before AUTOMATIC1111's tokenizer sees it: character
 * references, text in UTF-8 that was read as Latin-1 or Windows-1252, curly quotes, ligatures,
 * full-width forms, control characters, composed accents (behaviour of ftfy 6.3; of its repairs of
 * wrong encodings the two western ones).
 */
import { entityOf } from './htmlEntities.ts';
import { fromWindows1252, toWindows1252 } from './windows1252.ts';

/** The repaired text. Linear in the length; never throws. */
export function repairText(text: string): string {
  if (isPlain(text)) return text;
  let unescapes = true;
  // Line by line: a "<" keeps its own and all later lines from being unescaped.
  return text
    .split(/(?<=\n)/)
    .map((line) => {
      unescapes &&= !line.includes('<');
      return repairLine(line, unescapes);
    })
    .join('');
}

/** Only printable ASCII, and nothing that could be a character reference. */
function isPlain(text: string): boolean {
  return /^[\n -%'-~]*$/.test(text);
}

function repairLine(line: string, unescapes: boolean): string {
  let text = line;
  // Each repair may make the next possible; ten rounds are far more than real text needs.
  for (let round = 0; round < 10; round++) {
    const before = text;
    if (unescapes) text = unescapeEntities(text);
    text = repairCharacters(repairEncoding(text)).normalize('NFC');
    if (text === before) break;
  }
  return text;
}

/** &name; and &#number; as their characters; unknown ones stay. */
export function unescapeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(#?[0-9A-Za-z]{1,24});/g, (whole, name: string) => entityOf(name) ?? whole);
}

const ligatures: Readonly<Record<string, string>> = {
  Ĳ: 'IJ',
  ĳ: 'ij',
  ŉ: 'ʼn',
  Ǳ: 'DZ',
  ǲ: 'Dz',
  ǳ: 'dz',
  Ǆ: 'DŽ',
  ǅ: 'Dž',
  ǆ: 'dž',
  Ǉ: 'LJ',
  ǈ: 'Lj',
  ǉ: 'lj',
  Ǌ: 'NJ',
  ǋ: 'Nj',
  ǌ: 'nj',
  ﬀ: 'ff',
  ﬁ: 'fi',
  ﬂ: 'fl',
  ﬃ: 'ffi',
  ﬄ: 'ffl',
  ﬅ: 'ſt',
  ﬆ: 'st',
};

function repairCharacters(text: string): string {
  return (
    text
      .replace(/[\u0080-\u009f]/g, (c) => fromWindows1252(c.charCodeAt(0)))
      .replace(/[ĲĳŉǄ-ǌǱ-ǳﬀ-ﬆ]/g, (c) => ligatures[c] ?? c)
      // Full-width and half-width forms.
      .replace(/[\u3000\uff01-\uffef]+/g, (run) => run.normalize('NFKC'))
      .replace(/[\u02bc\u2018-\u201b]/g, "'")
      .replace(/[\u201c-\u201f]/g, '"')
      .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
      .replace(/\p{Surrogate}/gu, '\ufffd')
      // oxlint-disable-next-line no-control-regex -- terminal colours are what is removed
      .replace(/\u001b\[[\d;]*[a-zA-Z]/g, '')
      .replace(
        // oxlint-disable-next-line no-control-regex -- control characters are what is removed
        /[\u0000-\u0008\u000b\u000e-\u001f\u007f\u206a-\u206f\ufeff\ufff9-\ufffc]/g,
        '',
      )
  );
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text that was UTF-8 and was read as a western code page: decoded again. */
function repairEncoding(text: string): string {
  // Without a lead byte's character and one that can follow it there is nothing to repair.
  if (!/[\u00c2-\u00f4]/.test(text)) return text;
  return decodedAgain(text, latin1Byte) ?? decodedAgain(text, toWindows1252) ?? text;
}

function latin1Byte(character: string): number | undefined {
  const code = character.charCodeAt(0);
  return code < 256 ? code : undefined;
}

function decodedAgain(
  text: string,
  byteOf: (character: string) => number | undefined,
): string | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = byteOf(text[i]!);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}
