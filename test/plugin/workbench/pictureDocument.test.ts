import { describe, expect, it } from 'vitest';
import { compositeLayers } from '../../../plugin/host/workbench/compositeLayers.ts';
import { createEditor } from '../../../plugin/host/workbench/editor.ts';
import {
  advance,
  amend,
  beginHistory,
  redo,
  undo,
} from '../../../plugin/host/workbench/history.ts';
import { fullLayer, type PixelLayer } from '../../../plugin/host/workbench/layers.ts';
import {
  capture,
  hostStateOf,
  nextLayerId,
  place,
  withoutLayer,
  withVisibility,
  type PictureDocument,
} from '../../../plugin/host/workbench/pictureDocument.ts';
import { createWorkbenchHost } from '../../../plugin/host/workbench/workbenchHost.ts';
import type { Placement } from '../../../plugin/host/host.ts';
import { rectOfSize } from '../../../shared/geometry.ts';
import { inpaintRequest, recipeOf } from '../../fakes/session.ts';

const size = { width: 16, height: 12 };
const onePixel = { width: 1, height: 1 };
const bounds = { x: 3, y: 2, width: 6, height: 5 };

function noise(length: number, seed: number): Uint8ClampedArray {
  let state = seed;
  return Uint8ClampedArray.from({ length }, () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state >>> 24;
  });
}

function opaqueNoise(pixels: number, seed: number): Uint8ClampedArray {
  return noise(pixels * 4, seed).map((v, i) => (i % 4 === 3 ? 255 : v));
}

function photo(): PictureDocument {
  return {
    id: 'doc',
    name: 'photo.jpg',
    ...size,
    layers: [fullLayer(1, 'Background', size, { rgba: opaqueNoise(size.width * size.height, 1) })],
    activeId: 1,
    selection: { bounds, data: new Uint8Array(30).fill(255) },
    origin: { depth: 8, profile: undefined },
    extra: undefined,
  };
}

const alpha = Uint8Array.from({ length: 30 }, (_, i) => [0, 255, 128, 1, 254][i % 5]!);
const color = new Uint8Array(noise(90, 7));

function placement(count: number, more: Partial<Placement> = {}): Placement {
  return {
    documentId: 'doc',
    aboveLayerId: '1',
    documentSize: size,
    pictures: Array.from({ length: count }, (_, i) => ({
      name: `boat ${i + 1}`,
      bounds,
      color: { name: 'color', width: 6, height: 5, channels: 3, depth: 8, data: color },
      alpha: { name: 'alpha', width: 6, height: 5, channels: 1, depth: 8, data: alpha },
      recipe: recipeOf(inpaintRequest, i),
    })),
    groupName: 'boat',
    historyName: 'Fill selection',
    ...more,
  };
}

describe('compositing', () => {
  it('keeps every pixel outside the mask bit for bit, and takes the result where the mask is full', () => {
    const before = compositeLayers(photo().layers, rectOfSize(size));
    const after = compositeLayers(place(photo(), placement(1)).document.layers, rectOfSize(size));
    let compared = 0;
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        const inside = x >= 3 && x < 9 && y >= 2 && y < 7;
        const m = (y - 2) * 6 + x - 3;
        const cover = inside ? alpha[m]! : 0;
        const at = (y * size.width + x) * 4;
        if (cover === 0) {
          expect(after.subarray(at, at + 4)).toEqual(before.subarray(at, at + 4));
          compared++;
        }
        if (cover === 255)
          expect([...after.subarray(at, at + 3)]).toEqual([...color.subarray(m * 3, m * 3 + 3)]);
      }
    }
    expect(compared).toBe(16 * 12 - 24);
  });

  it('rounds half coverage to the nearest value', () => {
    const base = {
      ...fullLayer(1, 'a', onePixel, { rgba: Uint8ClampedArray.of(10, 200, 0, 255) }),
    };
    const top: PixelLayer = {
      ...fullLayer(2, 'b', onePixel, { rgba: Uint8ClampedArray.of(20, 100, 255, 255) }),
      mask: {
        bounds: { x: 0, y: 0, width: 1, height: 1 },
        data: Uint8Array.of(128),
        outside: 0,
        isEnabled: true,
      },
    };
    expect([...compositeLayers([base, top], { x: 0, y: 0, width: 1, height: 1 })]).toEqual([
      15, 150, 128, 255,
    ]);
  });

  it('shows nothing of hidden layers, hidden groups and what lies past the canvas', () => {
    const { document } = place(photo(), placement(2));
    const hidden = withVisibility(document, 4, false);
    const all = rectOfSize(size);
    expect(compositeLayers(hidden.layers, all)).toEqual(compositeLayers(photo().layers, all));
    expect([...compositeLayers(photo().layers, { x: -1, y: -1, width: 1, height: 1 })]).toEqual([
      0, 0, 0, 0,
    ]);
  });
});

describe('the document', () => {
  it('tells the panel what is there', () => {
    expect(hostStateOf(photo())).toMatchObject({
      document: {
        id: 'doc',
        width: 16,
        height: 12,
        depth: 8,
        mode: 'rgb',
        layer: { id: '1', name: 'Background' },
      },
      layerBounds: rectOfSize(size),
      selectionBounds: bounds,
    });
    expect(hostStateOf(undefined).document).toBeUndefined();
  });

  it('reads exactly the region, transparent past the canvas, with the soft selection', () => {
    const region = { x: -2, y: 1, width: 8, height: 4 };
    const read = capture(photo(), {
      documentId: 'doc',
      region,
      source: 'composite',
      withMask: true,
    });
    expect(read.picture).toMatchObject({ width: 8, height: 4, channels: 4, depth: 8 });
    expect(read.picture.data[3]).toBe(0);
    expect(read.picture.data[2 * 4 + 3]).toBe(255);
    expect([...(read.mask?.data ?? [])].filter((v) => v === 255)).toHaveLength(9);
    expect(read.document.layer).toBeUndefined();
  });

  it('places a group whose first layer alone is visible, above the source, and leaves the rest alone', () => {
    const { document, ids } = place(photo(), placement(3));
    const group = document.layers[1];
    expect(group).toMatchObject({ kind: 'group', name: 'boat', id: ids[0] });
    const children = group?.kind === 'group' ? [...group.children].reverse() : [];
    expect(children.map((l) => [l.name, l.isVisible])).toEqual([
      ['boat 1', true],
      ['boat 2', false],
      ['boat 3', false],
    ]);
    expect(document.activeId).toBe(1);
    expect(document.selection).toEqual(photo().selection);
    expect(nextLayerId(document)).toBe(6);
  });

  it('places on top when the source layer is gone', () => {
    const { document } = place(photo(), placement(1, { aboveLayerId: '99' }));
    expect(document.layers.map((l) => l.name)).toEqual(['Background', 'boat 1']);
  });

  it.each([
    ['another document', { documentId: 'other' }],
    ['another size', { documentSize: { width: 10, height: 12 } }],
  ])('refuses a result of %s', (_, more) => {
    expect(() => place(photo(), placement(1, more))).toThrow(/closed or has changed its size/);
  });

  it('shows 16-bit and gray results as 8-bit RGB', () => {
    const gray = {
      name: 'color',
      width: 6,
      height: 5,
      channels: 1,
      depth: 16 as const,
      data: new Uint16Array(30).fill(0x8080),
    };
    const one = placement(1);
    const pictures = one.pictures.map((p) => ({ ...p, color: gray }));
    const { document } = place(photo(), { ...one, pictures });
    const layer = document.layers[1];
    expect(layer?.kind === 'pixels' && [...layer.rgba.subarray(0, 4)]).toEqual([
      128, 128, 128, 255,
    ]);
  });

  it('makes the layer below active when the active one is deleted', () => {
    const { document, ids } = place(photo(), placement(1));
    const gone = withoutLayer({ ...document, activeId: ids[0] }, ids[0]!);
    expect(gone.activeId).toBe(1);
    expect(gone.layers).toHaveLength(1);
  });
});

describe('history', () => {
  it('takes back a step and does it again; a new step forgets what was undone', () => {
    let h = advance(advance(beginHistory(1), 'two', 2), 'three', 3);
    h = undo(h);
    expect([h.present, h.future[0]?.name]).toEqual([2, 'three']);
    h = redo(h);
    expect([h.present, h.future]).toEqual([3, []]);
    h = advance(undo(h), 'four', 4);
    expect(h.past.map((s) => s.name)).toEqual(['two', 'four']);
    expect(redo(h)).toBe(h);
  });

  it('keeps amendments out of the list', () => {
    expect(amend(beginHistory(1), 2)).toEqual({ present: 2, past: [], future: [] });
  });
});

describe('the workbench as host', () => {
  it('places in one step and tells the panel once', async () => {
    const editor = createEditor();
    const host = createWorkbenchHost(editor);
    editor.open(photo());
    const told: unknown[] = [];
    const stop = host.watch((state) => told.push(state));
    const ref = await host.place(placement(3));
    expect(ref.layerIds).toHaveLength(4);
    expect(editor.getState().history?.past.map((s) => s.name)).toEqual(['Fill selection']);
    expect(told).toHaveLength(1);
    editor.undo();
    expect(editor.document()?.layers).toHaveLength(1);
    stop();
  });

  it('gives a small look that matches the full one', async () => {
    const editor = createEditor();
    editor.open(photo());
    const host = createWorkbenchHost(editor);
    const request = {
      documentId: 'doc',
      region: rectOfSize(size),
      source: 'composite',
      withMask: true,
    } as const;
    const small = await host.glance?.(request, 4);
    expect(small?.picture).toMatchObject({ width: 4, height: 3 });
    const full = (await host.capture(request)).picture.data;
    let sum = 0;
    for (let y = 0; y < 4; y++) for (let x = 0; x < 4; x++) sum += full[(y * 16 + x) * 4]!;
    expect(small?.picture.data[0]).toBe(Math.floor(sum / 16));
  });

  it('refuses to work without a document', async () => {
    const host = createWorkbenchHost(createEditor());
    await expect(host.place(placement(1))).rejects.toMatchObject({ code: 'E_HOST_DOCUMENT' });
  });
});
