/** CLIP's tokenizer: text to ids of the byte-pair vocabulary, as each program cleans its text. */
import { WordEncoder } from './bytePairs.ts';
import { repairText, unescapeEntities } from './repairText.ts';
import { clipVocabulary } from './vocabulary.ts';

/**
 * - `webui`: AUTOMATIC1111 for SD 1 (transformers' slow tokenizer with ftfy).
 * - `diffusers`: the fast tokenizer: only NFC, and small letters one by one.
 * - `open-clip`: SD 2 and the second encoder of SDXL: character references are resolved twice.
 */
export type TextCleaning = 'webui' | 'diffusers' | 'open-clip';

export interface Tokenizer {
  /** Ids without start and end. Any string; linear in its length. */
  encode(text: string): number[];
  readonly startId: number;
  readonly endId: number;
  /** Id of "," as a word of its own: where long prompts may be broken. */
  readonly commaId: number;
}

/** What counts as blank in Python and Rust (JavaScript's \s has U+FEFF as well). */
const blanks = /\p{White_Space}+/gu;
const words = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu;
const marks = /(<\|startoftext\|>|<\|endoftext\|>)/i;
const openClipMarks = /(<start_of_text>|<end_of_text>)/i;

let shared: WordEncoder | undefined;

/** A tokenizer; they share one vocabulary, read at the first use, and the words they have met. */
export function clipTokenizer(cleaning: TextCleaning): Tokenizer {
  const { startId, endId } = clipVocabulary();
  const encoder = (shared ??= new WordEncoder(clipVocabulary()));
  const special = cleaning === 'open-clip' ? openClipMarks : marks;
  return {
    startId,
    endId,
    commaId: encoder.encode(',')[0]!,
    encode(text) {
      const out: number[] = [];
      const parts = text.includes('<') ? text.split(special) : [text];
      for (const [i, part] of parts.entries()) {
        // What a split keeps are the marks, at the odd places.
        if (i % 2 === 1) out.push(/^<\|?start/i.test(part) ? startId : endId);
        else encodePlain(cleaned(part, cleaning), encoder, out);
      }
      return out;
    },
  };
}

function encodePlain(text: string, encoder: WordEncoder, out: number[]): void {
  if (isAscii.test(text)) return encodeAscii(text, encoder, out);
  for (const [word] of text.matchAll(words)) for (const id of encoder.encode(word)) out.push(id);
}

// oxlint-disable-next-line no-control-regex -- the whole of ASCII is meant
const isAscii = /^[\0-\x7f]*$/;
/** Kinds of ASCII characters: a word is a run of letters, one digit, or a run of others. */
const [blankKind, letterKind, digitKind, otherKind] = [0, 1, 2, 3];
const kinds = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/\p{White_Space}/u.test(character)) return blankKind;
  if (/[a-z]/i.test(character)) return letterKind;
  return /\d/.test(character) ? digitKind : otherKind;
});
const contraction = /'(?:s|t|re|ve|m|ll|d)/y;
const apostrophe = 0x27;

/** The same as the pattern's, three times as fast. */
function encodeAscii(text: string, encoder: WordEncoder, out: number[]): void {
  for (let at = 0; at < text.length;) {
    const end = asciiWordEnd(text, at);
    if (kinds[text.charCodeAt(at)] !== blankKind) {
      for (const id of encoder.encode(text.slice(at, end))) out.push(id);
    }
    at = end;
  }
}

function asciiWordEnd(text: string, at: number): number {
  const code = text.charCodeAt(at);
  const kind = kinds[code];
  if (code === apostrophe) {
    contraction.lastIndex = at;
    if (contraction.test(text)) return contraction.lastIndex;
  }
  let end = at + 1;
  if (kind === digitKind) return end;
  while (end < text.length && kinds[text.charCodeAt(end)] === kind) end++;
  return end;
}

function cleaned(text: string, cleaning: TextCleaning): string {
  if (cleaning === 'diffusers') return lowerEach(text.normalize('NFC').replace(blanks, ' '));
  const repaired = repairText(text);
  const plain = cleaning === 'open-clip' ? unescapeEntities(unescapeEntities(repaired)) : repaired;
  return plain.replace(blanks, ' ').toLowerCase();
}

/** Small letters character by character: no rule for a final sigma. */
function lowerEach(text: string): string {
  const lower = text.toLowerCase();
  if (!/[Σ]/.test(text)) return lower;
  return text
    .split('Σ')
    .map((part) => part.toLowerCase())
    .join('σ');
}
