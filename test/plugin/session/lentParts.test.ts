import { describe, expect, it } from 'vitest';
import { buildPlanRequest } from '../../../plugin/session/buildPlanRequest.ts';
import { buildRequest } from '../../../plugin/session/buildRequest.ts';
import { lenderChoices, partsFromOf } from '../../../plugin/session/lentParts.ts';
import { offerOfLayer } from '../../../plugin/session/recipeOffer.ts';
import { defaultSettings } from '../../../plugin/session/settings.ts';
import { initialState, type SessionState } from '../../../plugin/session/state.ts';
import type { ModelInfo } from '../../../shared/api.ts';
import { checkpoint, hostWithSelection, photo, recipeOf } from '../../fakes/session.ts';
import { text } from '../../engine/jobs.ts';

const named = (id: string, more: Partial<ModelInfo> = {}): ModelInfo => ({
  ...checkpoint,
  id,
  name: id,
  ...more,
});
const models = [
  named('first'),
  named('second'),
  named('xl', { family: 'sdxl' }),
  named('unet', { partsFrom: 'first' }),
];

function stateWith(model: string, partsFrom = ''): SessionState {
  const settings = { ...defaultSettings, model, partsFrom };
  return { ...initialState(settings, hostWithSelection), models };
}

describe('whose parts a UNet alone uses', () => {
  it('can be any whole model of its family, and is not asked of whole models', () => {
    expect(lenderChoices(stateWith('unet')).map(({ id }) => id)).toEqual(['first', 'second']);
    expect(lenderChoices(stateWith('first'))).toEqual([]);
  });

  it('is sent only where it is set and fits', () => {
    expect(partsFromOf(stateWith('unet'))).toEqual({});
    expect(partsFromOf(stateWith('unet', 'second'))).toEqual({ partsFrom: 'second' });
    expect(partsFromOf(stateWith('unet', 'xl'))).toEqual({});
    expect(partsFromOf(stateWith('unet', 'gone'))).toEqual({});
    // It stays set while another model is tried.
    expect(partsFromOf(stateWith('first', 'second'))).toEqual({});
  });

  it('stands in the plan and in the request', () => {
    const state = stateWith('unet', 'second');
    expect(buildPlanRequest(state)).toMatchObject({ model: 'unet', partsFrom: 'second' });
    const place = { document: photo, region: { x: 0, y: 0, width: 8, height: 8 } };
    const common = { ...place, kind: 'inpaint', model: 'unet', sampler: undefined } as const;
    const request = buildRequest({ ...common, settings: state.settings, ...partsFromOf(state) });
    expect(request).toMatchObject({ partsFrom: 'second' });
    const plain = buildRequest({ ...common, settings: state.settings });
    expect(plain).not.toHaveProperty('partsFrom');
  });

  it('comes back from a recipe where the library has that model, and is told where not', () => {
    const offerOf = (partsFrom: string) =>
      offerOfLayer(
        'layer',
        recipeOf(text({ width: 64, height: 64 }, { model: 'unet', partsFrom })),
        models,
      );
    expect(offerOf('second').change).toMatchObject({ model: 'unet', partsFrom: 'second' });
    const lost = offerOf('gone');
    expect(lost.change).not.toHaveProperty('partsFrom');
    expect(lost.notUsed).toContainEqual(expect.objectContaining({ value: 'gone' }));
  });
});
