/**
 * Chunks of 75 tokens, the text encoder's window without start and end (a1111: modules/sd_hijack_clip.py
 * tokenize_line).
 */
import type { AttentionPart } from './attention.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Tokens of a chunk without start and end. */
export const chunkLength = 75;

export interface EmbeddingMatch {
  readonly name: string;
  /** Tokens of the name in the prompt. */
  readonly tokens: number;
  /** Vectors it stands for, one position each. */
  readonly vectors: number;
}

/** The embedding whose name begins at this position of the ids, if any. */
export type FindEmbedding = (ids: readonly number[], at: number) => EmbeddingMatch | undefined;

export interface PromptChunk {
  /** 77 ids: start, 75 tokens (padded with end), end. Places of embeddings hold 0. */
  readonly ids: Int32Array;
  /** 77 weights. */
  readonly weights: Float64Array;
  /** Where embeddings go: `offset` counts from after the start token. */
  readonly embeddings: readonly { readonly offset: number; readonly name: string }[];
}

export interface ChunkOptions {
  readonly tokenizer: Tokenizer;
  /** How many tokens after a comma may move to the next chunk (20; 0 turns it off). */
  readonly commaBacktrack?: number;
  readonly findEmbedding?: FindEmbedding;
}

export interface ChunkedPrompt {
  /** At least one. */
  readonly chunks: readonly PromptChunk[];
  /** Tokens used; a chunk that was ended early counts as full. */
  readonly tokenCount: number;
}

/** Attention parts as chunks. Linear in the number of tokens. */
export function chunkPrompt(parts: readonly AttentionPart[], options: ChunkOptions): ChunkedPrompt {
  const builder = new ChunkBuilder(options);
  for (const { text, weight } of parts) {
    if (text === 'BREAK' && weight === -1) {
      builder.endChunk();
      continue;
    }
    const ids = options.tokenizer.encode(text);
    for (let at = 0; at < ids.length;) at += builder.add(ids, at, weight);
  }
  return builder.finish();
}

/** The empty prompt: start and padding only. */
export function emptyChunk(tokenizer: Tokenizer): PromptChunk {
  return chunkPrompt([], { tokenizer }).chunks[0]!;
}

/** Of chunks that no bracket weighs; nobody writes to it. */
const plainWeights = new Float64Array(chunkLength + 2).fill(1);

class ChunkBuilder {
  readonly #options: ChunkOptions;
  readonly #chunks: PromptChunk[] = [];
  #ids: number[] = [];
  #weights: number[] = [];
  #embeddings: { offset: number; name: string }[] = [];
  #lastComma = -1;
  #count = 0;

  constructor(options: ChunkOptions) {
    this.#options = options;
  }

  /** Adds what begins at ids[at]; answers how many ids that was. */
  add(ids: readonly number[], at: number, weight: number): number {
    const id = ids[at]!;
    if (id === this.#options.tokenizer.commaId) this.#lastComma = this.#ids.length;
    else this.#moveAfterComma();
    if (this.#ids.length === chunkLength) this.endChunk();
    const embedding = this.#options.findEmbedding?.(ids, at);
    if (!embedding) {
      this.#ids.push(id);
      this.#weights.push(weight);
      return 1;
    }
    if (this.#ids.length + embedding.vectors > chunkLength) this.endChunk();
    this.#embeddings.push({ offset: this.#ids.length, name: embedding.name });
    for (let k = 0; k < Math.min(embedding.vectors, chunkLength); k++) {
      this.#ids.push(0);
      this.#weights.push(weight);
    }
    return embedding.tokens;
  }

  /** In a full chunk, what follows a near comma goes to the next one. */
  #moveAfterComma(): void {
    const reach = this.#options.commaBacktrack ?? 20;
    const after = this.#ids.length - this.#lastComma;
    const near = reach !== 0 && this.#lastComma !== -1 && after <= reach;
    if (this.#ids.length !== chunkLength || !near) return;
    const moved = this.#ids.splice(this.#lastComma + 1);
    const weights = this.#weights.splice(this.#lastComma + 1);
    this.endChunk();
    this.#ids = moved;
    this.#weights = weights;
  }

  endChunk(): void {
    this.#count += chunkLength;
    this.#close();
  }

  #close(): void {
    const { startId, endId } = this.#options.tokenizer;
    const ids = new Int32Array(chunkLength + 2).fill(endId);
    ids[0] = startId;
    ids.set(this.#ids, 1);
    const plain = this.#weights.every((weight) => weight === 1);
    const weights = plain ? plainWeights : plainWeights.slice();
    if (!plain) weights.set(this.#weights, 1);
    this.#chunks.push({ ids, weights, embeddings: this.#embeddings });
    this.#ids = [];
    this.#weights = [];
    this.#embeddings = [];
    this.#lastComma = -1;
  }

  finish(): ChunkedPrompt {
    if (this.#ids.length > 0 || this.#chunks.length === 0) {
      this.#count += this.#ids.length;
      this.#close();
    }
    return { chunks: this.#chunks, tokenCount: this.#count };
  }
}

/** The limit shown beside a token count: whole chunks. */
export function tokenLimit(tokenCount: number): number {
  return Math.ceil(Math.max(tokenCount, 1) / chunkLength) * chunkLength;
}
