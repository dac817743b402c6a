/** Prompts to contexts: parse, chunk, encode, weigh, join (a1111: modules/sd_hijack_clip.py forward). */
import type { Tensor } from '../tensor.ts';
import { parseAttention } from './attention.ts';
import { chunkLength, chunkPrompt, emptyChunk, type PromptChunk } from './chunks.ts';
import { applyEmphasis, type EmphasisMode } from './emphasis.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface ConditioningOptions {
  readonly tokenizer: Tokenizer;
  /** Token ids `[B][77]` to hidden states `[B,77,C]` (DiffusionModel.encodeText). */
  readonly encodeText: (ids: readonly Int32Array[], clipSkip: number) => Promise<Tensor>;
  /** 1: the last layer. */
  readonly clipSkip: number;
  /** Id after the first end token (SD 1: the end token itself; SD 2: 0). */
  readonly padId: number;
  readonly emphasis?: EmphasisMode;
  /** Tokens after a comma that may move to the next chunk (20). */
  readonly commaBacktrack?: number;
  /**
   * `webui`: attention and as many chunks as needed; `plain`: the text as it is, cut at 75 tokens
   * (diffusers).
   */
  readonly language?: 'webui' | 'plain';
}

export interface PromptTokens {
  readonly chunks: readonly PromptChunk[];
  /** Tokens used, for the counter beside a prompt. */
  readonly tokenCount: number;
  /** Things in the prompt that could not be read and were left out, for a note to the artist. */
  readonly unreadable: readonly string[];
}

type TokenOptions = Pick<
  ConditioningOptions,
  'tokenizer' | 'emphasis' | 'commaBacktrack' | 'language'
>;

/** The chunks of one text. Never throws. */
export function promptTokens(text: string, options: TokenOptions): PromptTokens {
  if (options.language === 'plain') return plainTokens(text, options.tokenizer);
  const literal = options.emphasis === 'none';
  const { parts, unreadable } = literal
    ? { parts: [{ text, weight: 1 }], unreadable: [] }
    : parseAttention(text);
  return { ...chunkPrompt(parts, options), unreadable };
}

/** One chunk of the first 75 tokens. */
function plainTokens(text: string, tokenizer: Tokenizer): PromptTokens {
  const ids = tokenizer.encode(text).slice(0, chunkLength);
  const empty = emptyChunk(tokenizer);
  const filled = Int32Array.from(empty.ids);
  filled.set(ids, 1);
  return { chunks: [{ ...empty, ids: filled }], tokenCount: ids.length, unreadable: [] };
}

/**
 * One context `[1,77 x chunks,C]` per text. Texts of one call get the same number of chunks, and
 * `original` emphasis restores the mean over all of them: the texts of one prompt's schedule belong in
 * one call, prompt and negative prompt in two. Throws what `encodeText` throws.
 */
export async function encodePrompts(
  texts: readonly string[],
  options: ConditioningOptions,
): Promise<Tensor[]> {
  const prompts = texts.map((text) => promptTokens(text, options).chunks);
  const count = Math.max(1, ...prompts.map((chunks) => chunks.length));
  const empty = emptyChunk(options.tokenizer);
  const encoded: Tensor[] = [];
  for (let k = 0; k < count; k++) {
    encoded.push(
      await encodeChunks(
        prompts.map((chunks) => chunks[k] ?? empty),
        options,
      ),
    );
  }
  return texts.map((_, i) => joinChunks(encoded, i));
}

async function encodeChunks(
  chunks: readonly PromptChunk[],
  options: ConditioningOptions,
): Promise<Tensor> {
  const ids = chunks.map((chunk) => paddedIds(chunk.ids, options.tokenizer.endId, options.padId));
  const answer = await options.encodeText(ids, options.clipSkip);
  const data = Float32Array.from(answer.data);
  applyEmphasis(
    data,
    chunks.map((chunk) => chunk.weights),
    options.emphasis ?? 'original',
  );
  return { data, shape: answer.shape };
}

/** The ids with everything after the first end token replaced by the pad id. */
export function paddedIds(ids: Int32Array, endId: number, padId: number): Int32Array {
  if (padId === endId) return ids;
  const end = ids.indexOf(endId);
  return ids.map((id, i) => (end >= 0 && i > end ? padId : id));
}

/** Text `i` of all chunks, one after the other. */
function joinChunks(encoded: readonly Tensor[], i: number): Tensor {
  const [, tokens, width] = encoded[0]!.shape as [number, number, number];
  const size = tokens * width;
  const data = new Float32Array(size * encoded.length);
  for (const [k, { data: from }] of encoded.entries()) {
    data.set(from.subarray(i * size, (i + 1) * size), k * size);
  }
  return { data, shape: [1, tokens * encoded.length, width] };
}

/**
 * A context made as long as another by repeating its last vector: the parts of an AND prompt are
 * evaluated together.
 */
export function lengthenContext(context: Tensor, tokens: number): Tensor {
  const [, own, width] = context.shape as [number, number, number];
  if (own >= tokens) return context;
  const data = new Float32Array(tokens * width);
  data.set(context.data);
  const last = context.data.subarray((own - 1) * width);
  for (let t = own; t < tokens; t++) data.set(last, t * width);
  return { data, shape: [1, tokens, width] };
}
