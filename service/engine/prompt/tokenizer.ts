/** CLIP's tokenizer: text to ids of the byte-pair vocabulary, as each program cleans its text. */
import { encodeWord } from './bytePairs.ts';
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
/** Words kept with their ids; prompts repeat themselves. */
const keptWords = 20_000;
const longestKept = 64;

/** A tokenizer; they share one vocabulary, read at the first use. */
export function clipTokenizer(cleaning: TextCleaning): Tokenizer {
  const vocabulary = clipVocabulary();
  const kept = new Map<string, readonly number[]>();
  const encodeKept = (word: string): readonly number[] => {
    const known = kept.get(word);
    if (known) return known;
    const ids = encodeWord(word, vocabulary);
    if (word.length <= longestKept) {
      if (kept.size >= keptWords) kept.clear();
      kept.set(word, ids);
    }
    return ids;
  };
  const { startId, endId } = vocabulary;
  return {
    startId,
    endId,
    commaId: encodeKept(',')[0]!,
    encode(text) {
      const out: number[] = [];
      const special = cleaning === 'open-clip' ? openClipMarks : marks;
      for (const part of text.split(special)) {
        const mark = part.toLowerCase();
        if (special.test(part)) {
          out.push(mark.startsWith('<start') || mark.startsWith('<|start') ? startId : endId);
          continue;
        }
        for (const [word] of cleaned(part, cleaning).matchAll(words)) {
          for (const id of encodeKept(word)) out.push(id);
        }
      }
      return out;
    },
  };
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
