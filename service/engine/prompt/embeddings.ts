/** Embeddings (textual inversion) are found in a prompt by the token ids of their names. */
import type { Tensor } from '../tensor.ts';
import type { EmbeddingMatch, FindEmbedding } from './chunks.ts';
import type { Tokenizer } from './tokenizer.ts';

/** An embedding that a prompt may name. */
export interface PromptEmbedding {
  readonly name: string;
  /** Number of vectors; each takes one token's place. */
  readonly vectors: number;
  /** `[vectors,width]` for each text encoder. */
  readonly parts: readonly Tensor[];
}

interface Entry extends EmbeddingMatch {
  readonly ids: readonly number[];
}

/**
 * A lookup over these embeddings (name and number of vectors): the longest name in tokens wins, and a
 * name matches anywhere in the ids, so that upper and lower case are the same.
 */
export function embeddingLookup(
  embeddings: readonly Pick<PromptEmbedding, 'name' | 'vectors'>[],
  tokenizer: Tokenizer,
): FindEmbedding {
  const byFirst = new Map<number, Entry[]>();
  for (const { name, vectors } of embeddings) {
    const ids = tokenizer.encode(name);
    if (ids.length === 0) continue;
    const list = byFirst.get(ids[0]!) ?? [];
    list.push({ name, vectors, ids, tokens: ids.length });
    byFirst.set(ids[0]!, list);
  }
  for (const list of byFirst.values()) list.sort((a, b) => b.ids.length - a.ids.length);
  return (ids, at) =>
    byFirst.get(ids[at]!)?.find((entry) => entry.ids.every((id, i) => ids[at + i] === id));
}
