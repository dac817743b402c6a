/** What makes the diffusers dialect follow diffusers, option by option. */
import { describe, expect, it } from 'vitest';
import { diffuse, type DiffuseInput, type KnownPicture } from '../../service/engine/diffuse.ts';
import type { EncodedStart } from '../../service/engine/encodeStart.ts';
import { firstPixels } from '../../service/engine/picture/latentMask.ts';
import { pipelineOptions } from '../../service/engine/plan/pipelineOptions.ts';
import { conditioningOf } from '../../service/engine/promptConditioning.ts';
import type { StepPlan } from '../../service/engine/sampling/steps.ts';
import type { Latent } from '../../service/engine/sampling/types.ts';
import { drawStart } from '../../service/engine/startDraws.ts';
import { arithmeticModel } from './arithmeticModel.ts';

const options = pipelineOptions('diffusers');
const shape = [1, 4, 4, 4] as const;
const latent = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));
const mask = Float32Array.from({ length: 16 }, (_, i) => (i < 8 ? 1 : 0));
const context = { data: new Float32Array(77 * 4).fill(0.5), shape: [1, 77, 4] };
const noise = Float32Array.from({ length: 64 }, (_, i) => Math.cos(i * 7));

async function told(more: Partial<DiffuseInput>) {
  let plan: StepPlan | undefined;
  let start: Latent | undefined;
  const running = diffuse({
    model: arithmeticModel(),
    options,
    sampler: 'Euler',
    schedule: 'automatic',
    steps: 6,
    cfgScale: 2,
    conditioning: () => ({ positive: [[{ weight: 1, context }]], negative: [context] }),
    shape,
    seeds: [1],
    noise: { next: () => noise },
    trace: { plan: (p) => (plan = p), start: (s) => (start = s) },
    ...more,
  });
  let state = await running.next();
  while (state.done !== true) state = await running.next();
  if (!plan || !start) return expect.fail('Nothing was told');
  return { plan, start: start.data, made: state.value.data };
}

const picture: KnownPicture = { latent, content: 'picture' };

describe('its steps', () => {
  it('lead by the offset, and are cut as strength asks', async () => {
    const { plan } = await told({ strength: 0.6, known: picture });
    expect(plan.timesteps).toEqual([333, 167, 1]);
    expect(plan.sigmas.at(-1)).toBe(0);
  });

  it('are spaced for one more with DPM++ 2M', async () => {
    const { plan } = await told({ sampler: 'DPM++ 2M' });
    expect(plan.timesteps).toEqual([853, 711, 569, 427, 285, 143]);
    expect(plan.preserving).toBe(true);
  });

  it('spread the sigmas only when Karras is named', async () => {
    const named = await told({ sampler: 'DPM++ 2M Karras' });
    expect((await told({ sampler: 'DPM++ 2M', schedule: 'Karras' })).plan).toEqual(named.plan);
    expect(named.plan.sigmas[0]).toBeCloseTo(14.6146, 3);
    expect(named.plan.timesteps?.[0]).toBe(999);
  });

  it('trail for the schedules that stand for it', async () => {
    const { plan } = await told({ schedule: 'SGM Uniform', steps: 4 });
    expect(plan.timesteps).toEqual([999, 749, 499, 249]);
  });

  it('end above 0 with DDIM, and none of them leaves the picture as it is', async () => {
    const run = { sampler: 'DDIM', known: picture, steps: 10 };
    expect((await told({ ...run, strength: 0.5 })).plan.sigmas.at(-1)).toBeCloseTo(0.0292, 4);
    const { plan, made } = await told({ ...run, strength: 0.05 });
    expect(plan.steps).toBe(0);
    expect(made).toEqual(latent);
  });

  it('are those of the scheduler that is named by its class', async () => {
    const run = { sampler: 'HeunDiscreteScheduler', known: picture, strength: 0.5 };
    const { plan } = await told(run);
    // Two calls a step, but for the last.
    expect(plan.timesteps).toEqual([333, 167, 167, 1, 1]);
    expect((await told({ ...run, sampler: 'Heun' })).plan.sigmas).toEqual(plan.sigmas);
    expect((await told({ sampler: 'PNDMScheduler', steps: 4 })).plan.timesteps).toEqual([
      751, 501, 501, 251, 1,
    ]);
  });

  it('are placed as the model’s own scheduler says', async () => {
    const model = arithmeticModel();
    const scheduler = { timestep_spacing: 'trailing', use_karras_sigmas: false };
    const own = { ...model, facts: { ...model.facts, scheduler } };
    expect((await told({ model: own, steps: 4 })).plan.timesteps).toEqual([999, 749, 499, 249]);
    const { plan } = await told({ model: own, steps: 4, schedule: 'Uniform' });
    expect(plan.timesteps?.[1]).toBe(666);
  });

  it('use a schedule of ours where diffusers has none', async () => {
    const { plan } = await told({ schedule: 'Align Your Steps' });
    expect(plan.timesteps).toBeUndefined();
    expect(plan.steps).toBe(6);
  });
});

describe('its start', () => {
  it('is noise alone at full strength with a mask, the noised picture without', async () => {
    const flat = { ...picture, latent: latent.map(() => 0.25) };
    const start = async (known: KnownPicture) => (await told({ strength: 1, known })).start;
    expect(await start({ ...picture, mask })).toEqual(await start({ ...flat, mask }));
    expect(await start(picture)).not.toEqual(await start(flat));
  });

  it('is scaled by the whole variance', async () => {
    const { plan, start } = await told({});
    expect(start[0] / noise[0]).toBeCloseTo(Math.hypot(1, plan.sigmas[0]), 4);
  });
});

describe('known latents', () => {
  it.each(['Euler', 'DDIM', 'DPM++ 2M'])(
    'are the picture’s own in the end (%s)',
    async (sampler) => {
      const { made } = await told({ sampler, strength: 0.7, known: { ...picture, mask } });
      for (const [i, value] of made.entries()) {
        expect(value === latent[i]).toBe(mask[i % 16] === 0);
      }
    },
  );

  it('are left to an inpainting model', async () => {
    const model = arithmeticModel({ inChannels: 9 });
    const extraChannels = { data: new Float32Array(5 * 16), shape: [1, 5, 4, 4] };
    const known = { ...picture, mask };
    const { made } = await told({ model, extraChannels, strength: 0.7, known });
    expect(made.some((value, i) => mask[i % 16] === 0 && value !== latent[i])).toBe(true);
  });

  it('go by the first pixel of each latent cell', () => {
    const data = new Float32Array(16 * 8);
    data[0] = 0.5;
    data[9] = 1;
    data[8] = 0.49;
    expect([...firstPixels({ width: 16, height: 8, data })]).toEqual([1, 0]);
  });
});

describe('guidance', () => {
  it('is off below 1', async () => {
    const weak = await told({ cfgScale: 0.3 });
    expect(weak.made).toEqual((await told({ cfgScale: 1 })).made);
  });

  it('skips layers for the prompt alone', async () => {
    const settings = {
      prompt: 'cat',
      negativePrompt: 'cat',
      clipSkip: 2,
      steps: 4,
      sampler: 'Euler',
    };
    const at = async (dialect: 'diffusers' | 'a1111') =>
      (
        await conditioningOf(arithmeticModel(), settings, pipelineOptions(dialect), {
          width: 64,
          height: 64,
        })
      )(0);
    const ours = await at('a1111');
    expect(ours.negative[0]?.data).toEqual(ours.positive[0]?.[0]?.context.data);
    const theirs = await at('diffusers');
    expect(theirs.negative[0]?.data).not.toEqual(theirs.positive[0]?.[0]?.context.data);
  });
});

describe('draws', () => {
  const posterior = { mean: new Float32Array(64), deviation: new Float32Array(64).fill(1) };
  const encoded: EncodedStart = {
    posterior,
    mask,
    paintMask: mask,
    content: 'original',
    shown: posterior,
    edited: undefined,
  };
  const ordinary: EncodedStart = { ...encoded, shown: undefined };
  const edit: EncodedStart = { ...ordinary, edited: posterior.mean };

  /** The generator counts: draw k is all k. */
  function drawn(encoded: EncodedStart, strength: number | undefined) {
    let count = 0;
    const draw = (length: number) => new Float32Array(length).fill(++count);
    const start = drawStart({
      encoded,
      size: { width: 4, height: 4 },
      strength,
      fullStrengthStart: options.fullStrengthStart,
      source: { noise: { next: () => draw(64) }, posterior: draw },
    });
    const shown = start.extraChannels?.data[16];
    return [start.known?.latent[0], start.noise.next()[0], shown, start.noise.next()[0]];
  }

  it('are the picture, the start, the masked picture, the steps', () => {
    expect(drawn(encoded, 0.7)).toEqual([1, 2, 3, 4]);
  });

  it('leave the picture out where an inpainting model starts from noise', () => {
    expect(drawn(encoded, 1)).toEqual([0, 1, 2, 3]);
  });

  it('have one for the masked picture with an ordinary model, too', () => {
    expect(drawn(ordinary, 1)).toEqual([1, 2, undefined, 4]);
    const unmasked = { ...ordinary, mask: undefined, paintMask: undefined };
    expect(drawn(unmasked, 0.7)).toEqual([1, 2, undefined, 3]);
  });

  it('are noise alone with an edit model that starts from noise', () => {
    const unmasked = { ...edit, mask: undefined, paintMask: undefined };
    expect(drawn(unmasked, undefined)).toEqual([0, 1, 0, 2]);
    expect(drawn(edit, undefined)).toEqual([0, 1, 0, 2]);
  });
});

describe('a run that several models share', () => {
  const until = async (sampler: string, share: number) =>
    (await told({ sampler, part: { until: share } })).made;
  const from = (sampler: string, share: number, handed: Float32Array) =>
    told({ sampler, part: { from: share }, known: { latent: handed, content: 'picture' } });

  it.each(['Euler', 'DDIM'])('ends where the whole would (%s)', async (sampler) => {
    const { made: whole, plan } = await told({ sampler });
    for (const share of [0.3, 0.6, 0.85]) {
      const second = await from(sampler, share, await until(sampler, share));
      expect(second.plan.sigmas.length).toBeLessThan(plan.sigmas.length);
      for (const [i, v] of second.made.entries()) expect(v).toBeCloseTo(whole[i] ?? NaN, 4);
    }
  });

  it('begins with the first of a step’s two calls', async () => {
    const { plan: whole } = await told({ sampler: 'Heun' });
    for (let share = 0.05; share < 1; share += 0.1) {
      const { plan } = await from('Heun', share, latent);
      // Every call but the very last step's is one of two.
      expect((whole.sigmas.length - plan.sigmas.length) % 2).toBe(0);
    }
  });

  it('hands on what it was given where nothing is left to do', async () => {
    const { plan, made, start } = await told({ sampler: 'Euler', part: { until: 0.0001 } });
    expect(plan).toMatchObject({ steps: 0, stop: 0 });
    expect(made).toEqual(start);
  });

  it('adds no noise to what is handed over, and draws none', async () => {
    const refuse = { next: () => expect.fail('Noise was drawn') };
    const known: KnownPicture = { latent, content: 'picture' };
    const { start } = await told({ sampler: 'Euler', part: { from: 0.5 }, known, noise: refuse });
    expect(start).toEqual(latent);
  });
});
