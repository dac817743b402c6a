import { PentimentoError } from '../../../../shared/errors.ts';
import type { DiffusionModel } from '../../diffusion.ts';
import { tensor, type Tensor } from '../../tensor.ts';
import { hiddenStatePattern, type OnnxTextEncoder } from '../../weights/onnx/openOnnxFolder.ts';
import { readValues } from '../../weights/readValues.ts';
import { joinBatches } from '../batch.ts';
import { joinedEncoders, padded, type TextEncoder } from '../textEncoder.ts';
import { makeOnnxPart, type OnnxContext } from './onnxPart.ts';

/** All text encoders of an ONNX folder. */
export function makeOnnxTextEncoder(
  context: OnnxContext,
  encoders: readonly OnnxTextEncoder[],
): TextEncoder {
  return joinedEncoders(encoders.map((encoder) => makeOne(context, encoder)));
}

function makeOne(context: OnnxContext, encoder: OnnxTextEncoder): TextEncoder {
  const { file, padId, pooled } = encoder;
  const part = makeOnnxPart(context, { name: 'text encoder', file, tuning: { frugal: true } });

  async function stateOf(ids: Int32Array, wanted: WantedState) {
    const input_ids = { data: padded(ids, padId), shape: [1, ids.length] };
    const outputs = await part.run({ input_ids }, [
      wanted.output,
      ...(pooled ? ['text_embeds'] : []),
    ]);
    const state = outputs[wanted.output];
    return {
      state: wanted.needsNorm ? await finallyNormed(encoder, state) : state,
      pooled: outputs['text_embeds'],
    };
  }

  const encodeText: DiffusionModel['encodeText'] = async (ids, asked, inserted = []) => {
    if (inserted.length > 0) throw cannot('An ONNX model takes no embeddings.');
    const clipSkip = typeof asked === 'number' ? asked : (asked[0] ?? 1);
    const wanted = wantedState(encoder, clipSkip);
    const states: Tensor[] = [];
    const vectors: Tensor[] = [];
    for (const chunk of ids) {
      const answer = await stateOf(chunk, wanted);
      states.push(answer.state);
      if (pooled) vectors.push(answer.pooled);
    }
    return pooled ? { ...joinBatches(states), pooled: joinBatches(vectors) } : joinBatches(states);
  };
  return { encodeText, dispose: () => part.dispose() };
}

interface WantedState {
  readonly output: string;
  /** It is a state between layers, which the family reads through the final norm. */
  readonly needsNorm: boolean;
}

/** Throws E_MODEL_ABILITY when the graph does not answer that layer. */
function wantedState({ file, state }: OnnxTextEncoder, clipSkip: number): WantedState {
  const last = file.outputs.find(({ name }) => name.startsWith('last_hidden_state'));
  const skipped = state === 'last' ? clipSkip - 1 : clipSkip;
  if (skipped === 0 && last) return { output: last.name, needsNorm: false };
  // hidden_states.0 is what enters the first layer, the highest number what leaves the last one.
  const states = new Map(
    file.outputs.flatMap(({ name }) => {
      const layer = hiddenStatePattern.exec(name)?.[1];
      return layer === undefined ? [] : [[Number(layer), name] as const];
    }),
  );
  const layers = Math.max(0, ...states.keys());
  const output = states.get(Math.max(1, layers - skipped));
  if (output === undefined) {
    const what = 'This ONNX model was exported without the states of its layers, so clip skip';
    throw cannot(`${what} ${state === 'last' ? 'must be 1' : 'cannot be followed'}.`);
  }
  return { output, needsNorm: state === 'last' };
}

const epsilon = 1e-5;

/** The final norm, computed here: the graph has it behind its last layer only. */
async function finallyNormed({ file }: OnnxTextEncoder, { data, shape }: Tensor): Promise<Tensor> {
  const stored = ['weight', 'bias'].map((kind) =>
    [...file.weights].find(([name]) => name.endsWith(`final_layer_norm.${kind}`)),
  );
  const found = stored.flatMap((entry) => (entry ? [entry[1]] : []));
  if (found.length < 2)
    throw cannot(
      'Clip skip needs the final norm of the text encoder, which is not named in this ONNX model.',
    );
  const [weight, bias] = await readValues(found);
  const width = shape[2];
  const out = new Float32Array(data.length);
  for (let row = 0; row < data.length; row += width) {
    const values = data.subarray(row, row + width);
    const mean = values.reduce((sum, value) => sum + value, 0) / width;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    const scale = 1 / Math.sqrt(variance + epsilon);
    for (let i = 0; i < width; i++) out[row + i] = (values[i] - mean) * scale * weight[i] + bias[i];
  }
  return tensor(out, shape);
}

function cannot(what: string): PentimentoError {
  return new PentimentoError('E_MODEL_ABILITY', what);
}
