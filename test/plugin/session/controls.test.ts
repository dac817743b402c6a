import { describe, expect, it } from 'vitest';
import {
  controlSettingsOf,
  ControlSettings,
  controlsLine,
  controlsObstacle,
  controlUnits,
  newControl,
  preprocessorFor,
  preprocessorList,
  type ControlScene,
  type ControlSetting,
} from '../../../plugin/session/controls.ts';
import { reduce } from '../../../plugin/session/reduce.ts';
import { buildRequest } from '../../../plugin/session/buildRequest.ts';
import { mainButton } from '../../../plugin/session/select.ts';
import { defaultSettings, loadSettings, saveSettings } from '../../../plugin/session/settings.ts';
import { settingsOfRequest } from '../../../plugin/session/settingsOfRequest.ts';
import { initialState } from '../../../plugin/session/state.ts';
import type { ModelInfo } from '../../../shared/api.ts';
import { ControlUnits, preprocessorNames } from '../../../shared/control.ts';
import { GenerateRequest } from '../../../shared/request.ts';
import { checkpoint, hostWithSelection, photo } from '../../fakes/session.ts';

const canny: ModelInfo = { ...checkpoint, id: 'canny-1', name: 'canny', kind: 'controlnet' };
const large: ModelInfo = { ...canny, id: 'canny-xl', name: 'canny-xl', family: 'sdxl' };
const layer = { kind: 'layer', documentId: photo.id, layerId: '9', name: 'ink' } as const;

const scene: ControlScene = {
  hasPicture: true,
  hasSelection: true,
  documentId: photo.id,
  models: [checkpoint, canny, large],
  family: 'sd1',
  hasFile: () => true,
};

function control(change: Partial<ControlSetting> = {}): ControlSetting {
  return { ...newControl('a'), model: canny.id, ...change };
}

describe('ControlNets of a run', () => {
  it('travel as the contract has them', () => {
    const units = controlUnits([
      control({ weight: 0.8, end: 0.7, preprocessor: { name: 'canny', a: 50 } }),
      control({ sight: { kind: 'mask' } }),
      control({ sight: layer }),
    ]);
    expect(ControlUnits.parse(units)).toEqual(units);
    expect(units.map(({ source }) => source)).toEqual(['picture', 'mask', 'plane']);
    const request = buildRequest({
      kind: 'inpaint',
      settings: { ...defaultSettings, controls: [control({ sight: layer })] },
      document: photo,
      region: { x: 0, y: 0, width: 8, height: 8 },
      model: checkpoint.id,
      sampler: undefined,
    });
    expect(GenerateRequest.parse(request)).toMatchObject({ controls: [{ source: 'plane' }] });
  });

  it('come back from a recipe; a picture of its own has to be chosen again', () => {
    const settings = [control({ weight: 0.5 }), control({ sight: layer })];
    const back = controlSettingsOf(controlUnits(settings));
    expect(ControlSettings.parse(back)).toEqual(back);
    expect(back).toMatchObject([
      { weight: 0.5, sight: { kind: 'picture' } },
      { sight: { kind: 'file', name: '' } },
    ]);
    expect(new Set(back.map(({ id }) => id)).size).toBe(2);
  });

  it('are among the settings that a recipe sets, none where it has none', () => {
    const request = GenerateRequest.parse(
      buildRequest({
        kind: 'image',
        settings: { ...defaultSettings, controls: [control()] },
        document: photo,
        region: { x: 0, y: 0, width: 8, height: 8 },
        model: checkpoint.id,
        sampler: undefined,
      }),
    );
    const { controls } = settingsOfRequest(request, { seed: 1, index: 0 });
    expect(controls).toMatchObject([{ model: canny.id, weight: 1 }]);
    const without = { ...request, controls: undefined };
    expect(settingsOfRequest(without as GenerateRequest, { seed: 1, index: 0 }).controls).toEqual(
      [],
    );
  });

  it('are kept over a restart', () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
    const settings = { ...defaultSettings, controls: [control({ sight: layer })] };
    saveSettings(storage, settings);
    expect(loadSettings(storage)).toEqual(settings);
  });

  const wrong: readonly [string, Partial<ControlSetting>, Partial<ControlScene>, string][] = [
    ['no model', { model: '' }, {}, 'choose a model'],
    ['a model that is gone', { model: 'x' }, {}, 'not in your library'],
    ['a model of another family', { model: large.id }, {}, 'another family'],
    ['a window that ends first', { start: 0.6, end: 0.5 }, {}, 'end before it begins'],
    ['no selection', { sight: { kind: 'mask' } }, { hasSelection: false }, 'the selection'],
    ['nothing to inpaint', { preprocessor: { name: 'inpaint' } }, { hasSelection: false }, 'none'],
    ['no picture', {}, { hasPicture: false }, 'it looks at the picture'],
    ['a layer elsewhere', { sight: layer }, { documentId: 'other' }, 'another document'],
    ['another file', { sight: { kind: 'file', name: '' } }, {}, 'choose the picture'],
    [
      'no file',
      { sight: { kind: 'file', name: 'x.png' } },
      { hasFile: () => false },
      'choose the picture',
    ],
  ];
  it.each(wrong)('say what stops the run: %s', (_, change, more, words) => {
    const why = controlsObstacle([control(), control(change)], { ...scene, ...more });
    expect(why).toContain(words);
    if (more.hasPicture !== false) expect(why).toMatch(/^ControlNet 2: /);
  });

  it('do not stop a run that has all they need, nor one without a model', () => {
    const all = [control(), control({ sight: layer }), control({ sight: { kind: 'mask' } })];
    expect(controlsObstacle(all, scene)).toBeUndefined();
    const state = reduce(
      {
        ...initialState(
          { ...defaultSettings, controls: [control({ model: '' })] },
          hostWithSelection,
        ),
        models: [checkpoint, canny],
      },
      {
        type: 'serviceFound',
        status: {
          version: '0',
          apiVersion: 1,
          device: 'cpu',
          engine: 'idle',
          freeMemoryBytes: 1,
          queued: 0,
        },
      },
    );
    expect(mainButton(state)).toMatchObject({ isEnabled: false });
    expect(mainButton(state).hint).toContain('ControlNet 1: choose a model');
    const removing = reduce(state, { type: 'modeChosen', mode: 'remove' });
    expect(mainButton(removing)).toMatchObject({ isEnabled: true });
  });
});

describe('preprocessors', () => {
  it('all have words, and the usual one is told by a model’s name', () => {
    const names = preprocessorList().map(([name]) => name);
    expect(names.toSorted()).toEqual([...preprocessorNames].toSorted());
    expect(preprocessorList().every(([, { label }]) => label.length > 2)).toBe(true);
    expect(preprocessorFor('control_v11p_sd15_canny_fp16')).toEqual({ name: 'canny' });
    expect(preprocessorFor('control_v11f1e_sd15_tile')).toEqual({ name: 'tile_resample' });
    expect(preprocessorFor('qrcode-monster')).toBeUndefined();
  });
});

describe('controlsLine', () => {
  it('names them with their weights', () => {
    expect(controlsLine([], [])).toBe('none');
    expect(controlsLine([control(), control({ model: '', weight: 0.5 })], [canny])).toBe(
      'canny · no model 0.5',
    );
  });
});
