import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPhotoshopHost } from '../../../plugin/host/photoshop/photoshopHost.ts';
import type { Placement } from '../../../plugin/host/host.ts';
import { createFakePhotoshop, type FakePhotoshop } from '../../fakes/photoshop.ts';
import type { FakeDocument } from '../../fakes/photoshopWorld.ts';
import { coverage, picture, pixelAt, placement, raster } from './scene.ts';

let fake: FakePhotoshop;
beforeEach(() => {
  fake = createFakePhotoshop();
});
afterEach(() => fake.world.checkNothingLeft());

const canvas = { x: -3, y: -2, width: 8 + 3 + 4, height: 6 + 2 + 1 };
const whole = { x: 0, y: 0, width: 8, height: 6 };

function openPhoto(given: Partial<FakeDocument> = {}) {
  const source = fake.layer({ name: 'Source', pixels: raster(whole, 8, 4) });
  const background = fake.layer({
    name: 'Background',
    isBackground: true,
    locked: true,
    pixels: raster(whole, 8, 3),
  });
  const document = fake.open({ layers: [source, background], active: [source.id], ...given });
  return { document, source, background };
}

function expansion(document: FakeDocument, more: Partial<Placement> = {}): Placement {
  const base = placement(document, [picture(canvas)], document.active[0]);
  return { ...base, documentSize: { width: 8, height: 6 }, historyName: 'Expand', canvas, ...more };
}

const host = () => createPhotoshopHost(fake.api);

describe('place past the edges', () => {
  it('enlarges the canvas on each side by its own share and puts the layer where it belongs', async () => {
    const { document, source, background } = openPhoto();
    const before = structuredClone({ source: source.pixels, background: background.pixels });
    await host().place(expansion(document));
    expect([document.width, document.height]).toEqual([15, 9]);
    const layer = document.layers[0];
    expect(layer?.pixels).toMatchObject({ x: 0, y: 0, width: 15, height: 9 });
    expect(layer?.mask).toMatchObject({ x: 0, y: 0, width: 15, height: 9 });
    expect(source.pixels).toMatchObject({ x: 3, y: 2, data: before.source?.data });
    expect(pixelAt(background.pixels, 3, 2)).toEqual(pixelAt(before.background, 0, 0));
  });

  it('is one modal scope and one history state', async () => {
    const { document } = openPhoto();
    await host().place(expansion(document));
    expect(fake.world.modals).toEqual(['Expand']);
    expect(document.history).toEqual(['Open', 'Expand']);
  });

  it('keeps the selection where it is in the picture', async () => {
    const { document } = openPhoto();
    document.selection = coverage({ x: 1, y: 1, width: 3, height: 2 }, (x) => 80 * (x + 1));
    const data = structuredClone(document.selection.data);
    await host().place(expansion(document));
    expect(document.selection).toMatchObject({ x: 4, y: 3, width: 3, height: 2, data });
  });

  it('puts back a selection that was lost, at its new place', async () => {
    const { document } = openPhoto();
    document.selection = coverage({ x: 1, y: 1, width: 3, height: 2 }, (x) => 80 * (x + 1));
    const data = structuredClone(document.selection.data);
    fake.world.newLayersDeselect = true;
    await host().place(expansion(document));
    expect(document.selection).toMatchObject({ x: 4, y: 3, width: 3, height: 2, data });
  });

  it('grows one side in one step, and a second result needs none', async () => {
    const { document } = openPhoto();
    const right = { x: 0, y: 0, width: 12, height: 6 };
    const one = expansion(document, { canvas: right, pictures: [picture(right)] });
    await host().place(one);
    expect([document.width, document.height]).toEqual([12, 6]);
    await host().place(one);
    expect([document.width, document.height]).toEqual([12, 6]);
    expect(document.layers).toHaveLength(4);
  });

  it('leaves everything as it was when Photoshop fails on the way', async () => {
    const { document } = openPhoto();
    fake.world.escAfterCalls = 40;
    await expect(host().place(expansion(document))).rejects.toMatchObject({ code: 'E_CANCELLED' });
    const now = fake.world.document(document.id);
    expect([now.width, now.height, now.layers.length]).toEqual([8, 6, 2]);
    expect(now.history).toEqual(['Open']);
  });

  it('refuses documents of artboards, and such as have another size by now', async () => {
    const boards = openPhoto({ artboards: 1 }).document;
    await expect(host().place(expansion(boards))).rejects.toMatchObject({ code: 'E_HOST_MODE' });
    const { document } = openPhoto({ width: 9 });
    await expect(host().place(expansion(document))).rejects.toMatchObject({
      code: 'E_HOST_DOCUMENT',
    });
  });
});
