import { describe, expect, it } from 'vitest';
import type { DiffusionModel } from '../../service/engine/diffusion.ts';
import { encodePrompts } from '../../service/engine/prompt/conditioning.ts';
import { keepEncodings } from '../../service/engine/networks/keptEncodings.ts';
import { clipTokenizer } from '../../service/engine/prompt/tokenizer.ts';
import { planPrompts, scheduleConditioning } from '../../service/engine/promptConditioning.ts';

const tokenizer = clipTokenizer('webui');

/** An encoder that counts the chunks it runs, with a pooled vector as SDXL's have. */
function counting() {
  const runs: string[] = [];
  const encodeText: DiffusionModel['encodeText'] = (ids, clipSkip, inserted = []) => {
    for (const [i, row] of ids.entries()) {
      const vectors = inserted.filter(({ chunk }) => chunk === i);
      runs.push(`${String(clipSkip)}:${row[1]}:${vectors.map(({ position }) => position).join()}`);
    }
    const states = ids.flatMap((row) => [...row].flatMap((id) => [id, Number(clipSkip)]));
    const pooled = ids.map((row) => row[1]!);
    return Promise.resolve({
      data: Float32Array.from(states),
      shape: [ids.length, 77, 2],
      pooled: { data: Float32Array.from(pooled), shape: [ids.length, 1] },
    });
  };
  return { runs, encodeText };
}

function conditioning(prompt: string, encodeText: DiffusionModel['encodeText'], steps = 20) {
  const settings = { prompt, negativePrompt: 'blurry', steps, sampler: 'Euler' };
  const encode = (texts: readonly string[]) =>
    encodePrompts(texts, { tokenizer, encodeText, clipSkip: 1, padId: tokenizer.endId });
  return scheduleConditioning(planPrompts(settings, 'webui'), { encode });
}

describe('texts that were encoded before', () => {
  it('are encoded once in a run, however often they alternate', async () => {
    const { runs, encodeText } = counting();
    const at = await conditioning('[cat|dog] AND cat', keepEncodings(encodeText, 64));
    // cat, dog; the second part's " cat" has the same ids as "cat"; what to avoid.
    expect(runs).toHaveLength(3);
    const context = (call: number) => at(call).positive[0]![0]!.context;
    expect([context(1), context(3)].map(({ data }) => data[2])).toEqual([2368, 2368]);
    expect([context(2), context(4)].map(({ data }) => data[2])).toEqual([1929, 1929]);
  });

  it('are not encoded again by the next job, not even with other weights', async () => {
    const { runs, encodeText } = counting();
    const kept = keepEncodings(encodeText, 64);
    const plain = counting();
    await conditioning('a (red:1.2) cat', kept);
    const before = runs.length;
    await conditioning('a (red:1.4) cat', kept);
    expect(runs).toHaveLength(before);
    const weighted = await conditioning('a (red:1.4) cat', kept);
    const fresh = await conditioning('a (red:1.4) cat', plain.encodeText);
    expect(weighted(0)).toEqual(fresh(0));
    await conditioning('a blue cat', kept);
    expect(runs).toHaveLength(before + 1);
  });

  it('are told apart by clip skip and by the vectors inserted', async () => {
    const { runs, encodeText } = counting();
    const kept = keepEncodings(encodeText, 64);
    const ids = [Int32Array.from({ length: 77 }, () => 5)];
    const vectors = (value: number) => [
      { chunk: 0, position: 2, parts: [{ data: Float32Array.of(1, value), shape: [1, 2] }] },
    ];
    for (const skip of [1, 2, [0, 1]]) await kept(ids, skip);
    for (const value of [1, 2, 1, 2]) await kept(ids, 1, vectors(value));
    expect(runs).toHaveLength(5);
  });

  it('are forgotten when there are too many', async () => {
    const { runs, encodeText } = counting();
    const kept = keepEncodings(encodeText, 3);
    const one = (id: number) => kept([Int32Array.from({ length: 77 }, () => id)], 1);
    for (const id of [1, 2, 3, 1, 4, 1, 2]) await one(id);
    // 4 pushed out 2, the oldest in use.
    expect(runs).toEqual(['1:1:', '1:2:', '1:3:', '1:4:', '1:2:']);
  });

  it('come back in the order asked, with their pooled vectors', async () => {
    const { encodeText } = counting();
    const kept = keepEncodings(encodeText, 64);
    const rows = [7, 8, 7, 9].map((id) => Int32Array.from({ length: 77 }, () => id));
    await kept(rows.slice(0, 1), 1);
    const answer = await kept(rows, 1);
    expect(answer).toEqual(await encodeText(rows, 1));
  });
});
