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
