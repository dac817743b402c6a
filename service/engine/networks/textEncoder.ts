import type { DiffusionModel, InsertedVectors, TextContext } from '../diffusion.ts';
import { clipTextGraph } from '../graph/clipText.ts';
import type { Feeds } from '../runtime/network.ts';
import { tensor, type Tensor } from '../tensor.ts';
import { assertUnchanged } from '../weights/modelFile.ts';
import type { AdaptedNetwork } from '../weights/adapters/layerSpellings.ts';
import type { OpenedCheckpoint, OpenedTextEncoder } from '../weights/types.ts';
import { joinBatches } from './batch.ts';
import { embeddedTokens } from './insertedVectors.ts';
import { makeNetworkPart, type PartContext } from './networkPart.ts';
import { endOf, pooledAt } from './pooledText.ts';

export interface TextEncoder {
  readonly encodeText: DiffusionModel['encodeText'];
  dispose(): Promise<void>;
}

/** As LoRA files call a model's text encoders, in their order. SDXL's refiner has only the second one. */
export function textNetworksOf(family: string): readonly AdaptedNetwork[] {
  return family === 'sdxl-refiner' ? ['text_encoder_2'] : ['text_encoder', 'text_encoder_2'];
}

/** All text encoders of a model: their states side by side, and the pooled vector of the one that has it. */
export function makeTextEncoder(
  context: PartContext,
  { family, textEncoders }: Pick<OpenedCheckpoint, 'family' | 'textEncoders'>,
): TextEncoder {
  const networks = textNetworksOf(family);
  return joinedEncoders(textEncoders.map((one, i) => makeOne(context, one, networks[i])));
}

/** One after another, as one. */
export function joinedEncoders(parts: readonly TextEncoder[]): TextEncoder {
  return {
    async encodeText(ids, clipSkip, inserted) {
      const answers: TextContext[] = [];
      for (const [i, part] of parts.entries()) {
        const own = typeof clipSkip === 'number' ? clipSkip : (clipSkip[i] ?? 1);
        answers.push(await part.encodeText(ids, own, inserted));
      }
      const pooled = answers.find((answer) => answer.pooled)?.pooled;
      return { ...sideBySide(answers), ...(pooled ? { pooled } : {}) };
    },
    async dispose() {
      for (const part of parts) await part.dispose();
    },
  };
}

/** Chunks of ids run one by one. A clip skip beyond the encoder's layers leaves one layer. */
function makeOne(
  context: PartContext,
  encoder: OpenedTextEncoder,
  network: AdaptedNetwork,
): TextEncoder {
  const { config, weights, padId, state } = encoder;
  // It runs once a job: reading the weights where they lie is fast enough.
  const tuning = { weightsInPlace: true, frugal: true };
  const adapted = { network, layers: 0 };
  const part = makeNetworkPart(context, {
    name: 'text encoder',
    weights,
    kept: 1,
    tuning,
    adapted,
  });

  async function feedsOf(ids: Int32Array, inserted: readonly InsertedVectors[]): Promise<Feeds> {
    if (inserted.length === 0) return { ids: { data: ids, shape: [1, config.maxPositions] } };
    await assertUnchanged(context.files);
    return { tokens: await embeddedTokens(encoder, ids, inserted) };
  }

  return {
    async encodeText(ids, asked, inserted = []) {
      const clipSkip = typeof asked === 'number' ? asked : (asked[0] ?? 1);
      const skipped = state === 'last' ? clipSkip - 1 : clipSkip;
      const layersLeftOut = Math.min(skipped, config.layers - 1);
      const states: Tensor[] = [];
      const pooled: Tensor[] = [];
      for (const [i, chunk] of ids.entries()) {
        const own = padded(chunk, padId);
        const feeds = await feedsOf(
          own,
          inserted.filter((vectors) => vectors.chunk === i),
        );
        const embedded = 'tokens' in feeds;
        const size = { batch: 1, layersLeftOut, normed: state === 'last', embedded };
        const outputs = await part.run(
          `without ${layersLeftOut}${embedded ? ', embedded' : ''}`,
          (w) => clipTextGraph(w, config, size),
          feeds,
        );
        states.push(outputs['context']);
        if (config.projection) pooled.push(pooledAt(outputs['pooled'], endOf(own)));
      }
      const joined = joinBatches(states);
      return config.projection ? { ...joined, pooled: joinBatches(pooled) } : joined;
    },
    dispose: () => part.dispose(),
  };
}

/** The end token of both vocabularies: their largest id. */
const endId = 49_407;

/** The chunk with everything after its first end token replaced by the encoder's own filler. */
export function padded(ids: Int32Array, padId: number): Int32Array {
  const end = ids.indexOf(endId);
  return ids.map((id, i) => (end >= 0 && i > end ? padId : id));
}

/** [B,T,C1], [B,T,C2], ... to [B,T,C1+C2+...]. */
function sideBySide(states: readonly Tensor[]): Tensor {
  if (states.length === 1) return { data: states[0].data, shape: states[0].shape };
  const [batch, tokens] = states[0].shape;
  const width = states.reduce((sum, { shape }) => sum + shape[2], 0);
  const data = new Float32Array(batch * tokens * width);
  let column = 0;
  for (const { data: from, shape } of states) {
    for (let row = 0; row < batch * tokens; row++) {
      data.set(from.subarray(row * shape[2], (row + 1) * shape[2]), row * width + column);
    }
    column += shape[2];
  }
  return tensor(data, [batch, tokens, width]);
}
