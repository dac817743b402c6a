/** Prompts to contexts: parse, chunk, encode, weigh, join (a1111: modules/sd_hijack_clip.py forward). */
import { PentimentoError } from '../../../shared/errors.ts';
import type { DiffusionModel, TextContext } from '../diffusion.ts';
import type { Tensor } from '../tensor.ts';
import { parseAttention } from './attention.ts';
import { chunkLength, chunkPrompt, emptyChunk, type PromptChunk } from './chunks.ts';
import { embeddingLookup, type PromptEmbedding } from './embeddings.ts';
import { applyEmphasis, type EmphasisMode } from './emphasis.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface ConditioningOptions {
  readonly tokenizer: Tokenizer;
  /** Token ids `[B][77]` to hidden states `[B,77,C]` (DiffusionModel.encodeText). */
  readonly encodeText: DiffusionModel['encodeText'];
  /** 1: the last layer. */
  readonly clipSkip: number | readonly number[];
  /** Id after the first end token (SD 1: the end token itself; SD 2: 0). */
  readonly padId: number;
  readonly emphasis?: EmphasisMode;
  /** Widths of the single encoders' parts of a state (all of it): emphasis is each encoder's own. */
  readonly encoderWidths?: readonly number[] | undefined;
  /** Tokens after a comma that may move to the next chunk (20). */
  readonly commaBacktrack?: number;
  /** What the text may name, all of it made for this model. */
  readonly embeddings?: readonly PromptEmbedding[];
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
> & { readonly embeddings?: readonly Pick<PromptEmbedding, 'name' | 'vectors'>[] };

/** The chunks of one text. Never throws. */
export function promptTokens(text: string, options: TokenOptions): PromptTokens {
  if (options.language === 'plain') return plainTokens(text, options.tokenizer);
  const literal = options.emphasis === 'none';
  const { parts, unreadable } = literal
    ? { parts: [{ text, weight: 1 }], unreadable: [] }
    : parseAttention(text);
  const { tokenizer, commaBacktrack, embeddings = [] } = options;
  const chunked = chunkPrompt(parts, {
    tokenizer,
    ...(commaBacktrack === undefined ? {} : { commaBacktrack }),
    ...(embeddings.length > 0 ? { findEmbedding: embeddingLookup(embeddings, tokenizer) } : {}),
  });
  return { ...chunked, unreadable };
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
 * one call, prompt and negative prompt in two. Throws what `encodeText` throws, E_PROMPT_WEIGHT when a
 * weight makes numbers infinite, and E_OUTPUT_NAN when the encoder's own answer is not finite.
 */
export async function encodePrompts(
  texts: readonly string[],
  options: ConditioningOptions,
): Promise<TextContext[]> {
  const prompts = texts.map((text) => promptTokens(text, options).chunks);
  const count = Math.max(1, ...prompts.map((chunks) => chunks.length));
  const empty = emptyChunk(options.tokenizer);
  const encoded: TextContext[] = [];
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
): Promise<TextContext> {
  const ids = chunks.map((chunk) => paddedIds(chunk.ids, options.tokenizer.endId, options.padId));
  const inserted = chunks.flatMap(({ embeddings }, chunk) =>
    embeddings.map(({ offset, name }) => ({
      chunk,
      position: offset + 1,
      parts: options.embeddings?.find((embedding) => embedding.name === name)?.parts ?? [],
    })),
  );
  const answer = await options.encodeText(ids, options.clipSkip, inserted);
  const data = answer.data.slice();
  const weights = chunks.map((chunk) => chunk.weights);
  const width = answer.shape[2]!;
  let begin = 0;
  for (const own of options.encoderWidths ?? [width]) {
    const part = columnsOf(data, width, begin, own);
    applyEmphasis(part, weights, options.emphasis ?? 'original');
    setColumns(data, width, begin, part);
    begin += own;
  }
  if (!data.every(Number.isFinite)) {
    const isEncoders = !answer.data.every(Number.isFinite);
    throw isEncoders
      ? new PentimentoError('E_OUTPUT_NAN', 'It cannot read the prompt.')
      : new PentimentoError('E_PROMPT_WEIGHT');
  }
  return { ...answer, data };
}

/** The ids with everything after the first end token replaced by the pad id. */
export function paddedIds(ids: Int32Array, endId: number, padId: number): Int32Array {
  if (padId === endId) return ids;
  const end = ids.indexOf(endId);
  return ids.map((id, i) => (end >= 0 && i > end ? padId : id));
}

function columnsOf(data: Float32Array, width: number, begin: number, own: number): Float32Array {
  if (own === width) return data;
  const part = new Float32Array((data.length / width) * own);
  for (let row = 0; row < data.length / width; row++) {
    const at = row * width + begin;
    part.set(data.subarray(at, at + own), row * own);
  }
  return part;
}

function setColumns(data: Float32Array, width: number, begin: number, part: Float32Array): void {
  if (part === data) return;
  const rows = data.length / width;
  const own = part.length / rows;
  for (let row = 0; row < rows; row++) {
    data.set(part.subarray(row * own, (row + 1) * own), row * width + begin);
  }
}

/** Text `i` of all chunks, one after the other; one vector for a whole text is its first chunk's. */
function joinChunks(encoded: readonly TextContext[], i: number): TextContext {
  const [, tokens, width] = encoded[0]!.shape as [number, number, number];
  const size = tokens * width;
  const data = new Float32Array(size * encoded.length);
  for (const [k, { data: from }] of encoded.entries()) {
    data.set(from.subarray(i * size, (i + 1) * size), k * size);
  }
  const joined = { data, shape: [1, tokens * encoded.length, width] };
  const { pooled } = encoded[0]!;
  return pooled ? { ...joined, pooled: rowOf(pooled, i) } : joined;
}

function rowOf({ data, shape }: Tensor, i: number): Tensor {
  const width = shape[1]!;
  return { data: data.subarray(i * width, (i + 1) * width), shape: [1, width] };
}

/**
 * A context made as long as another by repeating its last vector: the parts of an AND prompt are
 * evaluated together.
 */
export function lengthenContext(context: TextContext, tokens: number): TextContext {
  const [, own, width] = context.shape as [number, number, number];
  if (own >= tokens) return context;
  const data = new Float32Array(tokens * width);
  data.set(context.data);
  const last = context.data.subarray((own - 1) * width);
  for (let t = own; t < tokens; t++) data.set(last, t * width);
  return { ...context, data, shape: [1, tokens, width] };
}
