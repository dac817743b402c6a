import { describe, expect, it } from 'vitest';
import type { ModelInfo } from '../../../shared/api.ts';
import { refinerChoices, refinerOf } from '../../../plugin/session/refiner.ts';
import { settingsOfRequest } from '../../../plugin/session/settingsOfRequest.ts';
import { initialState } from '../../../plugin/session/state.ts';
import { defaultSettings } from '../../../plugin/session/settings.ts';
import { checkpoint, hostWithSelection } from '../../fakes/session.ts';
import { text } from '../../engine/jobs.ts';

const xl: ModelInfo = { ...checkpoint, id: 'xl', name: 'xl', family: 'sdxl' };
const refiner: ModelInfo = { ...checkpoint, id: 'refiner', name: 'r', family: 'sdxl-refiner' };
const inpainting: ModelInfo = { ...xl, id: 'xl-inpaint', variant: 'inpainting' };

function choices(model: string, refinerModel = '') {
  const state = initialState(defaultSettings, hostWithSelection);
  const models = [checkpoint, xl, refiner, inpainting];
  const settings = { ...state.settings, model, refinerModel };
  return refinerChoices({ ...state, models, settings }).map(({ id }) => id);
}

describe('the refiner', () => {
  it('is offered for SDXL models, and may be another one of them', () => {
    expect(choices('xl')).toEqual(['refiner']);
    expect(choices('refiner')).toEqual(['xl']);
  });

  it('is not offered for other models, but shown where it is set', () => {
    expect(choices(checkpoint.id)).toEqual([]);
    expect(choices(checkpoint.id, 'refiner')).toEqual(['refiner']);
  });

  it('stands in a request only where one is set, and comes back from it', () => {
    expect(refinerOf({ refinerModel: '', refinerSwitch: 0.8 })).toEqual({});
    const own = refinerOf({ refinerModel: 'refiner', refinerSwitch: 0.6 });
    expect(own).toEqual({ refiner: { model: 'refiner', switchAt: 0.6 } });
    const picture = { seed: 1, index: 0 };
    const made = text({ width: 64, height: 64 }, own);
    expect(settingsOfRequest(made, picture)).toMatchObject({
      refinerModel: 'refiner',
      refinerSwitch: 0.6,
    });
    const plain = text({ width: 64, height: 64 });
    expect(settingsOfRequest(plain, picture).refinerModel).toBe('');
  });
});
