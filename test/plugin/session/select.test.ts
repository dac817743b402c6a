import { describe, expect, it } from 'vitest';
import type { HostState } from '../../../plugin/host/host.ts';
import { buildPlanRequest } from '../../../plugin/session/buildPlanRequest.ts';
import { labelOf } from '../../../plugin/session/label.ts';
import {
  mainButton,
  recipeLine,
  situationOf,
  strengthWord,
} from '../../../plugin/session/select.ts';
import { defaultSettings, type Settings } from '../../../plugin/session/settings.ts';
import { initialState, type SessionState } from '../../../plugin/session/state.ts';
import { PlanRequest } from '../../../shared/plan.ts';
import { checkpoint, hostWithSelection, inpaintRequest, recipeOf } from '../../fakes/session.ts';

const withLayer: HostState = { ...hostWithSelection, selectionBounds: undefined };
const emptyLayer: HostState = { ...withLayer, layerBounds: undefined };
const nothing: HostState = { ...emptyLayer, document: undefined };

function state(host: HostState, settings: Partial<Settings> = {}, hasModel = true): SessionState {
  return {
    ...initialState({ ...defaultSettings, ...settings }, host),
    models: hasModel ? [checkpoint] : [],
    service: {
      phase: 'ready',
      status: {
        version: '0',
        apiVersion: 1,
        device: 'cpu',
        engine: 'idle',
        freeMemoryBytes: 1,
        queued: 0,
      },
    },
  };
}

describe('the one button', () => {
  it.each([
    ['Fill selection', hostWithSelection, {}, true],
    ['Refine selection', hostWithSelection, { mode: 'refine' }, true],
    ['Restyle selection', hostWithSelection, { mode: 'restyle' }, true],
    ['Remove selection', hostWithSelection, { mode: 'remove' }, true],
    ['Remove selection', hostWithSelection, {}, false],
    ['Refine layer', withLayer, { strength: 0.4 }, true],
    ['Restyle layer', withLayer, { mode: 'restyle', strength: 0.6 }, true],
    ['Generate', withLayer, { strength: 1 }, true],
    ['Generate', emptyLayer, {}, true],
  ] as const)('says %s', (label, host, settings, hasModel) => {
    expect(mainButton(state(host, settings, hasModel))).toMatchObject({ label, isEnabled: true });
  });

  it.each([
    ['Open a picture first.', state(nothing)],
    ['Select what should go.', state(withLayer, { mode: 'remove' })],
    [
      'No model has been found yet. Select something to remove it without a model.',
      state(withLayer, {}, false),
    ],
    [
      'Waiting for the service.',
      { ...state(hostWithSelection), service: { phase: 'looking' } } as SessionState,
    ],
  ])('cannot be pressed: %s', (hint, s) => {
    expect(mainButton(s)).toMatchObject({ isEnabled: false, hint });
  });
});

describe('the plan request', () => {
  it.each([
    ['inpaint', hostWithSelection, {}, hostWithSelection.selectionBounds],
    ['remove', hostWithSelection, { mode: 'remove' }, hostWithSelection.selectionBounds],
    ['image', withLayer, { strength: 0.4 }, withLayer.layerBounds],
    ['text', emptyLayer, {}, { x: 0, y: 0, width: 64, height: 48 }],
  ] as const)('is %s and valid', (kind, host, settings, bounds) => {
    const request = PlanRequest.parse(buildPlanRequest(state(host, settings)));
    expect(request).toMatchObject({ kind, bounds });
  });

  it('is not asked without a document or a model', () => {
    expect(buildPlanRequest(state(nothing))).toBeUndefined();
    expect(buildPlanRequest(state(withLayer, {}, false))).toBeUndefined();
  });
});

describe('words', () => {
  it.each([
    [0.1, 'touch up'],
    [0.35, 'rework'],
    [0.65, 'restyle'],
    [0.85, 'replace'],
  ])('calls strength %f %s', (strength, word) => {
    expect(strengthWord(strength)).toBe(word);
  });

  it.each([
    ['an old boat, morning light', 'an old boat'],
    ['', 'Filled'],
    ['word '.repeat(20), 'word word word word word word word…'],
    ['x'.repeat(60), `${'x'.repeat(36)}…`],
  ])('calls a run by the beginning of %j', (prompt, label) => {
    expect(labelOf(prompt, 'fill')).toBe(label);
  });

  it('tells a recipe in one line', () => {
    expect(recipeLine(recipeOf(inpaintRequest))).toBe(
      'Model One · DPM++ 2M Karras · 4 steps · CFG 7 · strength 0.8 · feather 2 · seed 5',
    );
  });

  it('is Remove whenever nothing else can run', () => {
    expect(situationOf(state(hostWithSelection, { mode: 'restyle' }, false))).toBe('remove');
  });
});
