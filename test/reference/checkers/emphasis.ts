/** Emphasis: token weights on the encoder's output, and whole prompts through a text encoder. */
import { encodePrompts } from '../../../service/engine/prompt/conditioning.ts';
import { applyEmphasis, type EmphasisMode } from '../../../service/engine/prompt/emphasis.ts';
import { clipTokenizer } from '../../../service/engine/prompt/tokenizer.ts';
import { Unsupported, type Case, type Checker } from '../case.ts';
import { caseModel } from '../pipelineModel.ts';

export const check: Checker = (c) => {
  if (c.input['op'] === 'modes') return Promise.resolve(modes(c));
  if (c.input['op'] === 'conditioning') return conditioning(c);
  throw new Unsupported(`emphasis ${JSON.stringify(c.input['op'])}`);
};

function modes(c: Case): Record<string, unknown> {
  const z = c.tensor(c.input['z']);
  const multipliers = c.tensor(c.input['multipliers']);
  const [batch, tokens] = multipliers.shape as [number, number];
  const weights = Array.from({ length: batch }, (_, b) =>
    Float64Array.from(multipliers.data.slice(b * tokens, (b + 1) * tokens) as Float32Array),
  );
  const all: EmphasisMode[] = ['none', 'ignore', 'original', 'no-norm'];
  const answers = all.map((mode) => {
    const data = Float32Array.from(z.data as Float32Array);
    applyEmphasis(data, weights, mode);
    return [mode, data] as const;
  });
  return Object.fromEntries(answers);
}

const emphases: Readonly<Record<string, EmphasisMode>> = {
  Original: 'original',
  'No norm': 'no-norm',
  Ignore: 'ignore',
  None: 'none',
};
const optionsInUse = ['CLIP_stop_at_last_layers', 'emphasis'];

async function conditioning(c: Case): Promise<Record<string, unknown>> {
  if (c.input['embeddings']) throw new Unsupported('embeddings');
  const options = c.input['options'] as Record<string, unknown>;
  const unknown = Object.keys(options).find((key) => !optionsInUse.includes(key));
  if (unknown) throw new Unsupported(`option ${unknown}`);
  const named = { name: c.input['model'], seed: c.input['seed'] };
  const model = await caseModel({ ...c, input: { ...c.input, model: named } }, 'webui');
  const contexts = await encodePrompts(c.input['texts'] as string[], {
    tokenizer: clipTokenizer('webui'),
    encodeText: (ids, clipSkip) => model.encodeText(ids, clipSkip),
    clipSkip: Number(options['CLIP_stop_at_last_layers'] ?? 1),
    padId: model.facts.padId,
    emphasis: emphases[(options['emphasis'] as string | undefined) ?? 'Original'] ?? 'original',
  });
  return { crossattn: contexts.flatMap(({ data }) => Array.from(data)) };
}
