import { describe, expect, it } from 'vitest';
import { chooseScheduler } from '../../../../service/engine/sampling/schedulers/chooseScheduler.ts';
import { schedulerClasses } from '../../../../service/engine/sampling/schedulers/classes.ts';
import { cleanBy } from '../../../../service/engine/sampling/schedulers/clean.ts';
import { readScheduler } from '../../../../service/engine/sampling/schedulers/readScheduler.ts';

describe('a configuration', () => {
  it.each(Object.keys(schedulerClasses))('of %s may be empty', (name) => {
    expect(readScheduler(name, {})?.name).toBe(name);
  });

  it('is the class’s own default where it says nothing', () => {
    expect(readScheduler('DDIMScheduler', {})).toMatchObject({
      clean: { kind: 'clip', range: 1 },
      schedule: { spacing: 'leading', setAlphaToOne: true },
    });
    expect(readScheduler('PNDMScheduler', {})?.schedule.setAlphaToOne).toBe(false);
    expect(readScheduler('UniPCMultistepScheduler', {})).toMatchObject({
      solver: { order: 2, variant: 'bh2', overClean: true, lowerOrderFinal: true },
      schedule: { spacing: 'linspace', finalSigma: 'zero' },
    });
  });

  it('counts only as far as the class knows it', () => {
    const spread = { use_karras_sigmas: true, rescale_betas_zero_snr: true, clip_sample: true };
    const plain = readScheduler('EulerAncestralDiscreteScheduler', { clip_sample: false });
    const told = readScheduler('EulerAncestralDiscreteScheduler', {
      ...spread,
      rescale_betas_zero_snr: false,
    });
    expect(told).toEqual(plain);
    expect(readScheduler('LMSDiscreteScheduler', spread)?.alphasCumprod.at(-1)).toBeGreaterThan(
      1e-5,
    );
  });

  it('keeps the last sigma finite, or nothing of the picture', () => {
    const zero = { rescale_betas_zero_snr: true };
    expect(readScheduler('EulerDiscreteScheduler', zero)?.alphasCumprod.at(-1)).toBe(2 ** -24);
    expect(readScheduler('DDIMScheduler', zero)?.alphasCumprod.at(-1)).toBe(0);
  });

  it.each([
    ['FlowMatchEulerDiscreteScheduler', {}],
    ['EulerDiscreteScheduler', { prediction_type: 'flow_prediction' }],
    ['EulerDiscreteScheduler', { beta_schedule: 'laplace' }],
    ['EulerDiscreteScheduler', { timestep_type: 'continuous' }],
    ['EulerDiscreteScheduler', { use_karras_sigmas: true, use_beta_sigmas: true }],
    ['UniPCMultistepScheduler', { use_flow_sigmas: true }],
    ['DPMSolverMultistepScheduler', { variance_type: 'learned' }],
    ['DPMSolverMultistepScheduler', { algorithm_type: 'dpmsolver' }],
    ['DPMSolverMultistepScheduler', { solver_order: 4 }],
    [
      'DPMSolverMultistepScheduler',
      { algorithm_type: 'sde-dpmsolver', solver_order: 3, final_sigmas_type: 'sigma_min' },
    ],
  ])('of what is not built is none: %s %o', (name, json) => {
    expect(readScheduler(name, json)).toBeUndefined();
  });
});

describe('a scheduler', () => {
  const trained = { prediction: 'v', betas: { start: 0.001, end: 0.01 } } as const;
  const choose = (sampler: string, name: string, more = {}) =>
    chooseScheduler({ sampler, entry: { name }, schedule: undefined, ...more }, trained);

  it('is chosen by the sampler’s name, with the model’s noise', () => {
    expect(choose('dpmpp_2m_sde', 'DPM++ 2M SDE')).toMatchObject({
      name: 'DPMSolverMultistepScheduler',
      prediction: 'v',
      solver: { algorithm: 'sde-dpmsolver++', order: 2, rule: 'midpoint' },
      schedule: { spacing: 'leading', stepsOffset: 1 },
    });
    expect(choose('DPM adaptive', 'DPM adaptive')).toBeUndefined();
  });

  it('that is named by its class is as the model configures it', () => {
    const scheduler = { solver_order: 3, algorithm_type: 'sde-dpmsolver++', beta_end: 0.02 };
    const told = (sampler: string) =>
      chooseScheduler(
        { sampler, entry: { name: 'DPM++ 2M' }, schedule: undefined },
        { ...trained, scheduler },
      );
    expect(told('DPMSolverMultistepScheduler')?.solver).toMatchObject({ order: 3 });
    expect(told('DPM++ 2M')?.solver).toMatchObject({ order: 2, algorithm: 'dpmsolver++' });
    expect(told('DPM++ 2M')?.alphasCumprod.at(-1)).toBeLessThan(
      choose('Euler', 'Euler')!.alphasCumprod.at(-1)!,
    );
  });

  it('has the schedule that is named, where it has any but timesteps', () => {
    const karras = { schedule: 'karras' as const };
    expect(choose('Euler', 'Euler', karras)?.schedule.sigmas).toBe('karras');
    expect(choose('DDIM', 'DDIM', karras)?.schedule.sigmas).toBeUndefined();
    const trailing = choose('Euler', 'Euler', { schedule: 'sgm_uniform' });
    expect(trailing?.schedule).toMatchObject({ spacing: 'trailing' });
    expect(choose('Euler', 'Euler', { schedule: 'kl_optimal' })).toBeUndefined();
  });

  it('runs the last timestep of a model trained to pure noise', () => {
    const zero = { ...trained, betas: { ...trained.betas, zeroTerminalSnr: true } };
    const found = chooseScheduler(
      { sampler: 'Euler', entry: { name: 'Euler' }, schedule: undefined },
      zero,
    );
    expect(found?.schedule.spacing).toBe('trailing');
    expect(found?.alphasCumprod.at(-1)).toBe(2 ** -24);
  });
});

describe('a clean latent', () => {
  const latent = { data: Float32Array.of(-3, 0.5, 2, 0, 0.25, 1), shape: [2, 1, 1, 3] as const };

  it('is clipped', () => {
    expect([...cleanBy({ kind: 'clip', range: 1 })!(latent).data]).toEqual([
      -1, 0.5, 1, 0, 0.25, 1,
    ]);
  });

  it('is brought into its own image’s quantile, at least 1', () => {
    const limited = cleanBy({ kind: 'threshold', ratio: 0.5, most: 10 })!(latent);
    // The medians of the absolute values are 2 and 0.25.
    expect([...limited.data]).toEqual([-1, 0.25, 1, 0, 0.25, 1]);
    const capped = cleanBy({ kind: 'threshold', ratio: 1, most: 1.5 })!(latent);
    expect(capped.data[0]).toBe(-1);
    expect(capped.data[1]).toBeCloseTo(1 / 3, 6);
  });

  it('is left alone where nothing limits it', () => {
    expect(cleanBy(undefined)).toBeUndefined();
  });
});
