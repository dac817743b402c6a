/** Embeddings (textual inversion) are found in a prompt by the token ids of their names. */
import type { EmbeddingMatch, FindEmbedding } from './chunks.ts';
import type { Tokenizer } from './tokenizer.ts';

interface Entry extends EmbeddingMatch {
  readonly ids: readonly number[];
}

/**
 * A lookup over these embeddings (name and number of vectors): the longest name in tokens wins, and a
 * name matches anywhere in the ids.
 */
export function embeddingLookup(
  embeddings: readonly { readonly name: string; readonly vectors: number }[],
  tokenizer: Tokenizer,
): FindEmbedding {
  const byFirst = new Map<number, Entry[]>();
  for (const { name, vectors } of embeddings) {
    const ids = tokenizer.encode(name);
    if (ids.length === 0) continue;
    const list = byFirst.get(ids[0]!) ?? [];
    list.push({ name, vectors, ids, tokens: ids.length });
    list.sort((a, b) => b.ids.length - a.ids.length);
    byFirst.set(ids[0]!, list);
  }
  return (ids, at) =>
    byFirst.get(ids[at]!)?.find((entry) => entry.ids.every((id, i) => ids[at + i] === id));
}
