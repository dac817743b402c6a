import { describe, expect, it } from 'vitest';
import { expectedEvaluations } from '../../../service/engine/sampling/expectedEvaluations.ts';
import { samplers } from '../../../service/engine/sampling/samplers/registry.ts';
import {
  samplingNotes,
  type AskedSampling,
} from '../../../service/engine/sampling/samplingNotes.ts';

const asked: AskedSampling = {
  rule: 'scaled',
  steps: 20,
  strength: 1,
  sampler: 'Euler',
  schedule: 'automatic',
};
const evaluations = (change: Partial<AskedSampling>) =>
  expectedEvaluations({ ...asked, ...change });
const notes = (change: Partial<AskedSampling>) => samplingNotes({ ...asked, ...change });

describe('how often the network will be asked', () => {
  it('is known but for one sampler', () => {
    expect(evaluations({ sampler: 'Euler' })).toBe(20);
    expect(evaluations({ sampler: 'DPM++ SDE', strength: 0.5 })).toBe(21);
    expect(evaluations({ sampler: 'HeunPP2' })).toBe(57);
    expect(evaluations({ sampler: 'Restart', steps: 30 })).toBe(59);
    expect(evaluations({ sampler: 'PLMS', rule: 'webui', strength: 0.5 })).toBe(10);
    expect(evaluations({ sampler: 'DPM adaptive' })).toBeUndefined();
  });
});

describe('what a sampler will do otherwise than asked', () => {
  it('is nothing for most', () => {
    for (const { name } of samplers) {
      expect(notes({ sampler: name })).toHaveLength(name === 'DPM adaptive' ? 1 : 0);
    }
  });

  it('is told where a schedule does not fit', () => {
    expect(notes({ sampler: 'PLMS', schedule: 'karras' })).toEqual([
      'PLMS works on the model’s own timesteps: Karras is not used.',
    ]);
    expect(notes({ sampler: 'DDIM', schedule: 'ddim' })).toEqual([]);
    expect(notes({ sampler: 'Euler', schedule: 'karras' })).toEqual([]);
  });

  it('is told where there are too few steps', () => {
    expect(notes({ sampler: 'UniPC', steps: 2 })[0]).toMatch(/with 2/);
    expect(notes({ sampler: 'UniPC', steps: 3 })).toEqual([]);
    expect(notes({ sampler: 'Restart', steps: 19 })[0]).toMatch(/Heun/);
    expect(notes({ sampler: 'DPM++ 2M SDE', steps: 30, strength: 0.01 })[0]).toMatch(/single/);
    expect(notes({ sampler: 'DPM fast', steps: 1 })[0]).toMatch(/single/);
    expect(notes({ sampler: 'DPM++ 2M SDE', steps: 1, strength: 0, rule: 'exact' })).toEqual([]);
  });

  it('is told where AUTOMATIC1111 would answer noise', () => {
    const few = { rule: 'webui', steps: 10, strength: 0.15 } as const;
    expect(notes({ ...few, sampler: 'DDIM' })[0]).toMatch(/noise/);
    expect(notes({ ...few, sampler: 'Euler' })).toEqual([]);
    expect(notes({ ...few, rule: 'scaled', sampler: 'DDIM' })).toEqual([]);
    expect(notes({ ...few, strength: 0.2, sampler: 'DDIM' })).toEqual([]);
  });
});
