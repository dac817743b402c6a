import { afterEach, describe, expect, it } from 'vitest';
import { buildPlanRequest } from '../../../plugin/session/buildPlanRequest.ts';
import { buildRequest } from '../../../plugin/session/buildRequest.ts';
import { aspectChoices } from '../../../plugin/session/expansion.ts';
import { reduce, type Action } from '../../../plugin/session/reduce.ts';
import { mainButton, recipeLine } from '../../../plugin/session/select.ts';
import { startSession, type Session } from '../../../plugin/session/session.ts';
import { defaultSettings, Settings } from '../../../plugin/session/settings.ts';
import { settingsOfRequest } from '../../../plugin/session/settingsOfRequest.ts';
import { initialState, type SessionState } from '../../../plugin/session/state.ts';
import { noSides, type Sides } from '../../../shared/expand.ts';
import { PlanRequest } from '../../../shared/plan.ts';
import { GenerateRequest } from '../../../shared/request.ts';
import {
  checkpoint,
  fakeClient,
  fakeHost,
  hostWithSelection,
  photo,
  recipeOf,
  sessionOptions,
} from '../../fakes/session.ts';
import { eventually } from '../../fixtures/eventually.ts';

const status = {
  version: '0',
  apiVersion: 1,
  device: 'cpu',
  engine: 'idle',
  freeMemoryBytes: 1,
  queued: 0,
} as const;

function settingsWith(sides: Partial<Sides>, by: 'model' | 'patches' = 'model'): Settings {
  const expand = { ...defaultSettings.expand, by, sides: { ...noSides, ...sides } };
  return { ...defaultSettings, mode: 'expand', strength: 1, expand };
}

function state(settings: Settings, hasModel = true): SessionState {
  return {
    ...initialState(settings, hostWithSelection),
    models: hasModel ? [checkpoint] : [],
    service: { phase: 'ready', status },
  };
}

const canvas = { x: -16, y: 0, width: 64 + 16 + 8, height: 48 };
const sides = { left: 16, right: 8 };

describe('the button while expanding', () => {
  it('expands, whatever is selected', () => {
    expect(mainButton(state(settingsWith(sides)))).toEqual({
      label: 'Expand picture',
      isEnabled: true,
      hint: undefined,
    });
  });

  it('works without a model, and says how', () => {
    const button = mainButton(state(settingsWith(sides), false));
    expect(button).toMatchObject({ isEnabled: true });
    expect(button.hint).toMatch(/patches of its own/);
  });

  it.each([
    ['nothing', {}, /nothing to expand/],
    ['far too much', { right: 30_000 }, /too large/],
  ])('asks for something else than %s', (_, given, hint) => {
    const button = mainButton(state(settingsWith(given)));
    expect(button).toMatchObject({ isEnabled: false });
    expect(button.hint).toMatch(hint);
  });
});

describe('requests', () => {
  it('ask for the plan of the new canvas', () => {
    const request = buildPlanRequest(state(settingsWith(sides)));
    expect(PlanRequest.parse(request)).toMatchObject({ kind: 'expand', bounds: canvas });
    const free = buildPlanRequest(state(settingsWith(sides, 'patches')));
    expect(free).toMatchObject({ kind: 'expand-patches', bounds: canvas, model: '' });
    expect(buildPlanRequest(state(settingsWith({})))).toBeUndefined();
  });

  it.each(['expand', 'expand-patches'] as const)('%s comes back as the same settings', (kind) => {
    const settings = { ...settingsWith(sides, kind === 'expand' ? 'model' : 'patches'), seed: 5 };
    const region = { x: 0, y: 0, width: 64, height: 48 };
    const common = { document: photo, region, model: 'm', sampler: undefined };
    const request = buildRequest({ ...common, kind, settings });
    expect(GenerateRequest.parse(request)).toEqual(request);
    expect(request).toMatchObject({ kind, canvas, overlapPx: 32 });
    const read = settingsOfRequest(request, { seed: 5, index: 0 });
    expect(Settings.parse({ ...defaultSettings, ...read })).toMatchObject({
      mode: 'expand',
      seed: 5,
      expand: settings.expand,
    });
    expect(recipeLine(recipeOf(request))).toMatch(/seed/);
  });

  it('take the spectral noise in the dialect of AUTOMATIC1111', () => {
    const settings = { ...settingsWith(sides), dialect: 'a1111' as const };
    const region = { x: 0, y: 0, width: 64, height: 48 };
    const common = { document: photo, region, model: 'm', sampler: undefined };
    expect(buildRequest({ ...common, kind: 'expand', settings })).toMatchObject({ fill: 'mk2' });
    const plan = buildPlanRequest(state(settings));
    expect(plan).toMatchObject({ dialect: 'a1111', fill: 'mk2' });
  });
});

describe('shapes', () => {
  it('lie as the picture does', () => {
    const wide = aspectChoices({ width: 400, height: 300 }, 'left');
    expect(wide.map(({ name }) => name)).toEqual(['1:1', '4:3', '3:2', '16:9']);
    expect(wide[3]?.sides).toEqual({ ...noSides, right: 133 });
    const upright = aspectChoices({ width: 300, height: 400 }, 'center');
    expect(upright.map(({ name }) => name)).toEqual(['1:1', '3:4', '2:3', '9:16']);
    expect(upright[1]?.sides).toEqual(noSides);
  });
});

describe('a press of the button', () => {
  let session: Session | undefined;
  afterEach(() => session?.end());

  it('reads the picture without a mask and places layer and canvas together', async () => {
    const host = fakeHost();
    const client = fakeClient();
    const started = startSession(sessionOptions(host, client));
    session = started;
    started.chooseMode('expand');
    started.change({ expand: settingsWith(sides).expand, prompt: 'hills' });
    await eventually(() => expect(started.getState().plan.phase).toBe('known'));
    expect(started.getState().settings.strength).toBe(1);
    started.generate();
    await eventually(() => expect(host.placements).toHaveLength(1));
    expect(host.captures.at(-1)).toMatchObject({ source: 'composite', withMask: false });
    expect(client.submitted[0]).toMatchObject({
      planes: ['picture'],
      request: { kind: 'expand', canvas, prompt: 'hills', fill: 'structure' },
    });
    expect(host.placements[0]).toMatchObject({
      historyName: 'Expand',
      documentSize: { width: 64, height: 48 },
      canvas: expect.objectContaining({ x: expect.any(Number) }),
    });
  });

  it('has nothing left to add once the picture has grown', async () => {
    const host = fakeHost();
    const started = startSession(sessionOptions(host, fakeClient()));
    session = started;
    started.chooseMode('expand');
    started.change({ expand: settingsWith(sides).expand });
    await eventually(() => expect(started.getState().plan.phase).toBe('known'));
    started.generate();
    await eventually(() => expect(started.getState().runs[0]?.results[0]?.isPlaced).toBe(true));
    expect(started.getState().settings.expand).toEqual(settingsWith({}).expand);
  });

  it('keeps what was typed while it was painted', () => {
    const settings = settingsWith(sides);
    const region = { x: 0, y: 0, width: photo.width, height: photo.height };
    const common = { document: photo, region, model: 'm', sampler: undefined };
    const request = buildRequest({ ...common, kind: 'expand', settings });
    const origin = { documentId: 'd', documentName: 'd', documentSize: photo, layerId: undefined };
    const other = settingsWith({ left: 4 }).expand;
    const actions: readonly Action[] = [
      { type: 'pressed', key: 'k', situation: 'expand', label: 'k', origin, count: 1 },
      { type: 'accepted', key: 'k', jobId: 'j', request },
      { type: 'settingsChanged', change: { expand: other } },
      { type: 'placed', key: 'k', resultIds: [] },
    ];
    expect(actions.reduce(reduce, state(settings)).settings.expand).toEqual(other);
    const unchanged = actions.filter(({ type }) => type !== 'settingsChanged');
    expect(unchanged.reduce(reduce, state(settings)).settings.expand.sides).toEqual(noSides);
  });
});
