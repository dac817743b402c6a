import { describe, expect, it } from 'vitest';
import { refinerTakesOver } from '../../../service/engine/sampling/refiner.ts';
import { modelSigmas } from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import { alphasCumprod } from '../../../service/engine/sampling/sigmas/noiseSchedule.ts';

const model = modelSigmas(alphasCumprod());
const run = { model, calls: 10, ownTimesteps: false };

describe('a refiner takes over', () => {
  it('at its share of the timesteps, counted by the nearest sigma', () => {
    const takes = refinerTakesOver({ at: 0.6, measure: 'timesteps' }, run);
    expect(takes(0, model.sigmas[400], 0)).toBe(false);
    expect(takes(0, model.sigmas[399], 0)).toBe(true);
    // Nearer to 399 than to 400.
    const between = model.sigmas[399] + 0.4 * (model.sigmas[400] - model.sigmas[399]);
    expect(takes(0, between, 0)).toBe(true);
    expect(takes(0, model.sigmaMax * 2, 0)).toBe(false);
  });

  it('by the schedule’s own timestep, cut to a whole number, where it has them', () => {
    const own = { ...run, ownTimesteps: true };
    const takes = refinerTakesOver({ at: 0.6, measure: 'timesteps' }, own);
    expect(takes(0, 99, 399.9)).toBe(true);
    expect(takes(0, 0.01, 400)).toBe(false);
  });

  it('by its share of the calls where that is asked', () => {
    const takes = refinerTakesOver({ at: 0.5, measure: 'calls' }, run);
    expect([4, 5, 6].map((call) => takes(call, 14, 999))).toEqual([false, true, true]);
  });

  it('from the start at 0', () => {
    expect(refinerTakesOver({ at: 0, measure: 'timesteps' }, run)(0, model.sigmaMax, 0)).toBe(true);
    expect(refinerTakesOver({ at: 0, measure: 'calls' }, run)(0, model.sigmaMax, 0)).toBe(true);
  });
});
