/** Emphasis: token weights on the encoder's output. */
import { applyEmphasis, type EmphasisMode } from '../../../service/engine/prompt/emphasis.ts';
import { Unsupported, type Checker } from '../case.ts';

export const check: Checker = (c) => {
  if (c.input['op'] !== 'modes') throw new Unsupported(`emphasis ${String(c.input['op'])}`);
  const z = c.tensor(c.input['z']);
  const multipliers = c.tensor(c.input['multipliers']);
  const [batch, tokens] = multipliers.shape as [number, number];
  const weights = Array.from({ length: batch }, (_, b) =>
    Float64Array.from(multipliers.data.slice(b * tokens, (b + 1) * tokens) as Float32Array),
  );
  const modes: EmphasisMode[] = ['none', 'ignore', 'original', 'no-norm'];
  const answers = modes.map((mode) => {
    const data = Float32Array.from(z.data as Float32Array);
    applyEmphasis(data, weights, mode);
    return [mode, data] as const;
  });
  return Promise.resolve(Object.fromEntries(answers));
};
