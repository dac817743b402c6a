/** Prompt and what to avoid brought to one length, so that one network call answers both. */
import type { ContextPadding } from '../../../shared/advanced.ts';
import type { TextContext } from '../diffusion.ts';
import { lengthenContext } from './conditioning.ts';

/**
 * Contexts `[1,T,C]`, those of the positive of one length. `empty` (a1111: pad_cond_uncond) continues
 * the shorter one with `empty`, `[1,77,C]`; `last` (pad_cond_uncond_v0) repeats what to avoid's last
 * vector, or cuts it.
 */
export function padContexts(
  contexts: { readonly positive: readonly TextContext[]; readonly negative: TextContext },
  padding: ContextPadding,
  empty: TextContext | undefined,
): { positive: readonly TextContext[]; negative: TextContext } {
  const { positive, negative } = contexts;
  const wanted = positive[0]!.shape[1]!;
  const own = negative.shape[1]!;
  if (padding === 'none' || wanted === own) return contexts;
  if (padding === 'last')
    return { positive, negative: cut(lengthenContext(negative, wanted), wanted) };
  if (!empty) throw new RangeError('Expected the encoding of an empty prompt');
  return wanted > own
    ? { positive, negative: continued(negative, empty, wanted) }
    : { positive: positive.map((context) => continued(context, empty, own)), negative };
}

function cut(context: TextContext, tokens: number): TextContext {
  const [, own, width] = context.shape as [number, number, number];
  if (own <= tokens) return context;
  const data = context.data.subarray(0, tokens * width);
  return { ...context, data, shape: [1, tokens, width] };
}

/** As many whole empty prompts behind as fit; contexts are whole chunks, so the length is met. */
function continued(context: TextContext, empty: TextContext, tokens: number): TextContext {
  const [, own, width] = context.shape as [number, number, number];
  const times = Math.floor((tokens - own) / empty.shape[1]!);
  const data = new Float32Array(context.data.length + times * empty.data.length);
  data.set(context.data);
  for (let k = 0; k < times; k++) data.set(empty.data, context.data.length + k * empty.data.length);
  return { ...context, data, shape: [1, data.length / width, width] };
}
