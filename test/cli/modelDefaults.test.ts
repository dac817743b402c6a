import { describe, expect, it } from 'vitest';
import { nativeSideOf, withModelDefaults } from '../../service/cli/modelDefaults.ts';
import type { ModelInfo } from '../../shared/api.ts';
import { checkpoint } from '../fakes/session.ts';

const suggested = { sampler: 'LCM', schedule: 'SGM Uniform', steps: 6, cfgScale: 1.5 };
const lcm: ModelInfo = { ...checkpoint, id: 'sd1-photo-lcm', name: 'photo_LCM', suggested };
const models = [checkpoint, lcm];

describe('what a few-step model brings', () => {
  it.each(['sd1-photo-lcm', 'photo_LCM', 'photo_lcm.safetensors'])('is found as %j', (model) => {
    const { options, note } = withModelDefaults({ model }, models);
    expect(options).toEqual({
      model,
      steps: '6',
      cfg: '1.5',
      sampler: 'LCM',
      schedule: 'SGM Uniform',
    });
    expect(note).toBe(
      '"photo_LCM" is a few-step model: --steps 6 --cfg 1.5 --sampler LCM --schedule "SGM Uniform" unless you give others.',
    );
  });

  it('gives way to what is given', () => {
    const given = { model: lcm.id, steps: '12', sampler: 'Euler a' };
    const { options, note } = withModelDefaults(given, models);
    expect(options).toEqual({ ...given, cfg: '1.5', schedule: 'SGM Uniform' });
    expect(note).not.toContain('--steps');
    const all = { ...given, cfg: '2', schedule: 'karras' };
    expect(withModelDefaults(all, models)).toEqual({ options: all, note: undefined });
  });

  it('is the first usable model’s where none is named, and none for others', () => {
    expect(withModelDefaults({}, models).note).toBeUndefined();
    const broken = { ...checkpoint, usable: false };
    expect(withModelDefaults({}, [broken, lcm]).options.steps).toBe('6');
    expect(withModelDefaults({ model: 'elsewhere' }, models).note).toBeUndefined();
  });
});

describe('the side that a model was trained at', () => {
  it('is what its files say, else its family’s', () => {
    const xl: ModelInfo = { ...checkpoint, id: 'xl', name: 'xl', family: 'sdxl' };
    const small: ModelInfo = { ...checkpoint, id: 'small', name: 'small', nativeSide: 256 };
    const known = [checkpoint, xl, small];
    expect(known.map(({ id }) => nativeSideOf({ model: id }, known))).toEqual([512, 1024, 256]);
    expect(nativeSideOf({ model: 'elsewhere' }, known)).toBe(512);
  });
});
