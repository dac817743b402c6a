import { describe, expect, it } from 'vitest';
import { diffuse, type DiffuseInput, type KnownPicture } from '../../service/engine/diffuse.ts';
import { samplers } from '../../service/engine/sampling/samplers/registry.ts';
import type { StepPlan } from '../../service/engine/sampling/steps.ts';
import { imageNoise } from '../../service/engine/sampling/noise/imageNoise.ts';
import { pipelineOptions } from '../../service/engine/plan/pipelineOptions.ts';
import { Dialect } from '../../shared/request.ts';
import { arithmeticModel } from './arithmeticModel.ts';

const shape = [1, 4, 6, 5] as const;
const latentShape = [4, 6, 5] as const;
const plane = 30;
const latent = Float32Array.from({ length: 4 * plane }, (_, i) => Math.sin(i));
/** Rows 2 and 3 may change. */
const mask = Float32Array.from({ length: plane }, (_, i) => (i >= 10 && i < 20 ? 1 : 0));
const context = {
  data: Float32Array.from({ length: 77 * 4 }, (_, i) => Math.cos(i)),
  shape: [1, 77, 4],
};

function input(more: Partial<DiffuseInput> = {}): DiffuseInput {
  return {
    model: arithmeticModel(),
    options: pipelineOptions('pentimento'),
    sampler: 'Euler',
    schedule: 'automatic',
    steps: 6,
    cfgScale: 2,
    conditioning: () => ({ positive: [[{ weight: 1, context }]], negative: [context] }),
    shape,
    seeds: [1],
    noise: imageNoise({ source: 'cpu', shape: latentShape, seeds: [1] }),
    ...more,
  };
}

async function run(more: Partial<DiffuseInput> = {}) {
  const steps: Array<{ step: number; steps: number }> = [];
  let sigmas: readonly number[] = [];
  const trace = { plan: (plan: StepPlan) => (sigmas = plan.sigmas), ...more.trace };
  const running = diffuse(input({ ...more, trace }));
  let state = await running.next();
  while (state.done !== true) {
    steps.push({ step: state.value.step, steps: state.value.steps });
    state = await running.next();
  }
  return { latent: state.value, steps, sigmas };
}

function kept(picture: KnownPicture, made: Float32Array): boolean {
  return made.every((v, i) => picture.mask?.[i % plane] === 1 || v === picture.latent[i]);
}

describe('diffuse', () => {
  it.each(samplers.map((s) => [s.name, s.betweenEnds === true] as const))(
    'counts every step of %s and ends in numbers',
    async (name, betweenEnds) => {
      for (const strength of [undefined, 0.5, 1]) {
        const known =
          strength === undefined ? {} : { known: { latent, content: 'picture' as const } };
        const { steps, sigmas, latent: made } = await run({ sampler: name, strength, ...known });
        const counted = steps.map((s) => s.step);
        const last = steps.at(-1);
        expect(last?.step).toBe(last?.steps);
        expect(counted.every((step, i) => step > (counted[i - 1] ?? 0))).toBe(true);
        if (!betweenEnds) {
          expect(counted).toEqual(steps.map((_, i) => i + 1));
          expect(sigmas).toHaveLength(steps.length + 1);
        }
        expect(sigmas.every((sigma, i) => i === 0 || sigma < (sigmas[i - 1] ?? 0))).toBe(true);
        expect(made.data.every(Number.isFinite)).toBe(true);
      }
    },
  );

  it.each(Dialect.options)('gives back what must not change (%s)', async (dialect) => {
    const known = { latent, mask, content: 'picture' } as const;
    for (const sampler of ['Euler a', 'DDIM', 'DPM++ 2M']) {
      const options = pipelineOptions(dialect);
      const { latent: made } = await run({ options, sampler, strength: 0.8, known });
      expect(kept(known, made.data)).toBe(true);
      expect(made.data.some((v, i) => mask[i % plane] === 1 && v !== latent[i])).toBe(true);
    }
  });

  it('starts the hole from noise or nothing when asked', async () => {
    const start = async (content: KnownPicture['content']) => {
      let initial: Float32Array | undefined;
      const trace = { initial: (data: Float32Array | undefined) => (initial = data?.slice()) };
      await run({ strength: 0.5, known: { latent, mask, content }, trace });
      return initial ?? expect.fail('No start was told');
    };
    const noise = imageNoise({ source: 'cpu', shape: latentShape, seeds: [1] }).next();
    const inHole = (data: Float32Array) => data.filter((_, i) => mask[i % plane] === 1);
    expect(inHole(await start('picture'))).toEqual(inHole(latent));
    expect(inHole(await start('noise'))).toEqual(inHole(noise));
    expect(inHole(await start('nothing')).every((v) => v === 0)).toBe(true);
    for (const content of ['picture', 'noise', 'nothing'] as const)
      expect(kept({ latent, mask, content }, await start(content))).toBe(true);
  });

  it('at full strength starts from noise alone, where the rules say so', async () => {
    const flat = latent.map(() => 0.25);
    const made = async (dialect: Dialect, picture: Float32Array) =>
      (
        await run({
          options: pipelineOptions(dialect),
          strength: 1,
          known: { latent: picture, content: 'picture' },
        })
      ).latent.data;
    expect(await made('pentimento', latent)).toEqual(await made('pentimento', flat));
    expect(await made('diffusers', latent)).not.toEqual(await made('diffusers', flat));
    expect(await made('a1111', latent)).not.toEqual(await made('a1111', flat));
  });

  it('follows a schedule in the name, and the one asked for before that', async () => {
    const sigmas = async (sampler: string, schedule: string) =>
      (await run({ sampler, schedule })).sigmas;
    const karras = await sigmas('Euler', 'Karras');
    expect(await sigmas('Euler Karras', 'automatic')).toEqual(karras);
    expect(await sigmas('Euler', 'automatic')).not.toEqual(karras);
    expect(await sigmas('Euler Karras', 'uniform')).toEqual(await sigmas('Euler', 'automatic'));
    expect(await sigmas('DPM++ 2M', '')).toEqual(karras);
  });

  it('names what is unknown', async () => {
    await expect(run({ sampler: 'Eulre' })).rejects.toMatchObject({
      code: 'E_SAMPLER_UNKNOWN',
      detail: expect.stringContaining('Euler') as string,
    });
    await expect(run({ schedule: 'karas' })).rejects.toMatchObject({
      code: 'E_SCHEDULE_UNKNOWN',
      detail: expect.stringContaining('Karras') as string,
    });
  });
});
