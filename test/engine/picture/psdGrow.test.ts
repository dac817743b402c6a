/** Photoshop documents on a larger canvas: what lies on it is moved, and nothing else of the file changes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { initializeCanvas, readPsd, writePsd as writePsdByOthers, type Layer } from 'ag-psd';
import { describe, expect, it } from 'vitest';
import { PentimentoError } from '../../../shared/errors.ts';
import type { Rect } from '../../../shared/geometry.ts';
import {
  readMerged,
  type ChannelValues,
} from '../../../service/engine/picture/psd/document/channelPixels.ts';
import { colorsOf } from '../../../service/engine/picture/psd/document/documentForm.ts';
import {
  assertGrows,
  grownDocument,
} from '../../../service/engine/picture/psd/document/grow/growDocument.ts';
import type { LayerRecord } from '../../../service/engine/picture/psd/document/layerRecords.ts';
import { readChannel } from '../../../service/engine/picture/psd/document/channelPixels.ts';
import {
  readDocument,
  type PsdFile,
} from '../../../service/engine/picture/psd/document/readDocument.ts';
import { taggedBlocks } from '../../../service/engine/picture/psd/document/taggedBlocks.ts';
import { writePsd } from '../../../service/engine/picture/psd/writePsd.ts';
import { assertCarriedOver } from '../../fixtures/psdCarriedOver.ts';

const samples = join(import.meta.dirname, '../../reference/cases/psd');
const names = readdirSync(samples).filter((name) => /\.ps[db]$/.test(name));
const open = (name: string) => readDocument(new Uint8Array(readFileSync(join(samples, name))));

/** Refused, each for its reason. */
const refused: Readonly<Record<string, string>> = {
  'gray0.psd': '(4002)',
  'colormodes-4x4_16bit_grayscale.psd': 'a gradient fill',
  'colormodes-4x4_16bit_rgb.psd': 'a gradient fill',
  'colormodes-4x4_32bit_rgb.psd': 'a gradient fill',
  'colormodes-4x4_8bit_duotone.psd': 'a gradient fill',
  'colormodes-4x4_8bit_grayscale.psd': 'a gradient fill',
  'colormodes-4x4_8bit_lab.psd': 'a gradient fill',
  'colormodes-4x4_8bit_rgba.psd': 'a gradient fill',
  'vector-mask2.psd': 'a gradient fill',
};
const grown = names.filter((name) => !(name in refused));
const [dx, dy] = [7, 3];
const canvasOf = ({ form }: PsdFile): Rect => {
  return { x: -dx, y: -dy, width: form.width + dx + 5, height: form.height + dy + 11 };
};

const isEmpty = ({ width, height }: Rect) => width === 0 || height === 0;
const moved = (r: Rect): Rect => (isEmpty(r) ? r : { ...r, x: r.x + dx, y: r.y + dy });

function isBackground({ form }: PsdFile, record: LayerRecord, index: number): boolean {
  const { width, height } = record.bounds;
  const isWhole = width === form.width && height === form.height;
  return index === 0 && isWhole && record.channels.every(({ id }) => id >= 0);
}

const placed = new Set('vmsk vsms vogk fxrp TySh SoLd PlLd'.split(' '));
const withPlaces = (id: number) =>
  [1025, 1032, 1050, 1092].includes(id) || (id >= 2000 && id < 2998);

/** Which bytes may be others: one byte of flags for each. */
function mayChange(file: PsdFile): Uint8Array {
  const may = new Uint8Array(file.composite.start);
  may.fill(1, 14, 22);
  for (const { id, data } of file.resources) if (withPlaces(id)) may.fill(1, data.start, data.end);
  for (const [i, record] of (file.layers?.records ?? []).entries()) {
    const { start, end } = record.span;
    may.fill(1, start, start + 16);
    const lengths = start + 18 + record.channels.length * (file.form.big ? 10 : 6);
    if (isBackground(file, record, i)) may.fill(1, start + 18, lengths);
    // The rectangles of the mask and of the joined one.
    const maskAt = lengths + 16;
    may.fill(1, maskAt + 4, maskAt + 4 + 16);
    may.fill(1, maskAt + 24, maskAt + 40);
    const blocks = taggedBlocks(file.bytes, record.blocks, { big: file.form.big, step: 1 });
    for (const { key, data } of blocks) if (placed.has(key)) may.fill(1, data.start, data.end);
    expect(end).toBeGreaterThan(start);
  }
  return may;
}

function firstOther(
  before: Uint8Array,
  after: Uint8Array,
  { from, to, may }: { readonly from: number; readonly to: number; readonly may: Uint8Array },
): number {
  for (let i = from; i < to; i++) if (before[i] !== after[i] && may[i] === 0) return i;
  return -1;
}

/** The old area of a plane is in the new one, around it there is one value. */
function expectLaid(
  before: ChannelValues,
  after: ChannelValues,
  { file, around }: { readonly file: PsdFile; readonly around: number },
): void {
  const { width, height } = file.form;
  const canvas = canvasOf(file);
  expect(after).toHaveLength(canvas.width * canvas.height);
  let wrong = -1;
  after.forEach((value, i) => {
    const [x, y] = [(i % canvas.width) - dx, Math.floor(i / canvas.width) - dy];
    const isIn = x >= 0 && y >= 0 && x < width && y < height;
    if (!Object.is(value, isIn ? before[y * width + x] : around)) wrong = i;
  });
  expect(wrong).toBe(-1);
}

/** White, as a channel of a document stores it. */
function whiteOf({ form }: PsdFile, channel: number): number {
  const full = { 8: 255, 16: 65_535, 32: 1 }[form.depth];
  if (channel >= colorsOf(form)) return 0;
  if (form.mode === 'lab' && channel > 0) return form.depth === 8 ? 128 : 0x8080;
  return full;
}

describe.each(grown)('%s', (name) => {
  const file = open(name);
  const after = grownDocument(file, canvasOf(file));
  const may = mayChange(file);
  const records = file.layers?.records ?? [];
  const now = after.layers?.records ?? [];

  it('changes nothing but places', () => {
    expect(() => assertGrows(file)).not.toThrow();
    const lengthBytes = file.form.big ? 8 : 4;
    const to = file.section.start - lengthBytes;
    expect(firstOther(file.bytes, after.bytes, { from: 0, to, may })).toBe(-1);
    const { recordsSpan } = file.layers ?? {};
    if (recordsSpan) {
      const span = { from: recordsSpan.start, to: recordsSpan.end, may };
      expect(firstOther(file.bytes, after.bytes, span)).toBe(-1);
    }
    const [rest, restNow] = [file, after].map(({ bytes, layersPlace, section }) =>
      bytes.subarray(layersPlace?.end ?? section.start, section.end),
    );
    expect(Buffer.compare(rest ?? Buffer.of(), restNow ?? Buffer.of(1))).toBe(0);
    expect(now).toHaveLength(records.length);
    for (const [i, { data, channels }] of records.entries()) {
      const own = now[i];
      if (!own) return expect.fail('Expected the record');
      const old = records[i];
      if (old && isBackground(file, old, i)) {
        for (const [c, channel] of channels.entries()) {
          const other = own.channels[c];
          if (!other) return expect.fail('Expected the channel');
          const around = whiteOf(file, channel.id);
          expectLaid(readChannel(file, old, channel), readChannel(after, own, other), {
            file,
            around,
          });
        }
        continue;
      }
      const [bytes, bytesNow] = [
        file.bytes.subarray(data.start, data.end),
        after.bytes.subarray(own.data.start, own.data.end),
      ];
      expect(Buffer.compare(bytes, bytesNow)).toBe(0);
    }
  });

  it('moves layers and masks, and lets the background grow', () => {
    const { width, height } = canvasOf(file);
    expect(after.form).toEqual({ ...file.form, width, height });
    for (const [i, record] of records.entries()) {
      const whole = { x: 0, y: 0, width, height };
      const wanted = isBackground(file, record, i) ? whole : moved(record.bounds);
      expect(now[i]?.bounds).toEqual(wanted);
      const { mask } = record;
      if (!mask) continue;
      expect(now[i]?.mask).toEqual({
        ...mask,
        bounds: moved(mask.bounds),
        ...(mask.joined ? { joined: { ...mask.joined, bounds: moved(mask.joined.bounds) } } : {}),
      });
    }
  });

  it('keeps the composite in its place', () => {
    const { channels } = file.form;
    const [old, merged] = [readMerged(file, channels), readMerged(after, channels)];
    for (const [c, plane] of old.entries())
      expectLaid(plane, merged[c] ?? plane, { file, around: whiteOf(file, c) });
  });

  it('moves vector masks by whole pixels', () => {
    for (const [i, record] of records.entries()) {
      const paths = [record, now[i] ?? record].map(({ blocks }, n) => {
        const { bytes, form } = n === 0 ? file : after;
        return knotsOf(bytes, blocks, form);
      });
      const [before, later] = paths;
      expect(later).toHaveLength(before?.length ?? -1);
      before?.forEach(([x, y], k) => {
        expect(Math.abs((later?.[k]?.[0] ?? 0) - x - dx)).toBeLessThan(1e-4);
        expect(Math.abs((later?.[k]?.[1] ?? 0) - y - dy)).toBeLessThan(1e-4);
      });
    }
  });

  it('is the same where it does not grow', () => {
    const { width, height } = file.form;
    const same = grownDocument(file, { x: 0, y: 0, width, height });
    if (records[0] && isBackground(file, records[0], 0)) return;
    const head = file.bytes.subarray(0, file.composite.start);
    expect(Buffer.compare(same.bytes.subarray(0, same.composite.start), head)).toBe(0);
  });
});

/** Points and handles of vector masks, in pixels. */
function knotsOf(
  bytes: Uint8Array,
  blocks: LayerRecord['blocks'],
  { width, height, big }: PsdFile['form'],
): Array<readonly [x: number, y: number]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const knots: Array<readonly [number, number]> = [];
  for (const { key, data } of taggedBlocks(bytes, blocks, { big, step: 1 })) {
    if (key !== 'vmsk' && key !== 'vsms') continue;
    for (let at = data.start + 8; at + 26 <= data.end; at += 26) {
      if (![1, 2, 4, 5].includes(view.getUint16(at))) continue;
      for (let i = 0; i < 3; i++) {
        const [y, x] = [view.getInt32(at + 2 + i * 8), view.getInt32(at + 6 + i * 8)];
        knots.push([(x / 2 ** 24) * width, (y / 2 ** 24) * height]);
      }
    }
  }
  return knots;
}

it('looked at documents with everything that moves', () => {
  const seen = new Set<string>();
  for (const name of grown) {
    const file = open(name);
    for (const { id } of file.resources) if (withPlaces(id)) seen.add(String(id));
    for (const [i, record] of (file.layers?.records ?? []).entries()) {
      if (isBackground(file, record, i)) seen.add('background');
      if (record.mask?.joined) seen.add('joined');
      const form = { big: file.form.big, step: 1 } as const;
      for (const { key } of taggedBlocks(file.bytes, record.blocks, form)) seen.add(key);
    }
  }
  const wanted = ['1025', '1032', '1050', '1092', 'background', 'joined'];
  for (const what of [...wanted, 'vmsk', 'vsms', 'vogk', 'fxrp', 'SoLd', 'PlLd'])
    expect(seen).toContain(what);
});

it.each(Object.entries(refused))('refuses %s', (name, reason) => {
  const file = open(name);
  for (const run of [() => assertGrows(file), () => grownDocument(file, canvasOf(file))]) {
    expect(run).toThrowError(PentimentoError);
    expect(run).toThrowError(expect.objectContaining({ code: 'E_OUTPUT_TYPE' }));
    expect(run).toThrowError(reason);
  }
});

it('moves guides, shapes and smart objects', () => {
  const guided = open('passthrough_vector_mask.psd');
  const guides = (file: PsdFile, id: number, step: number) => {
    const { data } = file.resources.find((r) => r.id === id) ?? expect.fail('Expected guides');
    const view = new DataView(file.bytes.buffer, file.bytes.byteOffset + data.start);
    return [0, 1].map((i) => [view.getInt32(16 + i * step), view.getUint8(20 + i * step)]);
  };
  for (const [id, step] of [
    [1032, 5],
    [1092, 9],
  ] as const) {
    expect(guides(guided, id, step)).toEqual([
      [512, 0],
      [512, 1],
    ]);
    expect(guides(grownDocument(guided, canvasOf(guided)), id, step)).toEqual([
      [512 + dx * 32, 0],
      [512 + dy * 32, 1],
    ]);
  }
  // Where psd-tools 1.26 finds them in the files that this wrote.
  const smart = open('layers-minimal-smartobject-layer.psd');
  for (const [key, at] of [
    ['TrnfVlLs', 12],
    ['nonAffineTransformVlLs', 26],
  ] as const) {
    const corners = (file: PsdFile) => numbersAfter(file, key, { at, step: 12, count: 8 });
    expect(corners(smart)).toEqual([0, 0, 32, 0, 32, 32, 0, 32]);
    expect(corners(grownDocument(smart, canvasOf(smart)))).toEqual([7, 3, 39, 3, 39, 35, 7, 35]);
  }
  // Zero until somebody moves the layer.
  const reference = (file: PsdFile) => numbersAfter(file, '8BIMfxrp', { at: 8, step: 8, count: 2 });
  expect(reference(smart)).toEqual([0, 0]);
  expect(reference(grownDocument(smart, canvasOf(smart)))).toEqual([7, 3]);
  const shaped = open('mask-density-layermask.psd');
  const sides = (file: PsdFile) =>
    ['LeftUntF#Pxl', 'Top UntF#Pxl', 'txdoub'].map(
      (key) => numbersAfter(file, key, { at: key.length, step: 0, count: 1 })[0] ?? 0,
    );
  const [before, after] = [sides(shaped), sides(grownDocument(shaped, canvasOf(shaped)))];
  expect(after.map((v, i) => Math.round((v - (before[i] ?? 0)) * 1e9) / 1e9)).toEqual([7, 3, 7]);
});

it('moves text, and refuses what is aligned with the canvas', () => {
  initializeCanvas(
    () => expect.fail('no canvas is needed'),
    (width, height) => ({ ...imageOf(width, height), colorSpace: 'srgb' }) as ImageData,
  );
  const text = {
    text: 'Hello',
    transform: [1, 0, 0, 1, 10.5, 30],
    left: 0,
    top: 0,
    right: 0,
    bottom: 0,
  };
  const written = (layer: Partial<Layer>) => {
    const imageData = imageOf(30, 12) as ImageData;
    const children = [{ name: 'T', left: 10, top: 20, imageData, ...layer }];
    const bytes = writePsdByOthers({ width: 100, height: 80, children });
    return readDocument(new Uint8Array(bytes));
  };
  const file = written({ text });
  const { buffer } = new Uint8Array(grownDocument(file, canvasOf(file)).bytes);
  const read = readPsd(buffer, { skipLayerImageData: true, skipCompositeImageData: true });
  const [layer] = read.children ?? [];
  expect(layer).toMatchObject({ left: 10 + dx, top: 20 + dy });
  expect(layer?.text?.transform).toEqual([1, 0, 0, 1, 10.5 + dx, 30 + dy]);
  // A box that is told in pixels nobody knows of which.
  expect(() => assertGrows(written({ text: { ...text, left: 3 } }))).toThrowError(
    'text of an unknown form',
  );
  const overlay = (align: boolean) =>
    written({
      effects: { gradientOverlay: [{ enabled: true, align, scale: 100, angle: 90 }] },
    });
  expect(() => assertGrows(overlay(true))).not.toThrow();
  expect(() => assertGrows(overlay(false))).toThrowError('aligned with the canvas');
});

function imageOf(width: number, height: number) {
  return { width, height, data: new Uint8ClampedArray(width * height * 4).fill(200) };
}

/** Numbers of 8 bytes behind the first place of the letters. */
function numbersAfter(
  { bytes }: PsdFile,
  letters: string,
  { at, step, count }: { readonly at: number; readonly step: number; readonly count: number },
): number[] {
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(
    letters,
    0,
    'latin1',
  );
  expect(found).toBeGreaterThan(0);
  const first = step === 0 ? found + at : found + at + 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: count }, (_, i) => view.getFloat64(first + i * step));
}

it('takes layers as any other document', () => {
  const taking = ['mask.psd', '16bit5x5.psd', '32bit5x5-psb.psb', '2layers.psd', 'mask-psb.psb'];
  for (const name of taking) {
    const file = open(name);
    assertCarriedOver(grownDocument(file, canvasOf(file)));
  }
});

it('lets a flat document grow', () => {
  const data = Uint8Array.from({ length: 6 * 5 * 3 }, (_, i) => i * 2);
  const pixels = { width: 6, height: 5, channels: 3, depth: 8, data } as const;
  const file = readDocument(
    writePsd({ width: 6, height: 5, depth: 8, mode: 'rgb', layers: [], composite: pixels }),
  );
  const after = grownDocument(file, canvasOf(file));
  const [old, merged] = [readMerged(file, 3), readMerged(after, 3)];
  for (const [c, plane] of old.entries())
    expectLaid(plane, merged[c] ?? plane, { file, around: 255 });
});
