import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PentimentoError } from '../../../shared/errors.ts';
import { findSampler, samplers } from '../../../service/engine/sampling/samplers/registry.ts';
import {
  betaDistribution,
  betaQuantile,
} from '../../../service/engine/sampling/sigmas/betaQuantile.ts';
import { ddimTimesteps, sigmaLevels } from '../../../service/engine/sampling/sigmas/levels.ts';
import { modelSigmas } from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import {
  alphasCumprod,
  zeroTerminalSnr,
} from '../../../service/engine/sampling/sigmas/noiseSchedule.ts';
import {
  consistencyBoundary,
  consistencySigmas,
} from '../../../service/engine/sampling/sigmas/consistency.ts';
import { uniPcLevels } from '../../../service/engine/sampling/sigmas/uniPcLevels.ts';
import { findSchedule, schedules } from '../../../service/engine/sampling/sigmas/registry.ts';

const model = modelSigmas(alphasCumprod());

describe('the model’s sigmas', () => {
  it('are those of Stable Diffusion', () => {
    expect(model.sigmaMin).toBe(Math.fround(0.029167532920837402));
    expect(model.sigmaMax).toBe(Math.fround(14.614642143249512));
  });

  it('go to timesteps and back', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 999, noNaN: true }), (t) => {
        expect(model.sigmaToT(model.tToSigma(t))).toBeCloseTo(t, 1);
      }),
    );
    expect(model.sigmaToT(100)).toBe(999);
    expect(model.sigmaToT(0)).toBe(0);
  });
});

describe('schedules', () => {
  const models = { usual: model, zeroSnr: modelSigmas(zeroTerminalSnr(alphasCumprod())) };
  for (const schedule of schedules) {
    it(`${schedule.label} decreases and ends at 0, for any number of steps`, () => {
      for (const each of Object.values(models)) {
        for (const n of [1, 2, 3, 11, 20, 150, 1000, 1200]) {
          const sigmas = sigmaLevels(n, {}, schedule, each);
          expect(sigmas.every(Number.isFinite)).toBe(true);
          expect(sigmas.every((s, i) => i === 0 || s < sigmas[i - 1]!)).toBe(true);
          expect(sigmas.every((s) => Math.fround(s) === s)).toBe(true);
          // KL optimal keeps the smallest sigma, as it was published.
          if (schedule.id !== 'kl_optimal') expect(sigmas.at(-1)).toBe(0);
        }
      }
    });
  }

  it('decrease and end as documented between any two sigmas', () => {
    const ranges = fc.record({
      schedule: fc.constantFrom(...schedules),
      n: fc.integer({ min: 1, max: 200 }),
      sigmaMin: fc.double({ min: 0.03, max: 1, noNaN: true }),
      width: fc.double({ min: 1.5, max: 14, noNaN: true }),
      rho: fc.double({ min: 1, max: 10, noNaN: true }),
      dropPenultimate: fc.boolean(),
    });
    fc.assert(
      fc.property(ranges, ({ schedule, n, sigmaMin, width, rho, dropPenultimate }) => {
        const sigmaMax = sigmaMin * width;
        const options = { sigmaMin, sigmaMax, rho, dropPenultimate };
        const sigmas = sigmaLevels(n, {}, schedule, model, options);
        expect(sigmas.length).toBeGreaterThan(1);
        expect(sigmas.every((s, i) => i === 0 || s < sigmas[i - 1]!)).toBe(true);
        const least = schedule.id === 'kl_optimal' ? sigmaMin : 0;
        expect(sigmas.at(-1)).toBeCloseTo(least, 5);
        // These are the model's own levels, whatever the ends.
        if (['uniform', 'simple', 'ddim', 'align_your_steps'].includes(schedule.id)) return;
        expect(sigmas[0]).toBeLessThanOrEqual(sigmaMax * (1 + 1e-5));
        expect(sigmas.at(-2)).toBeGreaterThanOrEqual(sigmaMin * (1 - 1e-5));
      }),
      { numRuns: 300 },
    );
  });

  it('are of 50 levels for consistency models, met by the nearest timestep', () => {
    const own = consistencySigmas(model);
    expect(own.sigmas).toHaveLength(50);
    expect(own.sigmaToT(own.sigmaMax)).toBe(999);
    expect(own.sigmaToT(0)).toBe(19);
    for (const schedule of schedules) {
      const sigmas = sigmaLevels(6, {}, schedule, own);
      expect(sigmas.every((s, i) => i === 0 || s < sigmas[i - 1]!)).toBe(true);
      expect(sigmas.every((s) => (own.sigmaToT(s) + 1) % 20 === 0)).toBe(true);
    }
    expect(consistencyBoundary(0)).toEqual({ skip: 1, out: 0 });
    expect(consistencyBoundary(999).out).toBeCloseTo(1, 6);
  });

  it('of UniPC lie between its times in each of its ways', () => {
    for (const skip of ['time_uniform', 'time_quadratic', 'logSNR'] as const) {
      for (const from of [undefined, 0, 1, 501, 999]) {
        const { sigmas, timesteps } = uniPcLevels({
          model,
          n: 5,
          skip,
          ...(from === undefined ? {} : { from }),
        });
        expect(sigmas).toHaveLength(6);
        expect(sigmas[0]).toBeCloseTo(model.sigmas[from ?? 999]!, 4);
        expect(sigmas[5]).toBeCloseTo(model.sigmaMin, 6);
        if (from !== 0) expect(sigmas.every((s, i) => i === 0 || s < sigmas[i - 1]!)).toBe(true);
        expect(timesteps![0]).toBeCloseTo(from ?? 999, 2);
        expect(timesteps![5]).toBeCloseTo(0, 3);
      }
    }
  });

  it('leave the last but one sigma out where the sampler wants it', () => {
    const karras = findSchedule('karras')!;
    const sigmas = sigmaLevels(10, { dropsPenultimate: true }, karras, model);
    const longer = sigmaLevels(11, {}, karras, model);
    expect(sigmas).toEqual([...longer.slice(0, -2), 0]);
  });

  it('answer no steps with the end alone', () => {
    expect(sigmaLevels(0, {}, findSchedule('simple')!, model)).toEqual([0]);
  });

  it('know DDIM’s timesteps, also when they are more than asked', () => {
    expect(ddimTimesteps(4)).toEqual([1, 251, 501, 751]);
    expect(ddimTimesteps(3)).toEqual([1, 334, 667, 999]);
    expect(ddimTimesteps(5000)).toHaveLength(1000);
  });
});

describe('beta quantiles', () => {
  it('invert the distribution', () => {
    for (const p of [1e-9, 1e-3, 0.2, 0.5, 0.77, 0.999999]) {
      expect(betaDistribution(betaQuantile(p, 0.6, 0.6), 0.6, 0.6)).toBeCloseTo(p, 12);
    }
    expect(betaQuantile(0.5, 2, 2)).toBeCloseTo(0.5, 14);
    expect(betaQuantile(0.75, 1, 1)).toBeCloseTo(0.75, 14);
  });
});

describe('names', () => {
  it('of samplers are found in every spelling people use', () => {
    const spellings = [
      ['DPM++ 2M', 'dpmpp_2m', 'k_dpmpp_2m', 'dpm++ 2m', 'DPMSolverMultistepScheduler'],
      ['Euler a', 'euler_ancestral', 'EULER A', 'k_euler_a'],
      ['DDIM', 'ddim', 'DDIMScheduler'],
    ];
    for (const [name, ...others] of spellings) {
      for (const other of others) expect(findSampler(other).entry.name).toBe(name);
    }
  });

  it('of samplers may carry a schedule', () => {
    const { entry, schedule } = findSampler('DPM++ 2M SDE Heun Karras');
    expect([entry.name, schedule?.id]).toEqual(['DPM++ 2M SDE Heun', 'karras']);
    expect(findSampler('Euler SGM Uniform').schedule?.id).toBe('sgm_uniform');
    expect(findSampler('DPM++ 2M').schedule).toBeUndefined();
  });

  it('that do not exist are answered with the nearest', () => {
    const codeOf = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        if (error instanceof PentimentoError) return `${error.code} ${error.detail}`;
      }
      return 'nothing thrown';
    };
    expect(codeOf(() => findSampler('DPM+ 2M'))).toMatch(/^E_SAMPLER_UNKNOWN .*DPM\+\+ 2M/);
    expect(codeOf(() => findSampler('x'.repeat(5000)))).toMatch(/^E_SAMPLER_UNKNOWN /);
    expect(codeOf(() => findSchedule('karas'))).toMatch(/^E_SCHEDULE_UNKNOWN .*Karras/);
  });

  it('are unique, and automatic means the sampler’s own', () => {
    expect(findSchedule('Automatic')).toBeUndefined();
    for (const entry of samplers) expect(findSampler(entry.name).entry).toBe(entry);
    for (const entry of schedules) expect(findSchedule(entry.label)).toBe(entry);
  });
});
