/** Documents of 16 bits saved by the workbench: read again by the engine's own reader and by ag-psd. */
import { describe, expect, it } from 'vitest';
import { compositeDeep } from '../../../plugin/host/workbench/compositeLayers.ts';
import { deepPixels } from '../../../plugin/host/workbench/layerPixels.ts';
import {
  allLayers,
  fullLayer,
  type Layer,
  type LayerMask,
  type PixelLayer,
} from '../../../plugin/host/workbench/layers.ts';
import type { PictureDocument } from '../../../plugin/host/workbench/pictureDocument.ts';
import { readPsdDocument } from '../../../plugin/host/workbench/readPsdDocument.ts';
import { writePsdDocument } from '../../../plugin/host/workbench/writePsdDocument.ts';
import {
  readChannel,
  readMerged,
} from '../../../service/engine/picture/psd/document/channelPixels.ts';
import type { LayerRecord } from '../../../service/engine/picture/psd/document/layerRecords.ts';
import { readDocument } from '../../../service/engine/picture/psd/document/readDocument.ts';
import { rectOfSize } from '../../../shared/geometry.ts';
import { inpaintRequest, recipeOf } from '../../fakes/session.ts';

const size = { width: 19, height: 11 };
const pixelsOfCanvas = size.width * size.height;

/** RGBA whose low bytes are not those of widened 8-bit values. */
function rgba16(count: number, seed: number, alpha: (pixel: number) => number): Uint16Array {
  let state = seed;
  return Uint16Array.from({ length: count * 4 }, (_, i) => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return i % 4 === 3 ? alpha(i >> 2) : state >>> 16;
  });
}

function both(deep: Uint16Array) {
  return { deep, rgba: Uint8ClampedArray.from(deep, (v) => v / 257) };
}

const area = { x: 4, y: -2, width: 9, height: 8 };
const soft = Uint8Array.from({ length: 72 }, (_, i) => (i * 37) % 256);

function layer(id: number, of: Partial<PixelLayer>): PixelLayer {
  return { ...fullLayer(id, `layer ${id} ö`, size, { rgba: new Uint8ClampedArray(0) }), ...of };
}

const mask: LayerMask = { bounds: area, data: soft, outside: 0, isEnabled: true };

/** A photograph, a result of 8 bits in a group, a translucent layer and one without pixels. */
function documentOver(alpha: (pixel: number) => number): PictureDocument {
  const photo = layer(1, both(rgba16(pixelsOfCanvas, 3, alpha)));
  const narrow = Uint8ClampedArray.from({ length: 288 }, (_, i) => (i % 4 === 3 ? 255 : i % 251));
  const result = layer(2, {
    bounds: area,
    rgba: narrow,
    mask,
    recipe: recipeOf(inpaintRequest),
  });
  const veil = layer(3, {
    ...both(rgba16(pixelsOfCanvas, 9, (i) => (i * 311) % 65536)),
    opacity: 128 / 255,
    isVisible: false,
    mask: { ...mask, deep: Uint16Array.from(soft, (v) => v * 257 + 1), isEnabled: false },
  });
  const empty = layer(5, { bounds: { x: 0, y: 0, width: 0, height: 0 } });
  const kept = {
    isVisible: true,
    opacity: 1,
    isOpen: false,
    extra: undefined,
  };
  const group: Layer = { ...kept, kind: 'group', id: 4, name: 'results', children: [result] };
  return {
    id: 'doc',
    name: 'x.psd',
    ...size,
    layers: [photo, group, veil, empty],
    activeId: 1,
    selection: undefined,
    origin: { depth: 16, profile: undefined },
    extra: undefined,
  };
}

const opaque = documentOver(() => 65535);

function saved(document: PictureDocument) {
  const file = writePsdDocument(document);
  const stored = readDocument(new Uint8Array(file));
  const records = stored.layers?.records ?? [];
  const planes = (record: LayerRecord) =>
    new Map(record.channels.map((c) => [c.id, [...readChannel(stored, record, c)]]));
  return { file, stored, records, planes };
}

function every4th(values: ArrayLike<number>, from: number): number[] {
  return Array.from({ length: values.length / 4 }, (_, i) => values[i * 4 + from]!);
}

describe('a document of 16 bits saved as PSD', () => {
  it('is one of 16 bits with every sample of its layers and masks', () => {
    const { stored, records, planes } = saved(opaque);
    expect(stored.form).toMatchObject({ ...size, depth: 16, mode: 'rgb', channels: 3 });
    // From the bottom up, with the record below a group and the one that is the group.
    expect(records).toHaveLength(6);
    const pixels = allLayers(opaque.layers).filter((l): l is PixelLayer => l.kind === 'pixels');
    for (const [i, own] of pixels.entries()) {
      const record = records[[0, 2, 4, 5][i]!]!;
      expect(record.bounds).toEqual(own.bounds);
      expect(record.visible).toBe(own.isVisible);
      const found = planes(record);
      const deep = deepPixels(own);
      // The opaque bottom layer is the locked Background, which has no transparency.
      expect(found.has(-1)).toBe(i > 0);
      for (const [id, at] of [
        [0, 0],
        [1, 1],
        [2, 2],
        [-1, 3],
      ] as const)
        if (found.has(id)) expect(found.get(id)).toEqual(every4th(deep, at));
      const widened = own.mask && Array.from(own.mask.data, (v) => v * 257);
      expect(found.get(-2), own.name).toEqual(own.mask?.deep ? [...own.mask.deep] : widened);
    }
  });

  it.each([
    ['opaque', opaque, 3],
    ['partly clear', documentOver((i) => (i * 977) % 65536), 4],
  ] as const)('has the merged picture with 16 bits (%s)', (_, document, channels) => {
    const { stored } = saved(document);
    const merged = readMerged(stored, channels);
    const composite = compositeDeep(document.layers, rectOfSize(size));
    expect(stored.form.channels).toBe(channels);
    for (let c = 0; c < channels; c++) {
      const wanted = every4th(composite, c).map((v, i) => {
        const alpha = composite[i * 4 + 3]!;
        return c === 3 ? v : Math.round((v * alpha + 65535 * (65535 - alpha)) / 65535);
      });
      expect([...merged[c]!]).toEqual(wanted);
    }
  });

  it('opens again in the workbench with every bit, recipe, name and group, and once more after that', () => {
    let document = opaque;
    for (let round = 0; round < 2; round++) {
      const opened = readPsdDocument(writePsdDocument(document), 'x.psd', 'doc');
      expect(opened.notes).toEqual([]);
      document = opened.document;
      const layers = allLayers(document.layers);
      expect(layers.map(({ name, id }) => [name, id])).toEqual(
        allLayers(opaque.layers).map(({ name, id }) => [name, id]),
      );
      for (const [i, own] of allLayers(opaque.layers).entries()) {
        const again = layers[i];
        if (own.kind !== 'pixels' || again?.kind !== 'pixels') continue;
        expect([...deepPixels(again)]).toEqual([...deepPixels(own)]);
        expect(again.recipe).toEqual(own.recipe);
        expect([again.isVisible, again.opacity]).toEqual([own.isVisible, own.opacity]);
        expect(again.mask?.isEnabled).toBe(own.mask?.isEnabled);
        expect(again.mask && [...again.mask.data]).toEqual(own.mask && [...own.mask.data]);
        if (own.mask?.deep) expect([...again.mask!.deep!]).toEqual([...own.mask.deep]);
      }
    }
  });

  it('keeps the transparency of a bottom layer that is partly clear', () => {
    const { records } = saved(documentOver((i) => (i * 977) % 65536));
    expect(records[0]!.channels.map(({ id }) => id)).toEqual([-1, 0, 1, 2]);
  });

  it('stays one of 8 bits where no layer has more', () => {
    const layers = [fullLayer(1, 'a', size, { rgba: new Uint8ClampedArray(pixelsOfCanvas * 4) })];
    const { stored } = saved({ ...opaque, layers, origin: { depth: 8, profile: undefined } });
    expect(stored.form.depth).toBe(8);
  });
});
