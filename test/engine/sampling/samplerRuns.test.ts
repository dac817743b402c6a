/** Every sampler over a denoiser whose exact solution is known: evaluations, noise, convergence. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { levelsFor } from '../../../service/engine/sampling/samplerNeeds.ts';
import { plannedEvaluations } from '../../../service/engine/sampling/samplers/evaluations.ts';
import { samplers, type SamplerEntry } from '../../../service/engine/sampling/samplers/registry.ts';
import { modelSigmas } from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import {
  alphasCumprod,
  zeroTerminalSnr,
} from '../../../service/engine/sampling/sigmas/noiseSchedule.ts';
import { scheduleById, schedules } from '../../../service/engine/sampling/sigmas/registry.ts';
import { planSteps, type StepRule } from '../../../service/engine/sampling/steps.ts';
import type {
  Denoise,
  Latent,
  NoiseSource,
  SamplerOptions,
} from '../../../service/engine/sampling/types.ts';

const model = modelSigmas(alphasCumprod());
const zeroSnr = modelSigmas(zeroTerminalSnr(alphasCumprod()));
const mean = 0.4;
const spread = 0.7;
const shape = [1, 1, 1, 4] as const;
const names = samplers.map(({ name }) => name);
const entryOf = (name: string): SamplerEntry => samplers.find((s) => s.name === name)!;

/** The end of the way through x at sigma, for values around `mean` with deviation `spread`. */
const exact = (x: number, sigma: number): number =>
  mean + ((x - mean) * spread) / Math.hypot(spread, sigma);

function denoiser(entry: SamplerEntry) {
  let calls = 0;
  const denoise: Denoise<Float64Array> = ({ data }, sigma) => {
    calls++;
    const own = spread ** 2 / (spread ** 2 + sigma ** 2);
    const expected = (x: number) => own * x + (1 - own) * mean;
    const of = entry.consistency === true ? (x: number) => exact(x, sigma) : expected;
    return Promise.resolve({ data: data.map(of), shape });
  };
  return { denoise, calls: () => calls };
}

function noiseOf(value: number) {
  let draws = 0;
  const noise: NoiseSource = {
    next() {
      draws++;
      return Float32Array.of(value, -value, value / 2, 1);
    },
  };
  return { noise, draws: () => draws };
}

async function run(
  entry: SamplerEntry,
  sigmas: readonly number[],
  options: SamplerOptions = {},
  noiseValue = 0.3,
) {
  const { denoise, calls } = denoiser(entry);
  const { noise, draws } = noiseOf(noiseValue);
  const first = sigmas[0]!;
  const start = { data: Float64Array.of(first, -first, 2 * first, 0), shape };
  let latent: Latent<Float64Array> = start;
  let yields = 0;
  for await (const step of entry.sample(denoise, start, sigmas, noise, options)) {
    latent = step.latent;
    yields++;
  }
  return { start, result: latent.data, calls: calls(), draws: draws(), yields };
}

const rules: readonly StepRule[] = ['webui', 'webui-exact', 'scaled', 'exact', 'diffusers'];
const plans = fc.record({
  rule: fc.constantFrom(...rules),
  steps: fc.integer({ min: 1, max: 60 }),
  strength: fc.oneof(
    fc.constantFrom(undefined, 0, 1),
    fc.double({ min: 0.05, max: 1, noNaN: true }),
  ),
  schedule: fc.constantFrom(...schedules),
  trained: fc.constantFrom(model, zeroSnr),
});

describe.each(names)('%s', (name) => {
  const entry = entryOf(name);

  it('evaluates and draws as often as planned, for any request', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async ({ rule, steps, strength, schedule, trained }) => {
        const plan = planSteps({
          rule,
          steps,
          ...(strength === undefined ? {} : { strength }),
          sampler: entry,
          schedule: entry.space === 'timestep' ? scheduleById(entry.schedule) : schedule,
          model: levelsFor(entry, trained),
        });
        const { result, calls, draws, yields } = await run(entry, plan.sigmas, {
          eta: entry.eta ?? 0,
        });
        expect(result.every(Number.isFinite)).toBe(true);
        if (plan.evaluations === undefined)
          expect(calls).toBeGreaterThanOrEqual(plan.steps > 0 ? 1 : 0);
        else expect(calls).toBe(plan.evaluations);
        expect(yields > 0).toBe(plan.steps > 0);
        expect(draws).toBeLessThanOrEqual(Math.max(1, calls));
      }),
      { numRuns: 40 },
    );
  });

  // Without noise of its own to leave out there is no solution to come nearer to.
  const isStochastic = name === 'ER SDE';
  if (!isStochastic)
    it('comes nearer to the exact solution with more steps', async () => {
      const levels = levelsFor(entry, model);
      const errorOf = async (steps: number): Promise<number> => {
        const schedule = scheduleById(entry.space === 'timestep' ? entry.schedule : 'karras');
        const { sigmas } = planSteps({
          rule: 'scaled',
          steps,
          sampler: entry,
          schedule,
          model: levels,
        });
        const { start, result } = await run(entry, sigmas, { eta: 0, restarts: [] });
        return Math.max(...result.map((x, i) => Math.abs(x - exact(start.data[i]!, sigmas[0]!))));
      };
      // A consistency model arrives with a single step; further ones draw noise.
      if (entry.consistency === true) return expect(await errorOf(1)).toBeLessThan(1e-9);
      const [few, many] = [await errorOf(8), await errorOf(48)];
      // The last evaluation is at the smallest sigma; DPM adaptive is as exact as its tolerance.
      expect(many).toBeLessThan(name === 'DPM adaptive' ? 0.05 : Math.max(few / 2, 2e-3));
      expect(many).toBeLessThan(0.1);
    });

  it(`${entry.noise === 'none' ? 'does not feel' : 'feels'} the noise`, async () => {
    const sigmas = scheduleById('karras').sigmas({ ...model, model, n: 24 });
    const one = await run(entry, sigmas, { eta: 1 }, 0.3);
    const other = await run(entry, sigmas, { eta: 1 }, -0.8);
    expect(Array.from(one.result).join() === Array.from(other.result).join()).toBe(
      entry.noise === 'none',
    );
  });
});

describe('planned evaluations', () => {
  it('are none without a step', () => {
    for (const name of names) expect(plannedEvaluations(entryOf(name), [0])).toBe(0);
  });

  it('count the ways back of Restart', () => {
    const sigmas = scheduleById('karras').sigmas({ ...model, model, n: 40 });
    // 20 down, and 2 x 10 again; the way to 0 has one evaluation.
    expect(plannedEvaluations(entryOf('Restart'), sigmas)).toBe(79);
  });
});
