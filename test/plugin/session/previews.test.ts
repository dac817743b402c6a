/** Masks, control maps and models' pictures: what the session asks for and when. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ModelInfo } from '../../../shared/api.ts';
import { PentimentoError } from '../../../shared/errors.ts';
import { startSession, type Session } from '../../../plugin/session/session.ts';
import type { Host } from '../../../plugin/host/host.ts';
import {
  checkpoint,
  fakeClient,
  fakeHost,
  hostWithSelection,
  sessionOptions,
  type FakeClient,
  type FakeHost,
} from '../../fakes/session.ts';
import { eventually } from '../../fixtures/eventually.ts';

let session: Session | undefined;
afterEach(() => session?.end());

const canny: ModelInfo = { ...checkpoint, id: 'canny', name: 'canny', kind: 'controlnet' };

async function begin(
  host: Host = fakeHost(),
  client: FakeClient = fakeClient([checkpoint, canny]),
  more: Partial<Parameters<typeof startSession>[0]> = {},
) {
  const started = startSession({ ...sessionOptions(host, client), ...more });
  session = started;
  await eventually(() => expect(started.getState().plan.phase).toBe('known'));
  return { session: started, client };
}

/** A host on which reading is cheap. */
function glancing(): FakeHost {
  const host = fakeHost();
  return Object.assign(host, { glance: host.capture });
}

const masksOf = (s: Session) => s.getState().previews.masks;

describe('the masks that are shown', () => {
  it('are made of the selection over the plan’s context with the settings of the run', async () => {
    const { session: s, client } = await begin();
    s.change({ featherPx: 12, growPx: 3 });
    s.showMasks('both');
    await eventually(() => expect(masksOf(s).shown).toBeDefined());
    expect(client.masked).toEqual([
      {
        kind: 'inpaint',
        featherPx: 12,
        growPx: 3,
        area: 'context',
        paddingPx: 32,
        dialect: 'pentimento',
        workingSize: { width: 64, height: 56 },
        longestSidePx: 2048,
      },
    ]);
    const { shown } = masksOf(s);
    expect(shown?.region).toEqual({ x: 16, y: 6, width: 16, height: 14 });
    const { both, seen, change } = shown?.pictures ?? {};
    expect(new Set([both, seen, change]).size).toBe(3);
    s.showMasks('off');
    expect(masksOf(s)).toMatchObject({ view: 'off', shown: undefined });
  });

  it('are not asked for unless they are shown', async () => {
    const { session: s, client } = await begin(glancing());
    s.change({ featherPx: 12 });
    await new Promise((done) => setTimeout(done, 20));
    expect(client.masked).toEqual([]);
  });

  it('follow the settings and the selection where reading is cheap', async () => {
    const host = glancing();
    const { session: s, client } = await begin(host);
    s.showMasks('seen');
    await eventually(() => expect(client.masked).toHaveLength(1));
    s.change({ featherPx: 30 });
    await eventually(() => expect(client.masked.at(-1)?.featherPx).toBe(30));
    const before = client.masked.length;
    host.change({ ...hostWithSelection, selectionMark: 7 });
    await eventually(() => expect(client.masked.length).toBeGreaterThan(before));
    host.change({ ...hostWithSelection, selectionBounds: undefined });
    await eventually(() => expect(masksOf(s).shown).toBeUndefined());
    expect(masksOf(s)).toMatchObject({ view: 'seen', isStale: false });
  });

  it('are marked as old in Photoshop, and made anew when the artist asks', async () => {
    const { session: s, client } = await begin();
    s.showMasks('both');
    await eventually(() => expect(masksOf(s).shown).toBeDefined());
    s.change({ featherPx: 30 });
    await eventually(() => expect(masksOf(s).isStale).toBe(true));
    expect(client.masked).toHaveLength(1);
    s.showMasks('both');
    await eventually(() => expect(masksOf(s).isStale).toBe(false));
    expect(client.masked.map(({ featherPx }) => featherPx)).toEqual([8, 30]);
  });

  it('say what is wrong, and can be tried again', async () => {
    const client = fakeClient();
    const { masks } = client;
    let fails = true;
    client.masks = (...asked) =>
      fails ? Promise.reject(new PentimentoError('E_MASK_EMPTY')) : masks(...asked);
    const { session: s } = await begin(fakeHost(), client);
    s.showMasks('both');
    await eventually(() => expect(masksOf(s).problem?.code).toBe('E_MASK_EMPTY'));
    fails = false;
    s.showMasks('both');
    await eventually(() => expect(masksOf(s).shown).toBeDefined());
    expect(masksOf(s).problem).toBeUndefined();
  });

  it('are of removing, too, with the sizes rounded up to cells', async () => {
    const client = fakeClient();
    const { plan } = client;
    client.plan = async (...asked) => ({
      ...(await plan(...asked)),
      workingSize: { width: 61, height: 50 },
    });
    const { session: s } = await begin(fakeHost(), client);
    s.chooseMode('remove');
    s.change({ dialect: 'a1111' });
    s.showMasks('both');
    await eventually(() => expect(client.masked).toHaveLength(1));
    expect(client.masked[0]).toMatchObject({
      kind: 'remove',
      dialect: 'pentimento',
      workingSize: { width: 64, height: 56 },
    });
  });
});

describe('ControlNets in the session', () => {
  it('send the layer and the file they look at as planes of their own', async () => {
    const host = fakeHost();
    const file = { name: 'pose.png', bytes: new ArrayBuffer(5) };
    const { session: s, client } = await begin(host, undefined, {
      pickPicture: () => Promise.resolve(file),
    });
    for (let i = 0; i < 3; i++) s.addControl();
    const [first, second, third] = s.getState().settings.controls.map(({ id }) => id);
    if (!first || !second || !third) throw new Error('Expected three');
    for (const id of [first, second, third]) s.changeControl(id, { model: canny.id });
    s.lookAtActiveLayer(second);
    s.pickControlPicture(third);
    await eventually(() =>
      expect(s.getState().previews.controls[third]?.picture).toMatch(/^data:image\/png/),
    );
    s.generate();
    await eventually(() => expect(client.submitted).toHaveLength(1));
    expect(client.submitted[0]).toMatchObject({
      planes: ['picture', 'mask', 'control1', 'control2'],
      request: { controls: [{ source: 'picture' }, { source: 'plane' }, { source: 'plane' }] },
    });
    const layerRead = host.captures.find(({ layerId }) => layerId !== undefined);
    expect(layerRead).toMatchObject({ layerId: '7', source: 'layer', withMask: false });
    expect(layerRead?.region).toEqual({ x: 16, y: 6, width: 16, height: 14 });
  });

  it('show what they will see, and forget it when it no longer holds', async () => {
    const { session: s, client } = await begin();
    s.addControl();
    const id = s.getState().settings.controls[0]?.id ?? '';
    s.changeControl(id, { preprocessor: { name: 'inpaint' } });
    s.showControlMap(id);
    await eventually(() => expect(s.getState().previews.controls[id]?.map).toBeDefined());
    expect(client.mapped).toMatchObject([
      { planes: ['picture', 'mask'], request: { preprocessor: { name: 'inpaint' }, isPart: true } },
    ]);
    s.changeControl(id, { weight: 0.5 });
    expect(s.getState().previews.controls[id]?.map).toBeDefined();
    s.changeControl(id, { preprocessor: { name: 'canny' } });
    expect(s.getState().previews.controls[id]?.map).toBeUndefined();
    s.removeControl(id);
    expect(s.getState().settings.controls).toEqual([]);
  });

  it('name a file that is no picture, and one that was not chosen', async () => {
    const bad = { name: 'no.png', bytes: new ArrayBuffer(0) };
    const { session: s } = await begin(fakeHost(), undefined, {
      pickPicture: () => Promise.resolve(bad),
    });
    s.addControl();
    const id = s.getState().settings.controls[0]?.id ?? '';
    s.pickControlPicture(id);
    await eventually(() =>
      expect(s.getState().previews.controls[id]?.problem?.code).toBe('E_IMAGE_TYPE'),
    );
    s.changeControl(id, { sight: { kind: 'file', name: '' } });
    s.showControlMap(id);
    await eventually(() =>
      expect(s.getState().previews.controls[id]?.problem?.code).toBe('E_FILE'),
    );
  });
});

describe('pictures of models', () => {
  it('are read once, for those that have one', async () => {
    const withPicture = (id: string): ModelInfo => ({ ...checkpoint, id, hasPreview: true });
    const models = [checkpoint, withPicture('a'), withPicture('b'), withPicture('broken')];
    const { session: s, client } = await begin(fakeHost(), fakeClient(models));
    s.showModelPictures(['a', 'b', 'broken', checkpoint.id, 'unknown']);
    s.showModelPictures(['b', 'a']);
    await eventually(() => {
      expect(s.getState().previews.models).toMatchObject({
        a: { phase: 'known' },
        b: { phase: 'known' },
        broken: { phase: 'none' },
      });
    });
    s.showModelPictures(['a', 'broken']);
    expect(client.previewed).toEqual(['a', 'b', 'broken']);
  });
});
