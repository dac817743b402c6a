import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActionDescriptor } from '../../../plugin/host/photoshop/photoshopApi.ts';
import { createPhotoshopHost } from '../../../plugin/host/photoshop/photoshopHost.ts';
import { recipeFromXmp } from '../../../plugin/host/photoshop/recipeXmp.ts';
import { createFakePhotoshop, type FakePhotoshop } from '../../fakes/photoshop.ts';
import type { FakeDocument, FakeLayer } from '../../fakes/photoshopWorld.ts';
import { coverage, picture, placement, raster, recipe } from './scene.ts';

let fake: FakePhotoshop;
beforeEach(() => {
  fake = createFakePhotoshop();
});
afterEach(() => fake.world.checkNothingLeft());

const canvas = { x: 0, y: 0, width: 8, height: 6 };
const bounds = { x: 2, y: -1, width: 5, height: 4 };

/** Three layers; the middle one is the source. */
function openThree(given: Partial<FakeDocument> = {}) {
  const depth = given.depth ?? 8;
  const gray = given.mode === 'grayscaleMode';
  const top = fake.layer({ name: 'Top', pixels: raster(canvas, depth, gray ? 2 : 4, () => 0.5) });
  const source = fake.layer({ name: 'Source', pixels: raster(canvas, depth, gray ? 2 : 4) });
  const background = fake.layer({
    name: 'Background',
    isBackground: true,
    locked: true,
    pixels: raster(canvas, depth, gray ? 1 : 3),
  });
  const document = fake.open({
    layers: [top, source, background],
    active: [source.id],
    ...given,
  });
  return { document, top, source, background };
}

const names = (layers: readonly FakeLayer[] | undefined) => layers?.map((layer) => layer.name);
const host = () => createPhotoshopHost(fake.api);

describe('place of one picture', () => {
  it('adds one layer above its source: exact pixels, mask and place', async () => {
    const { document, source } = openThree();
    const result = picture(bounds);
    const placed = await host().place(placement(document, [result], source.id));
    expect(names(document.layers)).toEqual(['Top', 'Result 7', 'Source', 'Background']);
    const layer = document.layers[1];
    expect(placed).toEqual({
      documentId: String(document.id),
      layerIds: [String(layer?.id)],
    });
    expect(layer?.pixels).toMatchObject({ ...bounds, components: 4 });
    const rgb = layer?.pixels?.data.filter((_, i) => i % 4 !== 3);
    expect(rgb).toEqual(result.color.data);
    expect(layer?.pixels?.data.filter((_, i) => i % 4 === 3).every((a) => a === 255)).toBe(true);
    expect(layer?.mask).toMatchObject({ ...bounds, components: 1, data: result.alpha.data });
  });

  it('is one modal scope and one history state', async () => {
    const { document, source } = openThree();
    await host().place(placement(document, [picture(bounds)], source.id));
    expect(fake.world.modals).toEqual(['Fill selection']);
    expect(document.history).toEqual(['Open', 'Fill selection']);
  });

  it('leaves other layers, active layers and selection as they were', async () => {
    const { document, top, source, background } = openThree();
    document.active = [top.id, background.id];
    document.selection = coverage({ x: 1, y: 1, width: 3, height: 3 }, (x, y) => 50 * (x + y));
    const before = structuredClone({ top, source, background, selection: document.selection });
    await host().place(placement(document, [picture(bounds)], source.id));
    expect({ top, source, background, selection: document.selection }).toEqual(before);
    expect(document.active).toEqual([top.id, background.id]);
  });

  it('puts a selection back that was lost on the way', async () => {
    const { document, source } = openThree({ depth: 16 });
    document.selection = coverage({ x: 1, y: 1, width: 3, height: 3 }, (x, y) => 1 + 50 * (x + y));
    const before = structuredClone(document.selection);
    fake.world.newLayersDeselect = true;
    await host().place(placement(document, [picture(bounds)], source.id));
    expect(document.selection).toEqual(before);
    expect(document.history).toEqual(['Open', 'Fill selection']);
  });

  it('does not show a hidden layer by making it active again', async () => {
    const { document, source } = openThree();
    source.visible = false;
    await host().place(placement(document, [picture(bounds)], source.id));
    expect(document.active).toEqual([source.id]);
    expect(source.visible).toBe(false);
  });

  it('activates no layer where none was active', async () => {
    const { document, source } = openThree();
    document.active = [];
    await host().place(placement(document, [picture(bounds)], source.id));
    expect(document.active).toEqual([]);
    expect(names(document.layers)).toEqual(['Top', 'Result 7', 'Source', 'Background']);
  });

  it('goes on top without a source, with one that is gone, and into an empty document', async () => {
    const { document, source } = openThree();
    await host().place(placement(document, [picture(bounds)]));
    expect(names(document.layers)?.[0]).toBe('Result 7');
    await host().place(placement(document, [picture(bounds, { seed: 8 })], 999));
    expect(names(document.layers)?.[0]).toBe('Result 8');
    expect(document.active).toEqual([source.id]);
    const empty = fake.open({});
    await host().place(placement(empty, [picture(bounds)]));
    expect(names(empty.layers)).toEqual(['Result 7']);
  });

  it('stays inside the group of its source', async () => {
    const source = fake.layer({ name: 'Source' });
    const group = fake.layer({ name: 'Group', kind: 'group', children: [source] });
    const other = fake.layer({ name: 'Other' });
    const document = fake.open({ layers: [other, group], active: [other.id] });
    await host().place(placement(document, [picture(bounds)], source.id));
    expect(names(document.layers)).toEqual(['Other', 'Group']);
    expect(names(group.children)).toEqual(['Result 7', 'Source']);
  });

  it('goes above a locked group instead of into it', async () => {
    const source = fake.layer({ name: 'Source' });
    const inner = fake.layer({ name: 'Inner', kind: 'group', children: [source] });
    const outer = fake.layer({ name: 'Outer', kind: 'group', locked: true, children: [inner] });
    const other = fake.layer({ name: 'Other' });
    const document = fake.open({ layers: [outer, other], active: [other.id] });
    await host().place(placement(document, [picture(bounds)], source.id));
    expect(names(document.layers)).toEqual(['Result 7', 'Outer', 'Other']);
  });

  it('goes above the layers that are clipped to its source', async () => {
    const source = fake.layer({ name: 'Source' });
    const clipped = [1, 2].map((n) => fake.layer({ name: `Clipped ${n}`, clipped: true }));
    const document = fake.open({ layers: [...clipped, source], active: [source.id] });
    await host().place(placement(document, [picture(bounds)], source.id));
    expect(names(document.layers)).toEqual(['Result 7', 'Clipped 1', 'Clipped 2', 'Source']);
  });

  it('comes back to the document it belongs to, and leaves the one in front in front', async () => {
    const { document, source } = openThree();
    const other = fake.open({ title: 'Other' });
    await host().place(placement(document, [picture(bounds)], source.id));
    expect(names(document.layers)?.[1]).toBe('Result 7');
    expect(other.layers).toEqual([]);
    expect(fake.world.frontId).toBe(other.id);
  });

  it('keeps the recipe on the layer, where a new session finds it', async () => {
    const { document, source } = openThree();
    await host().place(placement(document, [picture(bounds)], source.id));
    expect(recipeFromXmp(document.layers[1]?.xmp ?? '')).toEqual(recipe());
    document.active = [document.layers[1]?.id ?? 0];
    const later = host();
    const states = await new Promise<unknown>((resolve) => {
      const stop = later.watch((state) => {
        resolve(state.layerRecipe);
        stop();
      });
    });
    expect(states).toEqual(recipe());
    await new Promise((resolve) => setTimeout(resolve, 0));
  });

  it('places the layer even where metadata is refused, and remembers the recipe', async () => {
    const { document, source } = openThree();
    const { action } = fake.api;
    const api = {
      ...fake.api,
      action: {
        ...fake.api.action,
        batchPlay: (commands: readonly ActionDescriptor[], options: object) =>
          commands[0]?._obj === 'set'
            ? Promise.resolve([{ _obj: 'error', message: 'no' }])
            : action.batchPlay(commands, options),
      },
    };
    const own = createPhotoshopHost(api);
    const { layerIds } = await own.place(placement(document, [picture(bounds)], source.id));
    expect(document.layers[1]?.xmp).toBeUndefined();
    document.active = [Number(layerIds[0])];
    expect(own.state().layerRecipe).toEqual(recipe());
  });
});

describe('place in every kind of document', () => {
  it('writes 16-bit planes into a 16-bit document, white as white', async () => {
    const { document, source } = openThree({ depth: 16 });
    const result = picture(bounds, { depth: 16 });
    result.color.data[0] = 65535;
    await host().place(placement(document, [result], source.id));
    const layer = document.layers[1];
    expect(layer?.pixels?.data[0]).toBe(32768);
    expect(layer?.pixels?.data[3]).toBe(32768);
    const rgb = Array.from(layer?.pixels?.data.filter((_, i) => i % 4 !== 3) ?? []);
    const expected = Array.from(result.color.data, (v) => Math.round((v * 32768) / 65535));
    expect(rgb).toEqual(expected);
    expect(layer?.mask?.data).toEqual(
      Uint16Array.from(result.alpha.data, (v) => Math.round((v * 257 * 32768) / 65535)),
    );
  });

  it('writes 8-bit planes into a 16-bit document and 16-bit planes into an 8-bit one', async () => {
    const deep = openThree({ depth: 16 });
    const eight = picture(bounds);
    await host().place(placement(deep.document, [eight], deep.source.id));
    expect(deep.document.layers[1]?.pixels?.data[1]).toBe(
      Math.round(((eight.color.data[1] ?? 0) * 32768) / 255),
    );
    const plain = openThree();
    const sixteen = picture(bounds, { depth: 16 });
    await host().place(placement(plain.document, [sixteen], plain.source.id));
    expect(plain.document.layers[1]?.pixels?.data[1]).toBe(
      Math.round((sixteen.color.data[1] ?? 0) / 257),
    );
  });

  it('writes linear light into a 32-bit document', async () => {
    const profile = 'sRGB IEC61966-2.1 (Linear RGB Profile)';
    const { document, source } = openThree({ depth: 32, profile });
    const result = picture(bounds, { depth: 32 });
    result.color.data[0] = 0.5;
    await host().place(placement(document, [result], source.id));
    const layer = document.layers[1];
    expect(layer?.pixels?.data[0]).toBeCloseTo(0.2140411, 5);
    expect(layer?.pixels?.data[3]).toBe(1);
    expect(layer?.mask?.data[1]).toBeCloseTo((result.alpha.data[1] ?? 0) / 255, 6);
    expect(result.color.data[0]).toBe(0.5);
  });

  it('tags its pixels, so that Photoshop converts them to the document’s profile', async () => {
    const { document, source } = openThree({ profile: 'Adobe RGB (1998)' });
    const result = picture(bounds);
    await host().place(placement(document, [result], source.id));
    expect(document.layers[1]?.pixels?.data[0]).toBe(255 - (result.color.data[0] ?? 0));
  });

  it('writes the numbers as they are into an untagged document', async () => {
    const { document, source } = openThree({ profile: undefined });
    const result = picture(bounds);
    await host().place(placement(document, [result], source.id));
    expect(document.layers[1]?.pixels?.data[0]).toBe(result.color.data[0]);
  });

  it('writes one-channel colour into a gray document', async () => {
    const { document, source } = openThree({
      mode: 'grayscaleMode',
      profile: 'sRGB IEC61966-2.1',
    });
    const result = picture(bounds, { channels: 1 });
    await host().place(placement(document, [result], source.id));
    const pixels = document.layers[1]?.pixels;
    expect(pixels?.components).toBe(2);
    expect(pixels?.data.filter((_, i) => i % 2 === 0)).toEqual(result.color.data);
  });
});

describe('place of variants', () => {
  it('makes a group above the source with the first variant visible', async () => {
    const { document, source } = openThree();
    const variants = [1, 2, 3].map((seed) => picture(bounds, { seed }));
    const placed = await host().place(placement(document, variants, source.id));
    expect(names(document.layers)).toEqual(['Top', 'Variants', 'Source', 'Background']);
    const group = document.layers[1];
    expect(names(group?.children)).toEqual(['Result 1', 'Result 2', 'Result 3']);
    expect(group?.children?.map((layer) => layer.visible)).toEqual([true, false, false]);
    expect(placed.layerIds).toEqual(
      [group, ...(group?.children ?? [])].map((layer) => String(layer?.id)),
    );
    expect(group?.children?.map((layer) => layer.mask?.data)).toEqual(
      variants.map((variant) => variant.alpha.data),
    );
    expect(group?.children?.map((l) => recipeFromXmp(l.xmp ?? '')?.seed)).toEqual([1, 2, 3]);
    expect(document.history).toEqual(['Open', 'Fill selection']);
    expect(document.active).toEqual([source.id]);
  });

  it('makes the group where nothing is active, and in a group of its own', async () => {
    const source = fake.layer({ name: 'Source' });
    const group = fake.layer({ name: 'Group', kind: 'group', children: [source] });
    const document = fake.open({ layers: [group], active: [] });
    const variants = [1, 2].map((seed) => picture(bounds, { seed }));
    await host().place(placement(document, variants, source.id));
    expect(names(group.children)).toEqual(['Variants', 'Source']);
    expect(names(group.children?.[0]?.children)).toEqual(['Result 1', 'Result 2']);
  });

  it('remembers which recipe is on which layer of the group', async () => {
    const { document, source } = openThree();
    const own = host();
    const variants = [1, 2].map((seed) => picture(bounds, { seed }));
    const { layerIds } = await own.place(placement(document, variants, source.id));
    document.active = [Number(layerIds[2])];
    expect(own.state().layerRecipe?.seed).toBe(2);
    document.active = [Number(layerIds[0])];
    expect(own.state().layerRecipe).toBeUndefined();
  });
});

describe('place that fails', () => {
  it('leaves nothing behind wherever Esc is pressed', async () => {
    const { document, source } = openThree();
    document.selection = coverage({ x: 1, y: 1, width: 3, height: 3 }, () => 99);
    const before = structuredClone(document);
    const variants = [1, 2].map((seed) => picture(bounds, { seed }));
    let failures = 0;
    for (let calls = 1; calls < 500; calls++) {
      fake.world.escAfterCalls = calls;
      const result = await host()
        .place(placement(document, variants, source.id))
        .catch((error: unknown) => error);
      fake.world.escAfterCalls = Infinity;
      fake.world.checkNothingLeft();
      if (!(result instanceof Error)) break;
      expect(result).toMatchObject({ code: 'E_CANCELLED' });
      expect(fake.world.document(document.id)).toEqual(before);
      failures++;
    }
    expect(failures).toBeGreaterThan(30);
    expect(fake.world.document(document.id).history).toEqual(['Open', 'Fill selection']);
  });

  it('takes back a layer that could not be filled, and says Photoshop refused', async () => {
    const { document, source } = openThree();
    const before = structuredClone(document);
    const putLayerMask = () => Promise.reject(new Error('out of scratch space'));
    const api = { ...fake.api, imaging: { ...fake.api.imaging, putLayerMask } };
    const refused = createPhotoshopHost(api).place(
      placement(document, [picture(bounds)], source.id),
    );
    await expect(refused).rejects.toMatchObject({
      code: 'E_HOST_FAILED',
      cause: expect.objectContaining({ message: 'out of scratch space' }),
    });
    expect(fake.world.document(document.id)).toEqual(before);
  });

  it('refuses planes that do not cover their bounds', async () => {
    const { document, source } = openThree();
    const before = structuredClone(document);
    const wrong = { ...picture(bounds), bounds: { ...bounds, width: 6 } };
    const refused = host().place(placement(document, [wrong], source.id));
    await expect(refused).rejects.toMatchObject({ code: 'E_FRAME' });
    expect(fake.world.document(document.id)).toEqual(before);
  });

  it('names a document that was closed or resized', async () => {
    const { document, source } = openThree();
    const order = placement(document, [picture(bounds)], source.id);
    document.width = 9;
    await expect(host().place(order)).rejects.toMatchObject({ code: 'E_HOST_DOCUMENT' });
    fake.world.documents = [];
    await expect(host().place(order)).rejects.toMatchObject({ code: 'E_HOST_DOCUMENT' });
  });

  it('refuses a document that was converted to a mode without layers', async () => {
    const { document, source } = openThree();
    const order = placement(document, [picture(bounds)], source.id);
    document.mode = 'indexedColorMode';
    await expect(host().place(order)).rejects.toMatchObject({ code: 'E_HOST_MODE' });
    expect(document.history).toEqual(['Open']);
  });

  it('places again without harm after a failure', async () => {
    const { document, source } = openThree();
    fake.world.escAfterCalls = 12;
    await expect(
      host().place(placement(document, [picture(bounds)], source.id)),
    ).rejects.toMatchObject({ code: 'E_CANCELLED' });
    fake.world.escAfterCalls = Infinity;
    await host().place(placement(document, [picture(bounds)], source.id));
    expect(names(fake.world.document(document.id).layers)).toEqual([
      'Top',
      'Result 7',
      'Source',
      'Background',
    ]);
  });
});
