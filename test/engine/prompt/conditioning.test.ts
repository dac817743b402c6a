import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodePrompts,
  lengthenContext,
  promptTokens,
  type ConditioningOptions,
} from '../../../service/engine/prompt/conditioning.ts';
import { embeddingLookup } from '../../../service/engine/prompt/embeddings.ts';
import { chunkPrompt, tokenLimit } from '../../../service/engine/prompt/chunks.ts';
import { applyEmphasis } from '../../../service/engine/prompt/emphasis.ts';
import { clipTokenizer } from '../../../service/engine/prompt/tokenizer.ts';
import { processorMs } from '../../fixtures/processorMs.ts';

const tokenizer = clipTokenizer('webui');
const words = (count: number) => Array.from({ length: count }, () => 'cat').join(' ');

/** An encoder whose two channels are the id and the id's half, and which remembers its calls. */
function encoder(overrides: Partial<ConditioningOptions> = {}) {
  const calls: { ids: Int32Array[]; clipSkip: unknown }[] = [];
  const options: ConditioningOptions = {
    tokenizer,
    encodeText: (ids, clipSkip) => {
      calls.push({ ids: [...ids], clipSkip });
      const data = Float32Array.from(ids.flatMap((row) => [...row].flatMap((id) => [id, id / 2])));
      return Promise.resolve({ data, shape: [ids.length, 77, 2] });
    },
    clipSkip: 1,
    padId: tokenizer.endId,
    ...overrides,
  };
  return { calls, options };
}

describe('chunks', () => {
  const chunked = (text: string) => promptTokens(text, { tokenizer });

  it('hold 75 tokens between start and end', () => {
    expect(chunked(words(75)).chunks).toHaveLength(1);
    expect(chunked(words(76)).chunks).toHaveLength(2);
    expect(chunked('').chunks).toHaveLength(1);
    expect([tokenLimit(0), tokenLimit(75), tokenLimit(76)]).toEqual([75, 75, 150]);
    const [chunk] = chunked('a cat').chunks;
    expect(Array.from(chunk!.ids.slice(0, 5))).toEqual([49406, 320, 2368, 49407, 49407]);
    expect(chunk!.ids).toHaveLength(77);
  });

  it('break after a near comma', () => {
    const { chunks } = chunked(`${words(70)}, ${words(10)}`);
    expect(chunks).toHaveLength(2);
    expect(chunks[0]!.ids[72]).toBe(49407);
    expect(chunks[1]!.ids[10]).toBe(2368);
    expect(chunks[1]!.ids[11]).toBe(49407);
  });

  it('end at BREAK', () => {
    expect(chunked('a BREAK b')).toMatchObject({ tokenCount: 76 });
    expect(chunked('a BREAK b').chunks).toHaveLength(2);
  });

  it('make room for embeddings, whatever their size', () => {
    const findEmbedding = embeddingLookup(
      [
        { name: 'cat', vectors: 200 },
        { name: 'a cat', vectors: 3 },
      ],
      tokenizer,
    );
    const { chunks } = chunkPrompt([{ text: 'a cat cat', weight: 1.2 }], {
      tokenizer,
      findEmbedding,
    });
    expect(chunks.flatMap((c) => c.embeddings.map((e) => e.name))).toEqual(['a cat', 'cat']);
    expect(chunks.every((c) => c.ids.length === 77)).toBe(true);
  });

  it('are whole for any prompt', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const { chunks, tokenCount } = chunked(text);
        expect(chunks.length * 75).toBeGreaterThanOrEqual(tokenCount);
        expect(chunks.every((c) => c.ids[0] === 49406 && c.ids[76] === 49407)).toBe(true);
      }),
    );
  });

  it('read 20,000 characters and more quickly', async () => {
    const text = '(masterpiece:1.2), best quality, [blurry] a cat on a wall, '.repeat(3_400);
    const ms = await processorMs(() => expect(chunked(text).chunks.length).toBeGreaterThan(500));
    expect(ms).toBeLessThan(3_000);
  });
});

describe('prompts to contexts', () => {
  it('join the chunks of a text', async () => {
    const { options, calls } = encoder({ clipSkip: 2 });
    const [context] = await encodePrompts([words(100)], options);
    expect(context!.shape).toEqual([1, 154, 2]);
    expect(context!.data[0]).toBe(49406);
    expect(context!.data[77 * 2]).toBe(49406);
    expect(calls.map(({ clipSkip }) => clipSkip)).toEqual([2, 2]);
  });

  it('give the texts of one call the same length', async () => {
    const { options } = encoder();
    const contexts = await encodePrompts(['a', words(100)], options);
    expect(contexts.map((c) => c.shape[1])).toEqual([154, 154]);
    expect(contexts[0]!.data[77 * 2 + 2]).toBe(49407);
  });

  it('pad with the model’s own id after the first end', async () => {
    const { options, calls } = encoder({ padId: 0 });
    await encodePrompts(['a'], options);
    expect(Array.from(calls[0]!.ids[0]!.slice(0, 5))).toEqual([49406, 320, 49407, 0, 0]);
  });

  it('weigh tokens and restore the mean', async () => {
    const mean = (data: Float32Array) => data.reduce((a, b) => a + b, 0) / data.length;
    const plain = (await encodePrompts(['a red cat'], encoder().options))[0]!;
    const strong = (await encodePrompts(['a (red:2) cat'], encoder().options))[0]!;
    expect(mean(strong.data)).toBeCloseTo(mean(plain.data), 0);
    expect(strong.data[4]! / strong.data[2]!).toBeCloseTo((2 * plain.data[4]!) / plain.data[2]!, 4);
    const ignored = encoder({ emphasis: 'ignore' }).options;
    expect((await encodePrompts(['a (red:2) cat'], ignored))[0]!.data).toEqual(plain.data);
    const none = promptTokens('(red)', { tokenizer, emphasis: 'none' });
    expect(none.tokenCount).toBe(3);
  });

  it('stay finite under any weight that float32 can hold', () => {
    for (const weight of [0, -1, -0.5, 1e30, 1e-30]) {
      const data = Float32Array.from({ length: 8 }, (_, i) => i + 1);
      applyEmphasis(data, [Float64Array.of(1, weight)], 'original');
      expect(data.every(Number.isFinite)).toBe(true);
    }
  });

  it('never reach the network when they are not finite', async () => {
    const nested = `${'('.repeat(20_000)}cat${')'.repeat(20_000)}`;
    for (const text of [`(cat:${'9'.repeat(400)})`, `a (cat:-${'9'.repeat(400)})`, nested]) {
      for (const emphasis of ['original', 'no-norm'] as const) {
        const { options } = encoder({ emphasis });
        await expect(encodePrompts([text], options)).rejects.toMatchObject({
          code: 'E_PROMPT_WEIGHT',
        });
      }
      await expect(
        encodePrompts([text], encoder({ emphasis: 'ignore' }).options),
      ).resolves.toHaveLength(1);
    }
    const broken = encoder({
      encodeText: (ids) =>
        Promise.resolve({
          data: new Float32Array(ids.length * 154).fill(Number.NaN),
          shape: [ids.length, 77, 2],
        }),
    });
    await expect(encodePrompts(['a'], broken.options)).rejects.toMatchObject({
      code: 'E_OUTPUT_NAN',
    });
  });

  it('are given the vectors of embeddings where their names stand, whatever their case', async () => {
    const seen: unknown[] = [];
    const parts = [{ data: new Float32Array(6), shape: [3, 2] }];
    const { options } = encoder({ embeddings: [{ name: 'My-Style', vectors: 3, parts }] });
    const watched: ConditioningOptions = {
      ...options,
      encodeText: (ids, clipSkip, inserted) => {
        seen.push(inserted);
        return options.encodeText(ids, clipSkip, inserted);
      },
    };
    await encodePrompts(['a cat', 'a (my-style:1.2) MY-STYLE cat'], watched);
    expect(seen).toEqual([
      [
        { chunk: 1, position: 2, parts },
        { chunk: 1, position: 5, parts },
      ],
    ]);
  });

  it('cut plain prompts at 75 tokens', async () => {
    const { options } = encoder({ language: 'plain' });
    const [context] = await encodePrompts([`(a:1.2) ${words(100)}`], options);
    expect(context!.shape).toEqual([1, 77, 2]);
    expect(promptTokens('(a:1.2)', { tokenizer, language: 'plain' }).tokenCount).toBe(7);
  });

  it('are lengthened by their last vector', () => {
    const context = { data: Float32Array.of(1, 2, 3, 4), shape: [1, 2, 2] };
    expect(Array.from(lengthenContext(context, 4).data)).toEqual([1, 2, 3, 4, 3, 4, 3, 4]);
    expect(lengthenContext(context, 2)).toBe(context);
  });
});
