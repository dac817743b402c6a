/** Documents of 16 bits in the workbench: what the browser cannot show is kept beside what it can. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Placement } from '../../../plugin/host/host.ts';
import { compositeDeep, compositeLayers } from '../../../plugin/host/workbench/compositeLayers.ts';
import { createEditor } from '../../../plugin/host/workbench/editor.ts';
import { pixelsOf } from '../../../plugin/host/workbench/layerPixels.ts';
import { fullLayer } from '../../../plugin/host/workbench/layers.ts';
import {
  capture,
  hostStateOf,
  place,
  type PictureDocument,
} from '../../../plugin/host/workbench/pictureDocument.ts';
import { readPsdDocument } from '../../../plugin/host/workbench/readPsdDocument.ts';
import { createWorkbenchHost } from '../../../plugin/host/workbench/workbenchHost.ts';
import { openFile } from '../../../plugin/workbench/openFile.ts';
import { readChannel } from '../../../service/engine/picture/psd/document/channelPixels.ts';
import { readDocument } from '../../../service/engine/picture/psd/document/readDocument.ts';
import type { Plane } from '../../../shared/frame.ts';
import { rectOfSize } from '../../../shared/geometry.ts';
import { inpaintRequest, recipeOf } from '../../fakes/session.ts';
import { pngOf } from './pngOf.ts';

const size = { width: 16, height: 12 };
const bounds = { x: 3, y: 2, width: 6, height: 5 };

/** Values whose low bytes are not those of widened 8-bit ones. */
function noise16(length: number, seed: number): Uint16Array {
  let state = seed;
  return Uint16Array.from({ length }, () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state >>> 16;
  });
}

function planeOf(name: string, area: typeof size, channels: number, data: Plane['data']): Plane {
  const depth = data instanceof Uint16Array ? 16 : data instanceof Uint8Array ? 8 : 32;
  return { name, width: area.width, height: area.height, channels, depth, data };
}

const original = noise16(16 * 12 * 3, 1);

function photo(): PictureDocument {
  const pixels = pixelsOf(planeOf('picture', size, 3, original));
  return {
    id: 'doc',
    name: 'photo.png',
    ...size,
    layers: [fullLayer(1, 'Background', size, pixels)],
    activeId: 1,
    selection: { bounds, data: new Uint8Array(30).fill(255) },
    origin: { depth: 16, profile: undefined },
    extra: undefined,
  };
}

const alpha = Uint8Array.from({ length: 30 }, (_, i) => [0, 255, 128, 1, 254][i % 5]!);
const color = noise16(90, 7);

function placement(result: Plane): Placement {
  return {
    documentId: 'doc',
    aboveLayerId: '1',
    documentSize: size,
    groupName: 'g',
    historyName: 'h',
    pictures: [
      {
        name: 'result',
        bounds,
        color: result,
        alpha: planeOf('alpha', bounds, 1, alpha),
        recipe: recipeOf(inpaintRequest),
      },
    ],
  };
}

async function samples16(png: Uint8Array) {
  const { data, info } = await sharp(png)
    .toColourspace('rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const copy = new Uint8Array(data);
  return { values: new Uint16Array(copy.buffer), channels: info.channels };
}

describe('a document of 16 bits', () => {
  it('tells its depth, and is read with every bit', () => {
    expect(hostStateOf(photo()).document?.depth).toBe(16);
    for (const source of ['composite', 'layer'] as const) {
      const region = { x: 2, y: 1, width: 5, height: 4 };
      const read = capture(photo(), { documentId: 'doc', region, source, withMask: true });
      expect(read.picture).toMatchObject({ depth: 16, channels: 4 });
      expect(read.document.depth).toBe(16);
      expect(read.mask?.depth).toBe(8);
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 5; x++) {
          const at = ((y + 1) * 16 + x + 2) * 3;
          expect([...read.picture.data.subarray((y * 5 + x) * 4, (y * 5 + x) * 4 + 4)]).toEqual([
            ...original.subarray(at, at + 3),
            65535,
          ]);
        }
      }
    }
  });

  it('is saved as a PNG of 16 bits: the file’s own outside of the result, the result’s where it is full', async () => {
    const { document } = place(photo(), placement(planeOf('color', bounds, 3, color)));
    const { values, channels } = await samples16(await pngOf(document));
    expect(channels).toBe(3);
    const seen = { kept: 0, new: 0, mixed: 0 };
    for (let y = 0; y < 12; y++) {
      for (let x = 0; x < 16; x++) {
        const [mx, my] = [x - bounds.x, y - bounds.y];
        const isInside = mx >= 0 && my >= 0 && mx < bounds.width && my < bounds.height;
        const m = my * bounds.width + mx;
        const cover = isInside ? alpha[m]! : 0;
        for (let c = 0; c < 3; c++) {
          const was = original[(y * 16 + x) * 3 + c]!;
          const is = values[(y * 16 + x) * 3 + c]!;
          if (cover === 0) expect(is, `${x}, ${y}`).toBe(was);
          else if (cover === 255) expect(is).toBe(color[m * 3 + c]);
          else {
            const wanted = was + ((color[m * 3 + c]! - was) * cover) / 255;
            expect(Math.abs(is - wanted)).toBeLessThanOrEqual(1);
          }
        }
        seen[cover === 0 ? 'kept' : cover === 255 ? 'new' : 'mixed']++;
      }
    }
    expect(seen).toEqual({ kept: 168, new: 6, mixed: 18 });
  });

  it('shows the same picture in 8 bits, and takes a result of 8 bits, widened', () => {
    const result = planeOf('color', bounds, 3, new Uint8Array(90).fill(200));
    const { document } = place(photo(), placement(result));
    const deep = compositeDeep(document.layers, rectOfSize(size));
    const shown = compositeLayers(document.layers, rectOfSize(size));
    expect(deep).toContain(200 * 257);
    deep.forEach((v, i) => expect(Math.abs(v / 257 - shown[i]!)).toBeLessThanOrEqual(1));
  });

  it('is reduced in its own depth for the thumbnail', async () => {
    const editor = createEditor();
    const flat = new Uint16Array(16 * 12 * 3).fill(40_000);
    const layer = fullLayer(1, 'a', size, pixelsOf(planeOf('picture', size, 3, flat)));
    editor.open({ ...photo(), layers: [layer] });
    const host = createWorkbenchHost(editor);
    const region = rectOfSize(size);
    const request = { documentId: 'doc', region, source: 'composite', withMask: false } as const;
    const glanced = await host.glance?.(request, 4);
    expect(glanced?.picture).toMatchObject({ width: 4, height: 3, depth: 16 });
    expect([...(glanced?.picture.data.subarray(0, 4) ?? [])]).toEqual([
      40_000, 40_000, 40_000, 65535,
    ]);
  });

  it.each([
    [16, /16 bits per channel, which are kept/],
    [32, /32 bits per channel, of which 16 are kept/],
  ] as const)('is opened from a file of %i bits, and says what is kept', async (depth, words) => {
    const editor = createEditor();
    const data = depth === 16 ? original : Float32Array.from(original, (v) => v / 65535);
    const picture = planeOf('picture', size, 3, data);
    const info = { ...size, depth, channels: 3, format: 'tiff' } as const;
    const client = { openPicture: async () => ({ info, picture }) };
    await openFile({ editor, client, newId: () => 'doc' }, new ArrayBuffer(4), 'scan.tif');
    expect(editor.getState().message?.text).toMatch(words);
    const document = editor.document();
    if (!document) return expect.fail('Nothing was opened');
    expect((await samples16(await pngOf(document))).values).toEqual(original);
  });

  it.each(['16bit5x5.psd', '16bit5x5-psb.psb'])('has the samples of %s', (name) => {
    const bytes = readFileSync(join(import.meta.dirname, '../../reference/cases/psd', name));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    const { document } = readPsdDocument(file as ArrayBuffer, name, 'doc');
    const stored = readDocument(bytes);
    const records = stored.layers?.records ?? [];
    let compared = 0;
    for (const [i, layer] of document.layers.entries()) {
      const record = records[i];
      if (layer.kind !== 'pixels' || !record) return expect.fail('Expected flat layers');
      for (const channel of record.channels.filter(({ id }) => id >= 0)) {
        const wanted = readChannel(stored, record, channel);
        const own = layer.deep?.filter((_, k) => k % 4 === channel.id);
        expect(own).toEqual(wanted);
        compared += wanted.length;
      }
    }
    expect(compared).toBeGreaterThanOrEqual(75);
    expect(hostStateOf(document).document?.depth).toBe(16);
  });

  it('keeps gray and alpha', () => {
    const gray = Uint16Array.of(1000, 65535, 2001, 7);
    const { deep, rgba } = pixelsOf(planeOf('picture', { width: 2, height: 1 }, 2, gray));
    expect([...(deep ?? [])]).toEqual([1000, 1000, 1000, 65535, 2001, 2001, 2001, 7]);
    expect([...rgba]).toEqual([4, 4, 4, 255, 8, 8, 8, 0]);
  });
});
