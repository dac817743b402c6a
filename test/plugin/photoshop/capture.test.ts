import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CaptureRequest } from '../../../plugin/host/host.ts';
import { createPhotoshopHost } from '../../../plugin/host/photoshop/photoshopHost.ts';
import { createFakePhotoshop, type FakePhotoshop } from '../../fakes/photoshop.ts';
import type { FakeDocument } from '../../fakes/photoshopWorld.ts';
import { coverage, pixelAt, planeAt, raster } from './scene.ts';

let fake: FakePhotoshop;
beforeEach(() => {
  fake = createFakePhotoshop();
});
afterEach(() => fake.world.checkNothingLeft());

function capture(document: FakeDocument, request: Partial<CaptureRequest> = {}) {
  const region = { x: 0, y: 0, width: document.width, height: document.height };
  return createPhotoshopHost(fake.api).capture({
    documentId: String(document.id),
    region,
    source: 'layer',
    withMask: false,
    ...request,
  });
}

function openWithLayer(given: Partial<FakeDocument> = {}, layer: object = {}) {
  const depth = given.depth ?? 8;
  const canvas = { x: 0, y: 0, width: 8, height: 6 };
  const made = fake.layer({ name: 'Photo', pixels: raster(canvas, depth, 4), ...layer });
  const document = fake.open({ layers: [made], active: [made.id], ...given });
  return { document, layer: made };
}

/** 0..32768 to 0..65535. */
const fullRange = (v: number) => Math.round((v * 65535) / 32768);

describe('capture of a layer', () => {
  it('reads the pixels of the active layer in one modal scope', async () => {
    const { document, layer } = openWithLayer();
    const region = { x: 2, y: 1, width: 4, height: 3 };
    const result = await capture(document, { region });
    expect(fake.world.modals).toHaveLength(1);
    expect(result.document).toMatchObject({
      id: String(document.id),
      width: 8,
      height: 6,
      depth: 8,
    });
    expect(result.document.layer).toEqual({ id: String(layer.id), name: 'Photo' });
    expect(result.picture).toMatchObject({ name: 'picture', width: 4, height: 3, channels: 4 });
    for (const [x, y] of [
      [2, 1],
      [5, 3],
      [3, 2],
    ] as const) {
      expect(planeAt(result.picture, region, x, y)).toEqual(pixelAt(layer.pixels, x, y));
    }
    expect(result.mask).toBeUndefined();
    expect(document.history).toEqual(['Open']);
  });

  it('reads a layer that is not active when it is named, and says when it is gone', async () => {
    const { document, layer } = openWithLayer();
    const ink = fake.layer({
      name: 'Ink',
      pixels: raster({ x: 1, y: 1, width: 2, height: 2 }, 8, 4),
    });
    document.layers.push(ink);
    const region = { x: 0, y: 0, width: 8, height: 6 };
    const result = await capture(document, { region, layerId: String(ink.id) });
    expect(result.document.layer).toEqual({ id: String(ink.id), name: 'Ink' });
    expect(planeAt(result.picture, region, 2, 2)).toEqual(pixelAt(ink.pixels, 2, 2));
    expect(planeAt(result.picture, region, 5, 5)).toEqual([0, 0, 0, 0]);
    expect(document.active).toEqual([layer.id]);
    await expect(capture(document, { region, layerId: '4711' })).rejects.toMatchObject({
      code: 'E_HOST_LAYER',
    });
  });

  it('reads only the crop of a large document', async () => {
    const { document } = openWithLayer(
      { width: 400, height: 300 },
      {
        pixels: raster({ x: 0, y: 0, width: 400, height: 300 }, 8, 4),
      },
    );
    await capture(document, { region: { x: 100, y: 50, width: 20, height: 10 } });
    expect(fake.world.pixelsRead).toBe(200);
  });

  it('gives a background without alpha an opaque one', async () => {
    const pixels = raster({ x: 0, y: 0, width: 8, height: 6 }, 8, 3);
    const { document } = openWithLayer({}, { isBackground: true, pixels });
    const { picture } = await capture(document);
    const region = { x: 0, y: 0, width: 8, height: 6 };
    expect(planeAt(picture, region, 7, 5)).toEqual([...pixelAt(pixels, 7, 5), 255]);
  });

  it('leaves what an opaque background does not cover transparent', async () => {
    const pixels = raster({ x: 0, y: 0, width: 8, height: 6 }, 8, 3);
    const { document } = openWithLayer({}, { isBackground: true, pixels });
    const region = { x: -2, y: -1, width: 12, height: 9 };
    const { picture } = await capture(document, { region });
    expect(planeAt(picture, region, -1, 0)).toEqual([0, 0, 0, 0]);
    expect(planeAt(picture, region, 9, 7)).toEqual([0, 0, 0, 0]);
    expect(planeAt(picture, region, 0, 0)).toEqual([...pixelAt(pixels, 0, 0), 255]);
  });

  it('puts trimmed pixels back where they belong', async () => {
    const canvas = { x: 0, y: 0, width: 8, height: 6 };
    const inside = (x: number, y: number) => (x >= 3 && x <= 5 && y === 2 ? 1 : 0);
    const pixels = raster(canvas, 8, 4, inside);
    const { document } = openWithLayer({}, { pixels });
    const { picture } = await capture(document);
    expect(fake.world.pixelsRead).toBe(3);
    expect(planeAt(picture, canvas, 4, 2)).toEqual(pixelAt(pixels, 4, 2));
    expect(planeAt(picture, canvas, 2, 2)).toEqual([0, 0, 0, 0]);
    expect(planeAt(picture, canvas, 4, 3)).toEqual([0, 0, 0, 0]);
  });

  it('reads a layer that reaches past the canvas', async () => {
    const at = { x: -3, y: -2, width: 14, height: 11 };
    const pixels = raster(at, 8, 4);
    const { document } = openWithLayer({}, { pixels });
    const { picture } = await capture(document, { region: at });
    expect(picture.data).toEqual(pixels.data);
  });

  it('answers transparency for an empty layer and for a region beside the layer', async () => {
    const { document } = openWithLayer({}, { pixels: undefined });
    const empty = await capture(document);
    expect(empty.picture.data.every((v) => v === 0)).toBe(true);
    const region = { x: 20, y: 20, width: 3, height: 2 };
    const { document: other } = openWithLayer();
    const beside = await capture(other, { region });
    expect(beside.picture.data).toEqual(new Uint8Array(24));
  });

  it('keeps 16 bits over the full range', async () => {
    const { document, layer } = openWithLayer({ depth: 16 });
    const { picture } = await capture(document);
    expect(picture.depth).toBe(16);
    expect(picture.data).toBeInstanceOf(Uint16Array);
    expect(picture.data[3]).toBe(65535);
    expect(Array.from(picture.data)).toEqual(Array.from(layer.pixels?.data ?? [], fullRange));
  });

  it('reads linear 32-bit pixels as sRGB values', async () => {
    const profile = 'sRGB IEC61966-2.1 (Linear RGB Profile)';
    const pixels = {
      x: 0,
      y: 0,
      width: 2,
      height: 1,
      components: 4,
      data: Float32Array.of(0.2140411, 1, 0, 0.5, 3, -1, 0.0031308, 1),
    };
    const { document } = openWithLayer({ depth: 32, profile, width: 2, height: 1 }, { pixels });
    const { picture, document: info } = await capture(document);
    expect(picture.depth).toBe(32);
    expect(info.profile).toBe('sRGB IEC61966-2.1');
    const values = Array.from(picture.data);
    [0.5, 1, 0, 0.5, 1, 0, 0.04045, 1].forEach((v, i) => expect(values[i]).toBeCloseTo(v, 5));
  });

  it('asks for sRGB where the document has another profile, and for nothing where it has it', async () => {
    const { document, layer } = openWithLayer({ profile: 'Adobe RGB (1998)' });
    const converted = await capture(document);
    expect(converted.picture.data[0]).toBe(255 - (layer.pixels?.data[0] ?? 0));
    expect(converted.document.profile).toBe('Adobe RGB (1998)');
    const untagged = openWithLayer({ profile: undefined });
    const asItIs = await capture(untagged.document);
    expect(asItIs.picture.data[0]).toBe(untagged.layer.pixels?.data[0]);
    expect(asItIs.document.profile).toBeUndefined();
  });

  it.each([
    ['grayscaleMode', 'gray', 2],
    ['labColorMode', 'lab', 4],
    ['CMYKColorMode', 'cmyk', 4],
  ] as const)('reads a %s document through RGB', async (mode, name, components) => {
    const pixels = raster({ x: 0, y: 0, width: 8, height: 6 }, 8, components);
    const { document } = openWithLayer({ mode, profile: 'Some Profile' }, { pixels });
    const { picture, document: info } = await capture(document);
    expect(info.mode).toBe(name);
    expect(picture.channels).toBe(4);
    expect(picture.data[0]).toBe(255 - (pixels.data[0] ?? 0));
    expect(picture.data[3]).toBe(255);
  });

  it('reads a smart object by itself', async () => {
    const { document, layer } = openWithLayer({}, { kind: 'smartObject' });
    const result = await capture(document);
    expect(result.document.layer?.id).toBe(String(layer.id));
    expect(result.note).toBeUndefined();
  });

  it.each(['group', 'text', 'curves'])(
    'reads the composite for a %s layer and says so',
    async (kind) => {
      const below = fake.layer({
        isBackground: true,
        pixels: raster({ x: 0, y: 0, width: 8, height: 6 }, 8, 3),
      });
      const active = fake.layer({
        name: 'Title',
        kind,
        children: kind === 'group' ? [] : undefined,
      });
      const document = fake.open({ layers: [active, below], active: [active.id] });
      const result = await capture(document);
      expect(result.document.layer).toBeUndefined();
      expect(result.note).toMatch(/Title.*whole picture/);
      expect(result.picture.data[0]).toBe(below.pixels?.data[0]);
    },
  );

  it('reads the composite when no layer or several are active', async () => {
    const { document, layer } = openWithLayer();
    document.active = [];
    expect((await capture(document)).note).toMatch(/No layer/);
    const other = fake.layer({});
    document.layers.unshift(other);
    document.active = [layer.id, other.id];
    expect((await capture(document)).note).toMatch(/Several/);
  });
});

describe('capture of the composite', () => {
  it('reads what is visible and names no layer', async () => {
    const canvas = { x: 0, y: 0, width: 8, height: 6 };
    const top = fake.layer({ pixels: raster({ x: 2, y: 2, width: 2, height: 2 }, 8, 4) });
    const hidden = fake.layer({ visible: false, pixels: raster(canvas, 8, 4) });
    const below = fake.layer({ isBackground: true, pixels: raster(canvas, 8, 3) });
    const document = fake.open({ layers: [hidden, top, below], active: [below.id] });
    const region = { x: -1, y: -1, width: 10, height: 8 };
    const result = await capture(document, { region, source: 'composite' });
    expect(result.document.layer).toBeUndefined();
    expect(planeAt(result.picture, region, 2, 2)).toEqual(pixelAt(top.pixels, 2, 2));
    expect(planeAt(result.picture, region, 7, 5)).toEqual([...pixelAt(below.pixels, 7, 5), 255]);
    expect(planeAt(result.picture, region, -1, -1)).toEqual([0, 0, 0, 0]);
  });

  it('answers transparency outside the canvas', async () => {
    const { document } = openWithLayer();
    const region = { x: 8, y: 0, width: 4, height: 4 };
    const { picture } = await capture(document, { region, source: 'composite' });
    expect(picture.data).toEqual(new Uint8Array(64));
  });
});

describe('capture of the selection', () => {
  const soft = (x: number, y: number) => 20 + x * 40 + y * 7;

  it.each([8, 16, 32] as const)(
    'keeps every grey level of a soft selection at %i bits',
    async (depth) => {
      const { document } = openWithLayer({ depth });
      const at = { x: 3, y: 1, width: 4, height: 3 };
      document.selection = coverage(at, soft);
      const region = { x: 1, y: 0, width: 7, height: 6 };
      const { mask } = await capture(document, { region, withMask: true });
      expect(mask).toMatchObject({ name: 'mask', channels: 1, depth: 8, width: 7, height: 6 });
      if (!mask) return;
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 4; x++) {
          expect(planeAt(mask, region, 3 + x, 1 + y)).toEqual([soft(x, y)]);
        }
      }
      expect(planeAt(mask, region, 2, 1)).toEqual([0]);
      expect(planeAt(mask, region, 7, 5)).toEqual([0]);
    },
  );

  it('is undefined when nothing is selected', async () => {
    const { document } = openWithLayer();
    const result = await capture(document, { withMask: true });
    expect(result.mask).toBeUndefined();
    expect(result.picture.data).toHaveLength(8 * 6 * 4);
  });

  it('is empty when the selection lies beside the region', async () => {
    const { document } = openWithLayer();
    document.selection = coverage({ x: 6, y: 4, width: 2, height: 2 }, () => 255);
    const region = { x: 0, y: 0, width: 3, height: 3 };
    const { mask } = await capture(document, { region, withMask: true });
    expect(mask?.data).toEqual(new Uint8Array(9));
  });

  it('cuts a selection that reaches past the canvas', async () => {
    const { document } = openWithLayer();
    document.selection = coverage({ x: -2, y: -2, width: 6, height: 6 }, () => 200);
    const region = { x: -2, y: -2, width: 8, height: 8 };
    const { mask } = await capture(document, { region, withMask: true });
    if (!mask) throw new Error('no mask');
    expect(planeAt(mask, region, -1, -1)).toEqual([0]);
    expect(planeAt(mask, region, 0, 0)).toEqual([200]);
    expect(planeAt(mask, region, 4, 4)).toEqual([0]);
  });

  it('asks to leave Quick Mask, where there is no selection', async () => {
    const { document } = openWithLayer();
    document.quickMask = true;
    await expect(capture(document, { withMask: true })).rejects.toMatchObject({
      code: 'E_HOST_BUSY',
      detail: expect.stringMatching(/Quick Mask/),
    });
  });
});

describe('capture that cannot be', () => {
  it('names a document that was closed', async () => {
    const { document } = openWithLayer();
    fake.world.documents = [];
    fake.world.frontId = undefined;
    await expect(capture(document)).rejects.toMatchObject({ code: 'E_HOST_DOCUMENT' });
  });

  it.each(['bitmapMode', 'indexedColorMode', 'multichannelMode', 'duotoneMode'])(
    'refuses a %s document',
    async (mode) => {
      const { document } = openWithLayer({ mode });
      await expect(capture(document)).rejects.toMatchObject({ code: 'E_HOST_MODE' });
    },
  );

  it('refuses empty and far too large regions before entering a modal scope', async () => {
    const { document } = openWithLayer();
    const empty = capture(document, { region: { x: 0, y: 0, width: 0, height: 5 } });
    await expect(empty).rejects.toMatchObject({ code: 'E_PARAM' });
    const huge = capture(document, { region: { x: 0, y: 0, width: 20_000, height: 20_000 } });
    await expect(huge).rejects.toMatchObject({ code: 'E_TOO_LARGE' });
    expect(fake.world.modals).toEqual([]);
  });

  it('disposes of what it read when Esc is pressed, and says it was stopped', async () => {
    const { document } = openWithLayer();
    document.selection = coverage({ x: 0, y: 0, width: 4, height: 4 }, () => 255);
    for (let calls = 1; calls < 40; calls++) {
      fake.world.escAfterCalls = calls;
      // The n-th call is refused; with enough of them allowed the capture succeeds.
      const result = await capture(document, { withMask: true }).catch((e: unknown) => e);
      fake.world.escAfterCalls = Infinity;
      fake.world.checkNothingLeft();
      if (result instanceof Error) expect(result).toMatchObject({ code: 'E_CANCELLED' });
      else return;
    }
    throw new Error('The capture never succeeded.');
  });
});
