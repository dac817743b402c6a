/** Byte-pair encoding of one word (Sennrich et al. 2016), in linear time for any word. */
import { RankBuckets } from './rankBuckets.ts';
import { firstMergedId, wordEnd, type Vocabulary } from './vocabulary.ts';

const encoder = new TextEncoder();
/** Bytes up to which the pairs are simply searched for the lowest rank. */
const shortWord = 32;
/** Words kept with their ids, since prompts repeat themselves; and the longest that is kept. */
const keptWords = 20_000;
const longestKept = 64;
/** Longer words than anybody writes give their working memory back. */
const keptPlaces = 65_536;

/** Words to ids, and those it has met. */
export class WordEncoder {
  readonly #vocabulary: Vocabulary;
  readonly #known = new Map<string, readonly number[]>();
  #buckets: RankBuckets;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    this.#buckets = new RankBuckets(vocabulary.mergeCount);
  }

  /** Ids of one word: its UTF-8 bytes, the last one marked, merged in the order of the ranks. */
  encode(word: string): readonly number[] {
    const known = this.#known.get(word);
    if (known) return known;
    const ids = this.#merged(encoder.encode(word));
    if (word.length <= longestKept) {
      if (this.#known.size >= keptWords) this.#known.clear();
      this.#known.set(word, ids);
    }
    return ids;
  }

  #merged(bytes: Uint8Array): readonly number[] {
    if (bytes.length === 0) return [];
    const { byteIds, mergeCount } = this.#vocabulary;
    const ids = new Int32Array(bytes.length);
    for (let i = 0; i < ids.length; i++) ids[i] = byteIds[bytes[i]!]!;
    ids[ids.length - 1]! += wordEnd;
    if (ids.length <= shortWord) return mergeShort(ids, this.#vocabulary);
    const merged = mergeLong(ids, this.#vocabulary, this.#buckets);
    if (ids.length > keptPlaces) this.#buckets = new RankBuckets(mergeCount);
    return merged;
  }
}

function mergeShort(ids: Int32Array, { ranks }: Vocabulary): number[] {
  let count = ids.length;
  while (count > 1) {
    let best = Infinity;
    let at = 0;
    for (let i = 0; i + 1 < count; i++) {
      const rank = ranks.get(ids[i]!, ids[i + 1]!);
      if (rank >= 0 && rank < best) {
        best = rank;
        at = i;
      }
    }
    if (best === Infinity) break;
    ids[at] = firstMergedId + best;
    ids.copyWithin(at + 1, at + 2, count);
    count--;
  }
  return Array.from(ids.subarray(0, count));
}

/**
 * The same rank by rank over a linked list. A merged pair's own pairs have higher ranks than the merge
 * that made it, so no rank has to be looked at twice; the leftmost first matters only where a pair of
 * equal ids overlaps itself.
 */
function mergeLong(ids: Int32Array, { ranks, merged }: Vocabulary, buckets: RankBuckets): number[] {
  const count = ids.length;
  const next = ids.map((_, i) => i + 1);
  const previous = ids.map((_, i) => i - 1);
  buckets.begin(count);
  const queue = (at: number): void => {
    const to = next[at]!;
    buckets.move(at, to < count ? ranks.get(ids[at]!, ids[to]!) : -1);
  };
  for (let i = count - 1; i >= 0; i--) queue(i);
  for (let rank = buckets.lowest(0); rank >= 0; rank = buckets.lowest(rank + 1)) {
    const places = buckets.take(rank);
    const pair = merged[rank]!;
    if (pair >>> 16 === (pair & 0xffff)) places.sort((a, b) => a - b);
    for (const at of places) {
      const to = next[at]!;
      // A place that the one before it has swallowed, or whose follower was.
      if (ids[at] === -1 || to >= count || ranks.get(ids[at]!, ids[to]!) !== rank) continue;
      ids[at] = firstMergedId + rank;
      ids[to] = -1;
      buckets.move(to, -1);
      next[at] = next[to]!;
      if (next[at]! < count) previous[next[at]!] = at;
      queue(at);
      if (previous[at]! >= 0) queue(previous[at]!);
    }
  }
  return Array.from(ids.filter((id) => id !== -1));
}
