/** Embeddings in a text: vectors in the place of tokens (Gal et al. 2022). */
import type { InsertedVectors } from '../diffusion.ts';
import { tensor, type Tensor } from '../tensor.ts';
import { readValues } from '../weights/readValues.ts';
import type { ClipTextConfig, NetworkWeights, StoredTensor } from '../weights/types.ts';

/**
 * The token embeddings of one chunk of ids, `[1,T,hiddenSize]`, with vectors in the places of some; of
 * each embedding those as wide as the encoder's, cut where the chunk ends. Throws what reading the model
 * file throws.
 */
export async function embeddedTokens(
  { config, weights }: { readonly config: ClipTextConfig; readonly weights: NetworkWeights },
  ids: Int32Array,
  inserted: ReadonlyArray<Pick<InsertedVectors, 'position' | 'parts'>>,
): Promise<Tensor> {
  const { hiddenSize } = config;
  const table = weights.get('text_model.embeddings.token_embedding.weight');
  if (!table) throw new RangeError('Expected a table of token embeddings');
  const data = new Float32Array(ids.length * hiddenSize);
  const rows = await readValues(Array.from(ids, (id) => rowOf(table, id)));
  rows.forEach((row, i) => data.set(row, i * hiddenSize));
  for (const { position, parts } of inserted) {
    const own = parts.find(({ shape }) => shape[1] === hiddenSize);
    const room = (ids.length - position) * hiddenSize;
    if (own) data.set(own.data.subarray(0, room), position * hiddenSize);
  }
  return tensor(data, [1, ids.length, hiddenSize]);
}

function rowOf(table: StoredTensor, row: number): StoredTensor {
  const bytes = (table.end - table.begin) / table.shape[0];
  const begin = table.begin + row * bytes;
  return { ...table, shape: [1, ...table.shape.slice(1)], begin, end: begin + bytes };
}
