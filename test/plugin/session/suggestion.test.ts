import { describe, expect, it } from 'vitest';
import { defaultSettings, type Settings } from '../../../plugin/session/settings.ts';
import { initialState } from '../../../plugin/session/state.ts';
import { settingsOffer } from '../../../plugin/session/suggestion.ts';
import type { ModelInfo } from '../../../shared/api.ts';
import { catalogue, checkpoint, hostWithSelection } from '../../fakes/session.ts';

const suggested = { sampler: 'LCM', schedule: 'SGM Uniform', steps: 6, cfgScale: 1.5 };
const lcm: ModelInfo = { ...checkpoint, id: 'lcm', name: 'photo_lcm', suggested };
const fewSteps = { sampler: 'LCM', schedule: 'sgm_uniform', steps: 6, cfgScale: 1.5 };

function offer(settings: Partial<Settings>) {
  const state = initialState({ ...defaultSettings, ...settings }, hostWithSelection);
  return settingsOffer({ ...state, catalogue, models: [checkpoint, lcm] });
}

describe('settings that suit a model', () => {
  it('are offered for a few-step model until they are set', () => {
    expect(offer({ model: 'lcm' })).toEqual({
      kind: 'few-steps',
      modelId: 'lcm',
      change: fewSteps,
    });
    expect(offer({ model: 'lcm', ...fewSteps })).toBeUndefined();
    expect(offer({ model: 'lcm', ...fewSteps, cfgScale: 7 })?.kind).toBe('few-steps');
  });

  it('are offered back when another model finds them', () => {
    const { sampler, schedule, steps, cfgScale } = defaultSettings;
    expect(offer(fewSteps)).toEqual({
      kind: 'usual',
      modelId: checkpoint.id,
      change: { sampler, schedule, steps, cfgScale },
    });
  });

  it('are not taken for left over when a LoRA may want them', () => {
    expect(offer({ ...fewSteps, prompt: 'a boat <lora:lcm:1>' })).toBeUndefined();
  });

  it('are left alone for any other model, and where no model is needed', () => {
    expect(offer({ steps: 6, cfgScale: 1.5 })).toBeUndefined();
    expect(offer({ model: 'lcm', mode: 'remove' })).toBeUndefined();
  });
});
