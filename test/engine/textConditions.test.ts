/** What SDXL's networks are told, from the prompt to each row of a network call. */
import { describe, expect, it } from 'vitest';
import type { DiffusionModel, TextContext } from '../../service/engine/diffusion.ts';
import { pipelineOptions } from '../../service/engine/plan/pipelineOptions.ts';
import { conditioningOf } from '../../service/engine/promptConditioning.ts';
import { predictRows, rowsOf } from '../../service/engine/sampling/conditionRows.ts';
import { arithmeticModel } from './arithmeticModel.ts';

/** The arithmetic model with two encoders and a pooled vector, as SDXL or its refiner. */
function largeModel(sizeNumbers: 5 | 6): DiffusionModel {
  const model = arithmeticModel();
  return {
    ...model,
    facts: {
      ...model.facts,
      family: sizeNumbers === 6 ? 'sdxl' : 'sdxl-refiner',
      encoderWidths: [1, 3],
      sizeNumbers,
      zeroEmptyNegative: true,
    },
    async encodeText(ids, clipSkip) {
      const states = await model.encodeText(ids, clipSkip);
      const pooled = Float32Array.from(ids.flatMap((row) => [row[1], row[2]]));
      return { ...states, pooled: { data: pooled, shape: [ids.length, 2] } };
    },
  };
}

const settings = {
  prompt: 'cat',
  negativePrompt: 'fog',
  clipSkip: 1,
  steps: 4,
  sampler: 'Euler',
};
const size = { width: 96, height: 64 };

async function told(
  change: Partial<typeof settings>,
  sizeNumbers: 5 | 6 = 6,
  dialect: 'a1111' | 'diffusers' = 'a1111',
) {
  const asked = { ...settings, ...change };
  const at = await conditioningOf(largeModel(sizeNumbers), asked, pipelineOptions(dialect), size);
  const { positive, negative } = at(0);
  return { prompt: positive[0][0].context, avoided: negative[0] };
}

const isZero = ({ data }: { data: Float32Array }): boolean => data.every((value) => value === 0);

describe('sizes', () => {
  it('are original, crop and target, heights and tops first', async () => {
    const { prompt, avoided } = await told({});
    for (const { sizes } of [prompt, avoided]) {
      expect(sizes).toEqual({ data: Float32Array.of(64, 96, 0, 0, 64, 96), shape: [1, 6] });
    }
  });

  it("end in the refiner's score of what is wanted, and of what is to be avoided", async () => {
    const { prompt, avoided } = await told({}, 5);
    expect([...(prompt.sizes?.data ?? [])]).toEqual([64, 96, 0, 0, 6]);
    expect([...(avoided.sizes?.data ?? [])]).toEqual([64, 96, 0, 0, 2.5]);
  });

  it('are not told to other families', async () => {
    const at = await conditioningOf(arithmeticModel(), settings, pipelineOptions('a1111'), size);
    expect(at(0).negative[0].sizes).toBeUndefined();
  });
});

describe('nothing to avoid', () => {
  it('is told as zeros, with its sizes', async () => {
    const { prompt, avoided } = await told({ negativePrompt: '' });
    expect(isZero(avoided)).toBe(true);
    expect(avoided.pooled && isZero(avoided.pooled)).toBe(true);
    expect(avoided.sizes).toEqual(prompt.sizes);
    expect(isZero(prompt)).toBe(false);
  });

  it('is different from an empty prompt, and from something to avoid', async () => {
    expect(isZero((await told({ prompt: '', negativePrompt: '' })).prompt)).toBe(false);
    expect(isZero((await told({})).avoided)).toBe(false);
  });
});

describe('clip skip', () => {
  it('is the family’s own in the WebUI, and as asked in diffusers', async () => {
    const [plain, skipped] = [await told({}), await told({ clipSkip: 2 })];
    expect(skipped.prompt).toEqual(plain.prompt);
    const theirs = await told({ clipSkip: 2 }, 6, 'diffusers');
    expect(theirs.prompt.data).not.toEqual(plain.prompt.data);
  });
});

describe('emphasis', () => {
  it('keeps the mean of each encoder by itself', async () => {
    const width = 4;
    const mean = ({ data }: TextContext, from: number, to: number): number => {
      let sum = 0;
      for (let i = 0; i < data.length; i++) {
        if (i % width >= from && i % width < to) sum += data[i];
      }
      return sum;
    };
    const [plain, strong] = [await told({}), await told({ prompt: '(cat:1.5)' })];
    expect(strong.prompt.data).not.toEqual(plain.prompt.data);
    for (const [from, to] of [
      [0, 1],
      [1, 4],
    ]) {
      expect(mean(strong.prompt, from, to)).toBeCloseTo(mean(plain.prompt, from, to), 2);
    }
    // One encoder's tokens do not move with the other's mean.
    expect(strong.prompt.pooled).toEqual(plain.prompt.pooled);
  });
});

describe('longer prompts', () => {
  it('have the pooled vector of their first chunk', async () => {
    const long = Array.from({ length: 90 }, () => 'cat').join(' ');
    const { prompt } = await told({ prompt: long });
    const short = await told({ prompt: 'cat cat' });
    expect(prompt.shape).toEqual([1, 154, 4]);
    expect(prompt.pooled).toEqual(short.prompt.pooled);
  });
});

describe('a network call', () => {
  it('is told the conditions of each row', async () => {
    const { prompt, avoided } = await told({ negativePrompt: '' });
    const conditioning = { positive: [[{ context: prompt, weight: 1 }]], negative: [avoided] };
    const calls: TextContext[] = [];
    await predictRows(
      {
        predict: async (latents, _timesteps, context) => {
          calls.push(context);
          return latents;
        },
      },
      rowsOf(conditioning, 2, ['avoided']),
      { data: new Float32Array(8), shape: [2, 4, 1, 1] },
      { timestep: 500, call: 0 },
    );
    const [context] = calls;
    expect(calls).toHaveLength(1);
    expect(context.shape[0]).toBe(4);
    const two = (a: Float32Array, b: Float32Array) => [...a, ...a, ...b, ...b];
    const [own, other] = [prompt.pooled, avoided.pooled];
    if (!own || !other) throw new Error('Expected pooled vectors');
    expect([...(context.pooled?.data ?? [])]).toEqual(two(own.data, other.data));
    expect(context.sizes?.shape).toEqual([4, 6]);
  });
});
