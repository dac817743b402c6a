/** A text encoder that remembers: prompts change a little from job to job, and steps repeat texts. */
import type { DiffusionModel, InsertedVectors, TextContext } from '../diffusion.ts';
import type { Tensor } from '../tensor.ts';

type EncodeText = DiffusionModel['encodeText'];

/** One chunk's answer. */
interface Kept {
  readonly states: Float32Array;
  readonly pooled: Float32Array | undefined;
  /** Tokens and width of the states. */
  readonly shape: readonly number[];
}

/**
 * The same encoder, run only for chunks of ids that are new: the last `most` chunks are kept (77 x 768
 * float32 are 237 kB, SDXL's 631 kB). Equal chunks of one call are encoded once. The weights must stay
 * as they are.
 */
export function keepEncodings(encodeText: EncodeText, most: number): EncodeText {
  const kept = new Map<string, Kept>();
  return async (ids, clipSkip, inserted = []) => {
    const keys = ids.map((chunk, i) => keyOf(chunk, clipSkip, vectorsOf(inserted, i)));
    const found = new Map<string, Kept>();
    const missing = new Map<string, number>();
    for (const [i, key] of keys.entries()) {
      const known = kept.get(key);
      if (known) found.set(key, known);
      else if (!missing.has(key)) missing.set(key, i);
    }
    if (missing.size > 0) {
      const rows = [...missing.values()];
      const moved = rows.flatMap((i, row) =>
        vectorsOf(inserted, i).map((vectors) => ({ ...vectors, chunk: row })),
      );
      const answer = await encodeText(
        rows.map((i) => ids[i]!),
        clipSkip,
        moved,
      );
      for (const [row, key] of [...missing.keys()].entries()) found.set(key, rowOf(answer, row));
    }
    // The newest stand at the end.
    for (const [key, value] of found) {
      kept.delete(key);
      kept.set(key, value);
    }
    for (const key of kept.keys()) {
      if (kept.size <= most) break;
      kept.delete(key);
    }
    return joined(keys.map((key) => found.get(key)!));
  };
}

function vectorsOf(inserted: readonly InsertedVectors[], chunk: number): InsertedVectors[] {
  return inserted.filter((vectors) => vectors.chunk === chunk);
}

function keyOf(
  ids: Int32Array,
  clipSkip: number | readonly number[],
  inserted: readonly InsertedVectors[],
): string {
  const vectors = inserted.map(
    ({ position, parts }) => `${position}=${parts.map(({ data }) => contentMark(data)).join('+')}`,
  );
  return [String(clipSkip), ids.join(' '), ...vectors].join('|');
}

/** 64 bits from all numbers (two FNV-1a hashes): embeddings are read anew for each job. */
function contentMark(data: Float32Array): string {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length);
  let [a, b] = [0x811c9dc5, words.length];
  for (const word of words) {
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul(b ^ (word >>> 7) ^ a, 0x85ebca6b);
  }
  return `${a >>> 0}.${b >>> 0}`;
}

function rowOf({ data, shape, pooled }: TextContext, row: number): Kept {
  return {
    states: sliceOf(data, row, shape[0]!),
    pooled: pooled && sliceOf(pooled.data, row, shape[0]!),
    shape: shape.slice(1),
  };
}

function sliceOf(data: Float32Array, row: number, rows: number): Float32Array {
  const size = data.length / rows;
  return data.slice(row * size, (row + 1) * size);
}

function joined(rows: readonly Kept[]): TextContext {
  const [first] = rows;
  const states = stacked(
    rows.map((row) => row.states),
    first!.shape,
  );
  if (!first!.pooled) return states;
  const pooled = rows.map((row) => row.pooled!);
  return { ...states, pooled: stacked(pooled, [first!.pooled.length]) };
}

function stacked(rows: readonly Float32Array[], shape: readonly number[]): Tensor {
  const size = rows[0]!.length;
  const data = new Float32Array(size * rows.length);
  for (const [i, row] of rows.entries()) data.set(row, i * size);
  return { data, shape: [rows.length, ...shape] };
}
