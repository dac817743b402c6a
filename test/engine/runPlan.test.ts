import { describe, expect, it } from 'vitest';
import type { DiffuseInput } from '../../service/engine/diffuse.ts';
import { pipelineOptions } from '../../service/engine/plan/pipelineOptions.ts';
import { planRun } from '../../service/engine/runPlan.ts';
import type { Dialect } from '../../shared/request.ts';
import { arithmeticModel } from './arithmeticModel.ts';

const model = arithmeticModel();
const scheduler = { timestep_spacing: 'trailing', steps_offset: 1 };
const own = { ...model, facts: { ...model.facts, scheduler } };

function planned(dialect: Dialect, more: Partial<DiffuseInput> = {}) {
  return planRun({
    model: own,
    options: pipelineOptions(dialect),
    sampler: 'Euler',
    schedule: 'automatic',
    steps: 4,
    cfgScale: 1,
    conditioning: () => ({ positive: [], negative: [] }),
    shape: [1, 4, 2, 2],
    seeds: [1],
    noise: { next: () => new Float32Array(16) },
    ...more,
  });
}

describe('a model with a scheduler of its own', () => {
  it('places the steps where no schedule is asked for', () => {
    expect(planned('pentimento').plan.timesteps).toEqual([999, 749, 499, 249]);
    expect(planned('pentimento', { schedule: 'karras' }).plan.timesteps).toBeUndefined();
    expect(planned('pentimento', { model }).plan.timesteps).toBeUndefined();
  });

  it('has no say in AUTOMATIC1111’s dialect', () => {
    expect(planned('a1111').plan).toEqual(planned('a1111', { model }).plan);
  });

  it('leaves as many calls as a strength asks, two a step for Heun', () => {
    const half = { strength: 0.5, sampler: 'Heun' };
    const { plan } = planned('pentimento', half);
    // int(0.5 x 4) + 1 of the 4 steps, as without a scheduler.
    expect(plan.timesteps).toEqual([749, 499, 499, 249, 249]);
    expect(plan.evaluations).toBe(5);
  });

  it('runs nothing but the picture itself at strength 0', () => {
    const { plan } = planned('diffusers', { strength: 0 });
    expect(plan.sigmas).toEqual([0]);
    // PNDM's list is one longer than its steps.
    expect(planned('diffusers', { strength: 0, sampler: 'PLMS' }).plan.timesteps).toEqual([249]);
  });

  it('spaces the steps of samplers that diffusers does not have', () => {
    const { plan, sampler } = planned('pentimento', { sampler: 'DPM++ 2S a' });
    expect(plan.timesteps).toEqual([999, 749, 499, 249]);
    expect(sampler.name).toBe('DPM++ 2S a');
  });

  it('may have a seed for its Brownian tree', () => {
    const seeded = { ...own, facts: { ...own.facts, scheduler: { noise_sampler_seed: 7 } } };
    const asked = { sampler: 'DPMSolverSDEScheduler', model: seeded };
    expect(planned('diffusers', asked)).toMatchObject({
      treeSeed: 7,
      sampler: { noise: 'brownian' },
    });
    expect(planned('diffusers', { sampler: 'DPM++ SDE' }).treeSeed).toBeUndefined();
  });
});
