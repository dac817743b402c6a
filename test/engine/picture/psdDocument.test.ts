/** Photoshop documents: what is read of them, layers added to them, and damaged ones. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { initializeCanvas, readPsd } from 'ag-psd';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { PentimentoError } from '../../../shared/errors.ts';
import { addLayers } from '../../../service/engine/picture/psd/document/addLayers.ts';
import {
  readChannel,
  readMerged,
} from '../../../service/engine/picture/psd/document/channelPixels.ts';
import { documentChannels } from '../../../service/engine/picture/psd/document/documentColor.ts';
import { readLayerMask } from '../../../service/engine/picture/psd/document/layerMask.ts';
import { readLayerXmp } from '../../../service/engine/picture/psd/document/layerXmp.ts';
import { allLayers, layerTree } from '../../../service/engine/picture/psd/document/layerTree.ts';
import {
  readDocument,
  type PsdFile,
} from '../../../service/engine/picture/psd/document/readDocument.ts';
import { srgbOfStoredLab, storedLabOf } from '../../../service/engine/picture/psd/labColors.ts';
import { readComposite } from '../../../service/engine/picture/psd/readComposite.ts';
import { activeLayer, takeLayer } from '../../../service/engine/picture/psd/document/takeLayer.ts';
import { writePsd, type PsdNode } from '../../../service/engine/picture/psd/writePsd.ts';
import type { Raster } from '../../../service/engine/picture/raster.ts';
import { srgbToLab } from '../../../service/engine/picture/deltaE.ts';
import { assertCarriedOver, noiseLayer } from '../../fixtures/psdCarriedOver.ts';
import { noise } from './pixels.ts';
import { processorMs } from '../../fixtures/processorMs.ts';

const samples = join(import.meta.dirname, '../../reference/cases/psd');
const sample = (name: string) => new Uint8Array(readFileSync(join(samples, name)));

beforeAll(() => {
  initializeCanvas(
    () => {
      throw new Error('no canvas is needed');
    },
    (width, height) =>
      ({
        width,
        height,
        data: new Uint8ClampedArray(width * height * 4),
        colorSpace: 'srgb',
      }) as ImageData,
  );
});

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    if (!(error instanceof PentimentoError)) throw error;
    return error.code;
  }
}

function picture(
  width: number,
  height: number,
  channels: Raster['channels'],
  depth: 8 | 16,
): Raster {
  const bytes = noise(width * height * channels * (depth / 8), 5);
  const data = depth === 8 ? bytes : new Uint16Array(bytes.buffer);
  return { width, height, channels, depth, data };
}

/** Background, a group with a masked layer in it, a layer on top. */
function layered(mode: 'rgb' | 'gray', depth: 8 | 16, alpha: boolean): Uint8Array {
  const colors = mode === 'gray' ? 1 : 3;
  const whole = picture(20, 14, (colors + (alpha ? 1 : 0)) as Raster['channels'], depth);
  const pixels = picture(7, 5, (colors + 1) as Raster['channels'], depth);
  const bounds = { x: 2, y: 1, width: 4, height: 3 };
  const mask = { bounds, pixels: { width: 4, height: 3, data: noise(12) } };
  const layers: PsdNode[] = [
    { kind: 'pixels', name: 'Background', x: 0, y: 0, pixels: whole, background: !alpha },
    {
      kind: 'group',
      name: 'G',
      visible: false,
      children: [{ kind: 'pixels', name: 'in', x: 2, y: 1, pixels, mask, opacity: 99 }],
    },
    { kind: 'pixels', name: 'top', x: -3, y: 11, pixels },
  ];
  return writePsd({ width: 20, height: 14, depth, mode, layers, composite: whole, xmp: '<x/>' });
}

describe('a document with layers of ours', () => {
  it.each([
    ['rgb', 8, false],
    ['rgb', 8, true],
    ['rgb', 16, true],
    ['gray', 8, false],
    ['gray', 16, false],
  ] as const)('keeps every other byte: %s, %i bits, alpha %s', (mode, depth, alpha) => {
    expect(() => assertCarriedOver(readDocument(layered(mode, depth, alpha)))).not.toThrow();
  });

  it('is seen so by another reader', () => {
    const before = layered('rgb', 8, true);
    const file = readDocument(before);
    const layer = noiseLayer(file.form, { x: 3, y: 4, width: 6, height: 7 }, 'W\u00e4lder');
    const [old, now] = [before, addLayers(file, [layer], {})].map((bytes) =>
      readPsd(bytes, { useImageData: true }),
    );
    expect(now?.children?.slice(0, -1)).toEqual(old?.children);
    const added = now?.children?.at(-1);
    expect(added).toMatchObject({ name: 'W\u00e4lder', left: 3, top: 4, right: 9, bottom: 11 });
    expect(added?.mask).toMatchObject({ left: 3, top: 4, right: 9, bottom: 11, defaultColor: 0 });
    const mask = added?.mask?.imageData?.data.filter((_, i) => i % 4 === 0);
    expect(Array.from(mask ?? [])).toEqual(Array.from(layer.alpha));
    const red = added?.imageData?.data.filter((_, i) => i % 4 === 0);
    expect(Array.from(red ?? [])).toEqual(Array.from(layer.channels[0] ?? []));
    expect(now?.imageResources).toEqual(old?.imageResources);
  });

  it('shows the layer in its composite as laid over it', () => {
    const before = layered('rgb', 8, true);
    const file = readDocument(before);
    const layer = noiseLayer(file.form, { x: 0, y: 0, width: 20, height: 14 }, 'x');
    const [old, now] = [before, addLayers(file, [layer], {})].map(readComposite);
    for (let i = 0; i < 280; i++) {
      const share = layer.alpha[i] / 255;
      const under = (old?.data[i * 4 + 3] ?? 0) / 255;
      const total = share + under * (1 - share);
      expect(Math.abs((now?.data[i * 4 + 3] ?? 0) - total * 255)).toBeLessThanOrEqual(0.51);
      const mixed =
        (layer.channels[0][i] * share + (old?.data[i * 4] ?? 0) * under * (1 - share)) / total;
      // Two roundings of values over white, enlarged where little is to be seen.
      expect(Math.abs((now?.data[i * 4] ?? 0) - mixed)).toBeLessThanOrEqual(1 + 1 / total);
    }
  });

  it('puts a layer above those clipped to the chosen one, and into its group', () => {
    const file = readDocument(sample('clipping-mask.psd'));
    const layer = noiseLayer(file.form, { x: 0, y: 0, width: 9, height: 9 }, 'ours');
    const names = (f: PsdFile) => [...allLayers(layerTree(f))].map((l) => [l.name, l.clipped]);
    const tree = [...allLayers(layerTree(file))];
    const base = tree.find((l, i) => tree[i + 1]?.clipped === true && l.children.length === 0);
    if (!base) return expect.fail('Expected a clipped layer');
    const after = names(readDocument(addLayers(file, [layer], { above: base.index })));
    const at = after.findIndex(([name]) => name === 'ours');
    const clipped = names(file).filter((_, i) => i === tree.indexOf(base) + 1);
    expect(after[at - 1]).toEqual(clipped[0]);
    expect(after.filter((_, i) => i !== at)).toEqual(names(file));
    expect(() => addLayers(file, [layer], { above: 999 })).toThrow(RangeError);
  });

  it('gives its layers numbers that no other layer has, and their own XMP', () => {
    const file = readDocument(sample('mask.psd'));
    const made = ['a', 'b'].map((n) =>
      noiseLayer(file.form, { x: 1, y: 1, width: 3, height: 3 }, n),
    );
    const bytes = addLayers(file, made, {});
    const children = readPsd(bytes, { skipLayerImageData: true, skipCompositeImageData: true });
    const ids = (children.children ?? [])
      .flatMap((l) => [l, ...(l.children ?? [])])
      .map((l) => l.id);
    expect(new Set(ids).size).toBe(ids.length);
    const after = readDocument(bytes);
    const texts = (after.layers?.records ?? []).map((r) => readLayerXmp(after, r));
    expect(texts.filter((t) => t !== undefined)).toEqual([made[1]?.xmp, made[0]?.xmp]);
  });

  it.each([
    ['colormodes-4x4_8bit_index_color.psd', 'indexed'],
    ['colormodes-4x4_8bit_duotone.psd', 'duotone'],
    ['colormodes-4x4_16bit_multichannel.psd', 'multichannel'],
  ])('is refused where the mode holds no such colours: %s', async (name, mode) => {
    const file = readDocument(sample(name));
    expect(file.form.mode).toBe(mode);
    const refused = documentChannels(file, picture(2, 2, 3, 8));
    await expect(refused).rejects.toMatchObject({ code: 'E_IMAGE_CHANNELS' });
    expect(codeOf(() => addLayers(file, [], {}))).toBe('E_IMAGE_CHANNELS');
  });
});

/** A document of one gray channel without layers. */
function flat(
  composite: Uint8Array,
  form: { depth: number; big?: boolean; size?: [number, number] },
) {
  const [width, height] = form.size ?? [5, 3];
  const lengthBytes = form.big ? 8 : 4;
  const bytes = new Uint8Array(34 + lengthBytes + composite.length);
  const view = new DataView(bytes.buffer);
  bytes.set(Buffer.from('8BPS'));
  view.setUint16(4, form.big ? 2 : 1);
  view.setUint16(12, 1);
  view.setUint32(14, height);
  view.setUint32(18, width);
  view.setUint16(22, form.depth);
  view.setUint16(24, 1);
  bytes.set(composite, 34 + lengthBytes);
  return bytes;
}

const zipped = (kind: number, bytes: Uint8Array) =>
  Buffer.concat([Buffer.from([0, kind]), deflateSync(bytes)]);

describe('a document', () => {
  it('gets layers however its composite is packed and whatever its depth', () => {
    const values = noise(15 * 4, 9);
    for (const [depth, bytes] of [
      [8, 15],
      [16, 30],
      [32, 60],
    ] as const) {
      const raw = depth === 32 ? floats() : values.subarray(0, bytes);
      for (const big of [false, true]) {
        for (const composite of [Buffer.concat([Buffer.from([0, 0]), raw]), zipped(2, raw)]) {
          const file = readDocument(flat(composite, { depth, big }));
          expect(() => assertCarriedOver(file)).not.toThrow();
        }
      }
    }
  });

  function floats(): Uint8Array {
    const view = new DataView(new ArrayBuffer(60));
    for (let i = 0; i < 15; i++) view.setFloat32(i * 4, i / 10);
    return new Uint8Array(view.buffer);
  }

  it('is not read beyond what its bytes can hold', () => {
    const heap = process.memoryUsage().arrayBuffers;
    const huge: [number, number] = [8000, 8000];
    for (const composite of [[0, 1, 255, 255], [0, 2, 1, 2, 3], [0, 0], [0, 9], []]) {
      const bytes = flat(Uint8Array.from(composite), { depth: 8, size: huge });
      expect(codeOf(() => readMerged(readDocument(bytes), 1))).toBe('E_IMAGE_CORRUPT');
    }
    expect(process.memoryUsage().arrayBuffers - heap).toBeLessThan(8e6);
    for (const size of [
      [30_001, 1],
      [17_000, 17_000],
    ] as [number, number][]) {
      expect(codeOf(() => readDocument(flat(new Uint8Array(9), { depth: 8, size })))).toBe(
        'E_IMAGE_PIXELS',
      );
    }
    const bitmap = flat(new Uint8Array(9), { depth: 1 });
    expect(codeOf(() => readDocument(bitmap))).toBe('E_IMAGE_CHANNELS');
    for (const size of [
      [0, 3],
      [3, 0],
    ] as [number, number][]) {
      expect(codeOf(() => readDocument(flat(new Uint8Array(9), { depth: 8, size })))).toBe(
        'E_IMAGE_CORRUPT',
      );
    }
  });

  it('refuses a layer larger than any picture before it takes memory', () => {
    const bytes = layered('rgb', 8, false);
    const { layers } = readDocument(bytes);
    const top = layers?.records.at(-1)?.span.start ?? 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    view.setInt32(top, -0x7000_0000);
    view.setInt32(top + 12, 0x7000_0000);
    const file = readDocument(bytes);
    const record = file.layers?.records.at(-1);
    const [channel] = record?.channels ?? [];
    if (!record || !channel) return expect.fail('Expected a layer');
    expect(codeOf(() => readChannel(file, record, channel))).toBe('E_IMAGE_PIXELS');
  });

  it('is opened though density and feather of a mask do not fit their place', () => {
    const mask = (parameters: readonly number[]) => {
      const bytes = Uint8Array.from([...Array<number>(17).fill(0), 16, ...parameters]);
      return readLayerMask(bytes, { start: 0, end: bytes.length }, false);
    };
    const feather = [0x40, 0x08, 0, 0, 0, 0, 0, 0];
    const wanted = { userDensity: 7, userFeather: 3, vectorDensity: 9, vectorFeather: 3 };
    expect(mask([15, 7, ...feather, 9, ...feather])).toMatchObject(wanted);
    for (const cut of [[], [1], [2, 64], [15, 7, ...feather, 9, ...feather.slice(1)]]) {
      expect(mask(cut)).toMatchObject({ disabled: false, background: 0 });
      expect(mask(cut)).not.toHaveProperty('userDensity');
    }
  });

  it('that is damaged anywhere ends in an error with a code, soon', async () => {
    const names = readdirSync(samples).filter((n) => /\.ps[db]$/.test(n));
    expect(names.length).toBeGreaterThan(10);
    const sources = names.map(sample);
    const change = fc.record({
      at: fc.nat(),
      head: fc.boolean(),
      value: fc.nat(0xffff_ffff),
      bytes: fc.constantFrom(1, 2, 4),
    });
    const seen = new Set<string>();
    const ms = await processorMs(() =>
      fc.assert(
        fc.property(
          fc.nat(names.length - 1),
          fc.array(change, { minLength: 1, maxLength: 4 }),
          fc.option(fc.nat()),
          (which, changes, cut) => {
            const source = sources[which] ?? new Uint8Array();
            const bytes = source.slice(0, cut === null ? source.length : cut % source.length);
            for (const { at, head, value, bytes: width } of changes) {
              const place = at % Math.max(1, head ? Math.min(4096, bytes.length) : bytes.length);
              for (let i = 0; i < width && place + i < bytes.length; i++)
                bytes[place + i] = value >>> (8 * i);
            }
            seen.add(codeOf(() => useAll(bytes)));
          },
        ),
        { numRuns: 3000, seed: 7 },
      ),
    );
    expect([...seen].toSorted()).toEqual([
      'E_IMAGE_CHANNELS',
      'E_IMAGE_CORRUPT',
      'E_IMAGE_PIXELS',
      'none',
    ]);
    expect(ms).toBeLessThan(60_000);
  });

  function useAll(bytes: Uint8Array): void {
    const file = readDocument(bytes);
    const layers = [...allLayers(layerTree(file))];
    for (const { record } of layers) {
      for (const channel of record.channels) {
        const values = readChannel(file, record, channel);
        expect(values.byteLength).toBeLessThan(300e6);
      }
    }
    const bounds = { x: 0, y: 0, width: Math.min(8, file.form.width), height: 1 };
    const above = layers[0]?.index;
    const added = addLayers(
      file,
      [noiseLayer(file.form, bounds, 'x')],
      above === undefined ? {} : { above },
    );
    expect(readDocument(added).layers?.records.length).toBeGreaterThan(0);
  }
});

describe('a layer', () => {
  it('is the one that was chosen when the document was saved', () => {
    const names = ['mask.psd', 'layers-group.psd', '16bit5x5.psd', 'mask-psb.psb'].map(
      (name) => activeLayer(readDocument(sample(name)))?.name,
    );
    expect(names).toEqual(['Background copy', 'Group 1', 'Background copy 2', 'Background copy']);
    expect(activeLayer(readDocument(layered('rgb', 8, false)))).toBeUndefined();
  });

  it.each([
    ['rgb', 8],
    ['rgb', 16],
    ['gray', 8],
  ] as const)('is taken with its transparency: %s, %i bits', (mode, depth) => {
    const file = readDocument(layered(mode, depth, false));
    const top = layerTree(file).at(-1);
    if (!top) return expect.fail('Expected a layer');
    const { bounds, raster } = takeLayer(file, top.record);
    expect(bounds).toEqual({ x: -3, y: 11, width: 7, height: 5 });
    expect(raster).toEqual(picture(7, 5, mode === 'gray' ? 2 : 4, depth));
  });

  it('is not taken where its channels are neither gray nor RGB', () => {
    const lab = readDocument(sample('colormodes-4x4_8bit_lab.psd'));
    const [record] = lab.layers?.records ?? [];
    if (!record) return expect.fail('Expected a layer');
    expect(codeOf(() => takeLayer(lab, record))).toBe('E_IMAGE_CHANNELS');
  });
});

describe('results in the colours of a document', () => {
  const gray = {
    width: 3,
    height: 1,
    channels: 1,
    depth: 8,
    data: Uint8Array.of(0, 128, 255),
  } as const;
  const rgb = {
    width: 3,
    height: 1,
    channels: 3,
    depth: 8,
    data: Uint8Array.of(0, 0, 0, 255, 0, 0, 200, 180, 40),
  } as const;

  it('keep their values at the same depth and scale to another', async () => {
    const deep = await documentChannels(readDocument(layered('gray', 16, false)), gray);
    expect(Array.from(deep[0] ?? [])).toEqual([0, 128 * 257, 65535]);
    const same = await documentChannels(readDocument(layered('rgb', 8, false)), rgb);
    expect(same.map((p) => Array.from(p))).toEqual([
      [0, 255, 200],
      [0, 0, 180],
      [0, 0, 40],
    ]);
  });

  it('are linear light at 32 bits', async () => {
    const planes = await documentChannels(
      readDocument(sample('colormodes-4x4_32bit_rgb.psd')),
      rgb,
    );
    expect(planes[0]?.[1]).toBe(1);
    expect(planes[0]?.[2]).toBeCloseTo(((200 / 255 + 0.055) / 1.055) ** 2.4, 6);
  });

  it('are CIE Lab in Lab documents', async () => {
    const planes = await documentChannels(readDocument(sample('colormodes-4x4_8bit_lab.psd')), rgb);
    expect(planes.map((p) => p[0])).toEqual([0, 128, 128]);
    // Red at D50: 54.29, 80.81, 69.89 (Lindbloom's tables).
    expect(planes.map((p) => p[1])).toEqual([138, 209, 198]);
    const [l] = srgbToLab(200 / 255, 180 / 255, 40 / 255);
    expect(Math.abs((planes[0]?.[2] ?? 0) - (l * 255) / 100)).toBeLessThan(4);
  });

  it('come back from Lab as they were, and Lab is read as sRGB', () => {
    const value = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(value, value, value, (r, g, b) => {
        const back = srgbOfStoredLab(...storedLabOf(r, g, b));
        [r, g, b].forEach((v, c) => expect(back[c]).toBeCloseTo(v, 3));
      }),
    );
    // Photoshop's own Lab and RGB document show the same gradient; only its red has no mixture in either.
    const [lab, colors] = ['lab', 'rgba'].map((mode) =>
      readMerged(readDocument(sample(`colormodes-4x4_8bit_${mode}.psd`)), 3),
    );
    for (const i of [2, 7, 8, 13]) {
      const [r, g, b] = (colors ?? []).map((plane) => plane[i] / 255);
      const wanted = storedLabOf(r ?? 0, g ?? 0, b ?? 0).map((v) => v * 255);
      wanted.forEach((v, c) => expect(Math.abs((lab?.[c]?.[i] ?? 0) - v)).toBeLessThan(1.5));
    }
    const shown = readComposite(sample('colormodes-4x4_8bit_lab.psd'));
    expect(shown).toMatchObject({ space: 'rgb', channels: 3 });
    expect(Array.from(shown.data.slice(6, 9)).map((v) => Math.round(v / 30))).toEqual([8, 0, 0]);
  });
});
