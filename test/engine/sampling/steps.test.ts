import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelSigmas } from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import { alphasCumprod } from '../../../service/engine/sampling/sigmas/noiseSchedule.ts';
import { schedules, scheduleById } from '../../../service/engine/sampling/sigmas/registry.ts';
import { finishedLatent, noisedStart } from '../../../service/engine/sampling/start.ts';
import {
  planSteps,
  type StepRequest,
  type StepRule,
} from '../../../service/engine/sampling/steps.ts';

const model = modelSigmas(alphasCumprod());
const karras = scheduleById('karras');
const request = { model, schedule: karras, sampler: { space: 'sigma' as const } };
const ddim = { ...request, sampler: { space: 'timestep' as const } };
const stepsOf = (r: StepRequest) => planSteps(r).steps;

describe('how many steps a strength leaves', () => {
  it('as AUTOMATIC1111 counts: one more than the share', () => {
    const rule = 'webui';
    expect(stepsOf({ ...request, rule, steps: 20, strength: 0.75 })).toBe(16);
    expect(stepsOf({ ...request, rule, steps: 20, strength: 0 })).toBe(1);
    expect(stepsOf({ ...request, rule, steps: 20, strength: 1 })).toBe(20);
    expect(stepsOf({ ...request, rule, steps: 20 })).toBe(20);
  });

  it('for DDIM as AUTOMATIC1111 counts: two fewer, noised one step further', () => {
    const plan = planSteps({ ...ddim, rule: 'webui', steps: 8, strength: 0.75 });
    // The last one is where it ends; PLMS looks there.
    expect(plan.timesteps).toEqual([626, 501, 376, 251, 126, 1]);
    expect(plan.noiseSigma).toBe(model.sigmas[751]);
    expect(plan.sigmas.at(-1)).toBe(model.sigmas[1]);
  });

  it('scaled: the same number for every sampler, all ending at 0', () => {
    const plan = planSteps({ ...ddim, rule: 'scaled', steps: 20, strength: 0.75 });
    expect(plan.steps).toBe(16);
    expect(plan.sigmas.at(-1)).toBe(0);
    expect(plan.noiseSigma).toBe(plan.sigmas[0]);
    expect(stepsOf({ ...request, rule: 'scaled', steps: 20, strength: 0.75 })).toBe(16);
  });

  it('exact: what was asked at any strength but 0', () => {
    for (const strength of [0.05, 0.3, 0.5, 1]) {
      expect(stepsOf({ ...request, rule: 'exact', steps: 12, strength })).toBe(12);
      expect(stepsOf({ ...ddim, rule: 'exact', steps: 12, strength })).toBe(12);
    }
    expect(stepsOf({ ...request, rule: 'exact', steps: 12, strength: 0 })).toBe(0);
  });

  it('as diffusers counts', () => {
    const rule = 'diffusers';
    expect(stepsOf({ ...request, rule, steps: 20, strength: 0.75 })).toBe(15);
    expect(stepsOf({ ...request, rule, steps: 20, strength: 1 })).toBe(20);
    expect(stepsOf({ ...request, rule, steps: 20, strength: 0.04 })).toBe(0);
  });

  it('never is more than asked for, never negative, and the plan is whole, for any request', () => {
    const rules: StepRule[] = ['webui', 'webui-exact', 'scaled', 'exact', 'diffusers'];
    const spaces = fc.constantFrom('sigma' as const, 'timestep' as const);
    fc.assert(
      fc.property(
        fc.constantFrom(...rules),
        fc.integer({ min: 1, max: 150 }),
        fc.option(fc.double({ min: -1, max: 2 }), { nil: undefined }),
        spaces,
        fc.constantFrom(...schedules),
        (rule, steps, strength, space, schedule) => {
          const plan = planSteps({
            rule,
            steps,
            ...(strength === undefined ? {} : { strength }),
            sampler: { space },
            schedule,
            model,
          });
          // DDIM's own list may be longer than asked (1000 / 30 is no whole number).
          expect(plan.steps).toBeLessThanOrEqual(steps * 2);
          expect(plan.sigmas.length).toBe(plan.steps + 1);
          expect(plan.sigmas.every((s, i) => i === 0 || s < plan.sigmas[i - 1]!)).toBe(true);
          expect(Number.isFinite(plan.noiseSigma)).toBe(true);
        },
      ),
    );
  });
});

describe('start and result', () => {
  const noise = Float32Array.of(1, -2);
  const shape = [1, 1, 1, 2] as const;

  it('are the picture with noise of the first level', () => {
    const plan = planSteps({ ...request, rule: 'webui', steps: 20, strength: 0.5 });
    const { data } = noisedStart({ plan, noise, shape, initial: Float32Array.of(3, 4) });
    expect(data[0]).toBeCloseTo(3 + plan.sigmas[0]!, 5);
    expect(data[1]).toBeCloseTo(4 - 2 * plan.sigmas[0]!, 5);
  });

  it('are the same latent again when nothing is run', () => {
    const plan = planSteps({ ...ddim, rule: 'scaled', steps: 20, strength: 0.5 });
    const flat = { ...plan, noiseSigma: 0, sigmas: [0.7] };
    const initial = Float32Array.of(3, 4);
    const start = noisedStart({ plan: flat, noise, shape, initial });
    const { data } = finishedLatent(start, flat);
    expect(data[0]).toBeCloseTo(3, 6);
    expect(data[1]).toBeCloseTo(4, 6);
  });

  it('begin with noise alone for a text', () => {
    const plan = planSteps({ ...request, rule: 'webui', steps: 20 });
    expect(noisedStart({ plan, noise, shape }).data[0]).toBeCloseTo(plan.sigmas[0]!, 5);
    const sgm = noisedStart({ plan, noise, shape, sgmNoise: true });
    expect(sgm.data[0]).toBeCloseTo(Math.hypot(1, plan.sigmas[0]!), 5);
  });
});
