/** Byte-pair encoding of one word (Sennrich et al. 2016), in time n log n for any word. */
import { firstMergedId, wordEnd, type Vocabulary } from './vocabulary.ts';

const encoder = new TextEncoder();

/** Ids of one word: its UTF-8 bytes, the last one marked, merged in the order of the ranks. */
export function encodeWord(word: string, vocabulary: Vocabulary): number[] {
  const ids: number[] = Array.from(encoder.encode(word), (byte) => vocabulary.byteIds[byte]!);
  if (ids.length === 0) return [];
  ids[ids.length - 1] = ids.at(-1)! + wordEnd;
  return ids.length <= 32 ? mergeShort(ids, vocabulary) : mergeLong(ids, vocabulary);
}

function rankOf(left: number, right: number, { ranks }: Vocabulary): number {
  return ranks.get(left * 65536 + right) ?? Infinity;
}

function mergeShort(word: readonly number[], vocabulary: Vocabulary): number[] {
  const ids = [...word];
  while (ids.length > 1) {
    let best = Infinity;
    let at = -1;
    for (let i = 0; i + 1 < ids.length; i++) {
      const rank = rankOf(ids[i]!, ids[i + 1]!, vocabulary);
      if (rank < best) {
        best = rank;
        at = i;
      }
    }
    if (at < 0) break;
    ids.splice(at, 2, firstMergedId + best);
  }
  return ids;
}

/**
 * The same with a heap of pairs over a linked list. A merged pair's rank is above that of the merge
 * which made it, so taking the lowest rank, leftmost first, is the same as merging rank by rank.
 */
function mergeLong(word: readonly number[], vocabulary: Vocabulary): number[] {
  const ids = Int32Array.from(word);
  const count = ids.length;
  const next = Int32Array.from(ids, (_, i) => i + 1);
  const previous = Int32Array.from(ids, (_, i) => i - 1);
  // A pair as one number: rank and position. A stale one is recognised by its rank.
  const heap = new NumberHeap();
  const push = (at: number): void => {
    const to = next[at]!;
    if (to >= count) return;
    const rank = rankOf(ids[at]!, ids[to]!, vocabulary);
    if (rank !== Infinity) heap.push(rank * 2 ** 32 + at);
  };
  for (let i = 0; i < count; i++) push(i);
  for (let pair = heap.pop(); pair !== undefined; pair = heap.pop()) {
    const rank = Math.floor(pair / 2 ** 32);
    const at = pair % 2 ** 32;
    const to = next[at]!;
    if (ids[at] === -1 || to >= count || rankOf(ids[at]!, ids[to]!, vocabulary) !== rank) continue;
    ids[at] = firstMergedId + rank;
    ids[to] = -1;
    next[at] = next[to]!;
    if (next[at]! < count) previous[next[at]!] = at;
    push(at);
    if (previous[at]! >= 0) push(previous[at]!);
  }
  return Array.from(ids.filter((id) => id !== -1));
}

/** A binary heap of numbers, the smallest first. */
class NumberHeap {
  readonly #items: number[] = [];

  push(item: number): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent]! <= item) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): number | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1]! < items[child]!) child++;
      if (items[child]! >= last) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return top;
  }
}
