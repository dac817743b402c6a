import { describe, expect, it } from 'vitest';
import { brownianNoise } from '../../../../service/engine/sampling/noise/brownianTree.ts';
import { TorchGenerator } from '../../../../service/engine/sampling/noise/torchGenerator.ts';
import type { SchedulerJson } from '../../../../service/engine/sampling/schedulers/classes.ts';
import { makeScheduler } from '../../../../service/engine/sampling/schedulers/makeScheduler.ts';
import { readScheduler } from '../../../../service/engine/sampling/schedulers/readScheduler.ts';
import type { Denoise, Latent } from '../../../../service/engine/sampling/types.ts';

const base = { beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear' };
const mean = 0.4;
const spread = 0.5;

/** The perfect denoiser of values around `mean` with standard deviation `spread`. */
const expectation: Denoise<Float64Array> = ({ data, shape }, sigma) =>
  Promise.resolve({
    data: data.map((x) => (x * spread ** 2 + mean * sigma ** 2) / (spread ** 2 + sigma ** 2)),
    shape,
  });

/** Where the way through x at sigma crosses another level, without fresh noise. */
const alongWay = (x: number, sigma: number, to: number) =>
  mean + ((x - mean) * Math.hypot(spread, to)) / Math.hypot(spread, sigma);

const values = 1024;

/** Noise at the first level, and what the scheduler makes of it in n steps, in double precision. */
async function ran(name: string, json: SchedulerJson, n: number, begin = 0) {
  const config = readScheduler(name, { ...base, ...json });
  if (!config) return expect.fail(`Expected the scheduler ${name}.`);
  const scheduler = makeScheduler(config, config.alphasCumprod, n);
  const sigmas = scheduler.levels.sigmas.slice(begin);
  const generator = new TorchGenerator(1);
  const shape: Latent['shape'] = [1, 1, 1, values];
  const first = sigmas[0]!;
  const start = Float64Array.from(
    generator.normal(values),
    (v) => mean + v * Math.hypot(spread, first),
  );
  const positive = scheduler.levels.sigmas.filter((sigma) => sigma > 0);
  const noise =
    scheduler.noise === 'brownian'
      ? brownianNoise({
          source: 'cpu',
          seeds: [2],
          size: values,
          sigmaMin: Math.min(...positive),
          sigmaMax: Math.max(...positive),
        })
      : { next: () => generator.normal(values) };
  let data: Float64Array = start;
  let calls = 0;
  const run = scheduler.sample(expectation, { data: start, shape }, sigmas, noise, {});
  for await (const step of run) {
    data = step.latent.data;
    expect(step.step).toBe(++calls);
  }
  expect(calls).toBe(sigmas.length - 1);
  const end = sigmas.at(-1)!;
  const error = Math.hypot(...data.map((v, i) => v - alongWay(start[i]!, first, end)));
  return { data, error: error / Math.sqrt(values), end };
}

/** Even in log sigma, to the training's first level: where the orders show. */
const even = { use_exponential_sigmas: true };
const open = { ...even, final_sigmas_type: 'sigma_min', lower_order_final: false };
const trailing = { timestep_spacing: 'trailing' };

describe('without fresh noise a scheduler follows the way through its start', () => {
  it.each<[string, SchedulerJson, number]>([
    ['EulerDiscreteScheduler', even, 1.8],
    ['DDIMScheduler', { ...trailing, clip_sample: false }, 1.5],
    ['HeunDiscreteScheduler', even, 3],
    ['KDPM2DiscreteScheduler', even, 3],
    ['LMSDiscreteScheduler', even, 3],
    ['PNDMScheduler', { skip_prk_steps: true }, 1.8],
    ['PNDMScheduler', { skip_prk_steps: false }, 1.8],
    ['DPMSolverMultistepScheduler', { ...open, solver_order: 1 }, 1.8],
    ['DPMSolverMultistepScheduler', { ...open, solver_order: 2 }, 3.3],
    ['DPMSolverMultistepScheduler', { ...open, solver_order: 2, solver_type: 'heun' }, 3.3],
    ['DPMSolverMultistepScheduler', { ...open, solver_order: 3 }, 4.5],
    ['DPMSolverMultistepScheduler', { ...open, algorithm_type: 'dpmsolver' }, 3.3],
    ['DPMSolverSinglestepScheduler', { ...open, solver_order: 2 }, 3.3],
    ['DPMSolverSinglestepScheduler', { ...open, solver_order: 3, solver_type: 'heun' }, 6],
    ['UniPCMultistepScheduler', { ...open, solver_order: 2 }, 6],
    ['UniPCMultistepScheduler', { ...open, solver_order: 3, solver_type: 'bh1' }, 6],
    ['UniPCMultistepScheduler', { ...open, solver_order: 2, predict_x0: false }, 6],
    ['DEISMultistepScheduler', { ...open, solver_order: 2 }, 3.3],
    ['DEISMultistepScheduler', { ...open, solver_order: 3 }, 6],
  ])('%s %o: half the step, at most 1 / %d of the error', async (name, json, gain) => {
    const coarse = await ran(name, json, 25);
    const fine = await ran(name, json, 50);
    expect(coarse.error / fine.error).toBeGreaterThan(gain);
    expect(fine.error).toBeLessThan(0.05);
  });
});

describe('with fresh noise a scheduler ends in the right distribution', () => {
  const sde = { algorithm_type: 'sde-dpmsolver++', use_karras_sigmas: true };
  it.each<[string, SchedulerJson]>([
    ['EulerAncestralDiscreteScheduler', {}],
    ['KDPM2AncestralDiscreteScheduler', {}],
    ['DPMSolverSDEScheduler', { use_karras_sigmas: true }],
    ['DPMSolverMultistepScheduler', sde],
    ['DPMSolverMultistepScheduler', { ...sde, solver_type: 'heun' }],
    ['DPMSolverSinglestepScheduler', sde],
    [
      'DPMSolverMultistepScheduler',
      { ...sde, algorithm_type: 'sde-dpmsolver', final_sigmas_type: 'sigma_min' },
    ],
  ])('%s %o', async (name, json) => {
    const { data, end } = await ran(name, json, 40);
    const average = data.reduce((sum, v) => sum + v, 0) / values;
    const deviation = Math.hypot(...data.map((v) => v - average)) / Math.sqrt(values);
    expect(Math.abs(average - mean)).toBeLessThan(0.08);
    expect(Math.abs(deviation - Math.hypot(spread, end))).toBeLessThan(0.08);
  });
});

describe('a strength', () => {
  it.each(['HeunDiscreteScheduler', 'UniPCMultistepScheduler', 'LMSDiscreteScheduler'])(
    'leaves the end of %s, which still arrives',
    async (name) => {
      const { error } = await ran(name, {}, 30, 20);
      expect(error).toBeLessThan(0.05);
    },
  );
});

describe('a distilled model’s scheduler', () => {
  const endOfWay: Denoise<Float64Array> = ({ data, shape }, sigma) =>
    Promise.resolve({ data: data.map((x) => alongWay(x, sigma, 0)), shape });

  it.each(['LCMScheduler', 'TCDScheduler'])('%s keeps the distribution', async (name) => {
    const config = readScheduler(name, {});
    if (!config) return expect.fail(`Expected the scheduler ${name}.`);
    const { sample, levels } = makeScheduler(config, config.alphasCumprod, 4);
    const generator = new TorchGenerator(3);
    const first = levels.sigmas[0]!;
    const start = Float64Array.from(
      generator.normal(values),
      (v) => mean + v * Math.hypot(spread, first),
    );
    const noise = { next: () => generator.normal(values) };
    let data: Float64Array = start;
    const latent = { data: start, shape: [1, 1, 1, values] as const };
    for await (const step of sample(endOfWay, latent, levels.sigmas, noise, { eta: 1 })) {
      data = step.latent.data;
    }
    const average = data.reduce((sum, v) => sum + v, 0) / values;
    const deviation = Math.hypot(...data.map((v) => v - average)) / Math.sqrt(values);
    expect(Math.abs(average - mean)).toBeLessThan(0.08);
    expect(Math.abs(deviation - spread)).toBeLessThan(0.08);
  });
});

describe('known latents of schedulers that look at the middle of a step', () => {
  it.each(['KDPM2DiscreteScheduler', 'KDPM2AncestralDiscreteScheduler', 'DPMSolverSDEScheduler'])(
    '%s are noised for it to where the step ends',
    async (name) => {
      const config = readScheduler(name, { ...base, ...even });
      if (!config) return expect.fail(`Expected the scheduler ${name}.`);
      const { levels, sample } = makeScheduler(config, config.alphasCumprod, 4);
      const { sigmas } = levels;
      const start: Latent<Float64Array> = { data: Float64Array.of(1), shape: [1, 1, 1, 1] };
      const noise = { next: () => Float32Array.of(0) };
      // The calls: a level, a middle, the next level, a middle, ... With fewer calls it begins at a level.
      for (const begin of [0, 2]) {
        const told: (number | undefined)[] = [];
        const run = sample(expectation, start, sigmas.slice(begin), noise, {});
        for await (const { sigma } of run) told.push(sigma);
        const plain = [2, 2, 4, 4, 6, 6, 7].slice(begin).map((at) => sigmas[at]);
        expect(told).toEqual(plain);
      }
      expect(sigmas[1]).toBeGreaterThan(sigmas[2]!);
    },
  );
});
