import { basename } from 'node:path';
import { PentimentoError } from '../../../shared/errors.ts';
import { shown } from './headerJson.ts';
import { readTensorFile } from './readTensorFile.ts';
import { readValues } from './readValues.ts';
import type { Tensors } from './tensorSource.ts';
import type { StoredTensor } from './types.ts';

/** An embedding (textual inversion): vectors that stand for a word. */
export interface OpenedEmbedding {
  /** Number of vectors, the same for each encoder. */
  readonly vectors: number;
  /** One for each text encoder it was made for, told apart by width: `[vectors, width]`, float32. */
  readonly parts: ReadonlyArray<{ readonly data: Float32Array; readonly shape: readonly number[] }>;
}

/** More than any text has room for. */
const mostVectors = 1024;

/** Embeddings that travel in a LoRA file lie under `bundle_emb.NAME.`; few do. */
const bundled = /^bundle_emb\.([^.]{1,100})\.(.+)$/;
const mostBundled = 64;

/** The names of the embeddings in a LoRA file. Throws what readTensorFile throws. */
export async function bundledEmbeddings(path: string): Promise<readonly string[]> {
  const { tensors } = await readTensorFile(path);
  const names = [...tensors.keys()].flatMap((name) => bundled.exec(name)?.[1] ?? []);
  return [...new Set(names)].slice(0, mostBundled);
}

/** Of one of a LoRA file's embeddings, under the names that they have in a file of their own. */
function bundledTensors(tensors: Tensors, wanted: string): Tensors {
  const own = new Map<string, StoredTensor>();
  for (const [name, tensor] of tensors) {
    const [, embedding, part] = bundled.exec(name) ?? [];
    if (embedding === wanted) own.set(part, tensor);
  }
  return own;
}

/**
 * Reads an embedding: `clip_l` and `clip_g` of SDXL, else the file's only tensor or `emb_params`; a
 * tensor of one axis is one vector. `inside`: its name in a LoRA file that carries it. Throws E_MODEL_KIND when the file is something else, and what
 * readTensorFile and readValues throw.
 */
export async function openEmbedding(path: string, inside?: string): Promise<OpenedEmbedding> {
  const { tensors: all } = await readTensorFile(path);
  const tensors = inside === undefined ? all : bundledTensors(all, inside);
  const stored = embeddingTensors(tensors);
  const shapes = stored.map(({ shape }) => (shape.length === 1 ? [1, shape[0]] : shape));
  const [vectors = 0] = shapes[0] ?? [];
  const fits = shapes.every(([count, width = 0, ...more]) => {
    return count === vectors && width > 0 && more.length === 0;
  });
  if (!fits || vectors < 1 || vectors > mostVectors) {
    throw new PentimentoError('E_MODEL_KIND', `${shown(basename(path))} is not an embedding.`);
  }
  const values = await readValues(stored);
  return { vectors, parts: values.map((data, i) => ({ data, shape: shapes[i] })) };
}

function embeddingTensors(tensors: Tensors): readonly StoredTensor[] {
  const [small, large] = [tensors.get('clip_l'), tensors.get('clip_g')];
  if (small && large) return [small, large];
  const named = tensors.get('emb_params');
  if (named) return [named];
  return tensors.size === 1 ? [...tensors.values()] : [];
}
