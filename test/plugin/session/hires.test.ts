/** Text to image's second pass and the ControlNets of a run, from the panel's settings to what is asked. */
import { describe, expect, it } from 'vitest';
import { buildPlanRequest } from '../../../plugin/session/buildPlanRequest.ts';
import { buildRequest } from '../../../plugin/session/buildRequest.ts';
import { newControl } from '../../../plugin/session/controls.ts';
import { hiresChoices, hiresOf, hiresWords, usualHires } from '../../../plugin/session/hires.ts';
import { defaultSettings, type Settings } from '../../../plugin/session/settings.ts';
import { refinementsOf, settingsOfRequest } from '../../../plugin/session/settingsOfRequest.ts';
import { initialState, type SessionState } from '../../../plugin/session/state.ts';
import type { HostState } from '../../../plugin/host/host.ts';
import type { ModelInfo } from '../../../shared/api.ts';
import { PlanRequest } from '../../../shared/plan.ts';
import { GenerateRequest } from '../../../shared/request.ts';
import { HiresFix } from '../../../shared/stages.ts';
import { text } from '../../engine/jobs.ts';
import { checkpoint, hostWithSelection, photo } from '../../fakes/session.ts';

const emptyHost: HostState = {
  ...hostWithSelection,
  layerBounds: undefined,
  selectionBounds: undefined,
};
const upscaler: ModelInfo = { ...checkpoint, id: 'up-1', name: '4x sharp', kind: 'upscaler' };
const broken: ModelInfo = { ...upscaler, id: 'up-2', name: 'broken', usable: false };

function stateOf(settings: Partial<Settings>, host = emptyHost): SessionState {
  const state = initialState({ ...defaultSettings, ...settings }, host);
  return { ...state, models: [checkpoint, upscaler, broken] };
}

describe('the second pass', () => {
  it('is as usual a valid hires fix', () => {
    expect(HiresFix.parse(usualHires)).toEqual(usualHires);
  });

  it('stands in the plan and the request for text to image, and nowhere else', () => {
    const onEmpty = buildPlanRequest(stateOf({ hires: usualHires }));
    expect(onEmpty).toMatchObject({ kind: 'text', hires: usualHires });
    expect(buildPlanRequest(stateOf({}))).not.toHaveProperty('hires');
    const filling = buildPlanRequest(stateOf({ hires: usualHires }, hostWithSelection));
    expect(filling?.kind).toBe('inpaint');
    expect(filling).not.toHaveProperty('hires');
    const { layer: _layer, ...document } = photo;
    const request = (kind: 'text' | 'image') =>
      buildRequest({
        kind,
        settings: { ...defaultSettings, hires: usualHires },
        document,
        region: { x: 0, y: 0, width: 64, height: 48 },
        model: checkpoint.id,
        sampler: undefined,
      });
    expect(GenerateRequest.parse(request('text'))).toHaveProperty('hires', usualHires);
    expect(request('image')).not.toHaveProperty('hires');
    expect(hiresOf('text', {})).toEqual({});
  });

  it('comes back whole from a picture’s request, and is gone where the picture had none', () => {
    const hires: HiresFix = { ...usualHires, sampler: 'DDIM', prompt: 'finer' };
    const picture = { seed: 1, index: 0 };
    const made = text({ width: 64, height: 64 }, { hires });
    expect(settingsOfRequest(made, picture).hires).toEqual(hires);
    const plain = settingsOfRequest(text({ width: 64, height: 64 }), picture);
    expect({ hires: usualHires, ...plain }.hires).toBeUndefined();
    expect({ hires: usualHires, ...refinementsOf({}, 0) }.hires).toBeUndefined();
  });

  it('enlarges by what the library can, and keeps a network that is not there', () => {
    const values = (hires?: HiresFix) =>
      hiresChoices(stateOf(hires ? { hires } : {})).map(({ value }) => value);
    expect(values()).toEqual([
      'latent',
      'latent-antialiased',
      'latent-bicubic',
      'latent-bicubic-antialiased',
      'latent-nearest',
      'latent-nearest-exact',
      'lanczos',
      'nearest',
      'up-1',
    ]);
    expect(values({ ...usualHires, upscaler: 'gone' }).at(-1)).toBe('gone');
    expect(hiresWords(usualHires)).toBe('2×');
    const { scale: _scale, ...rest } = usualHires;
    expect(hiresWords({ ...rest, size: { width: 1024, height: 0 } })).toBe('1024 × any');
  });
});

describe('the plan', () => {
  it('is asked for with the ControlNets that are chosen', () => {
    const controls = [{ ...newControl('a'), model: 'net-1' }, newControl('b')];
    const asked = buildPlanRequest(stateOf({ controls }, hostWithSelection));
    expect(PlanRequest.parse(asked).controls).toEqual(['net-1']);
    expect(buildPlanRequest(stateOf({ controls: [newControl('b')] }))).not.toHaveProperty(
      'controls',
    );
    const removing = buildPlanRequest(stateOf({ controls, mode: 'remove' }, hostWithSelection));
    expect(removing?.kind).toBe('remove');
    expect(removing).not.toHaveProperty('controls');
  });
});
