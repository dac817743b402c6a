/** Pictures whose pixels are not sRGB: the file's own form comes back, every bit that alpha does not cover the same. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openPicture, writeResults } from '../../service/cli/pictures.ts';
import { decodeComposite, decodePicture } from '../../service/engine/picture/decode.ts';
import { deltaE2000, srgbToLab } from '../../service/engine/picture/deltaE.ts';
import { concat, u16, u32 } from '../../service/engine/picture/psd/bytes.ts';
import { readChannel } from '../../service/engine/picture/psd/document/channelPixels.ts';
import { readDocument } from '../../service/engine/picture/psd/document/readDocument.ts';
import { fromLinear } from '../../service/engine/picture/resize.ts';
import { decodeStored } from '../../service/engine/picture/storedPixels.ts';
import { tiffOf } from '../../service/engine/picture/tiffContainer.ts';
import { toInks } from '../../service/engine/picture/toInks.ts';
import { toProfile } from '../../service/engine/picture/toProfile.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { evenPixels, removalRecipe } from './samples.ts';

const folder = temporaryFolder();
const size = { width: 12, height: 10 };
const bounds = { x: 2, y: 3, width: 6, height: 4 };
const recipe = removalRecipe(size, bounds);
const color: readonly [number, number, number] = [200, 40, 40];

async function profileNamed(name: 'p3' | 'cmyk'): Promise<Uint8Array> {
  const raw = { width: 4, height: 4, channels: 3 } as const;
  const image = sharp(new Uint8Array(48), { raw }).withIccProfile(name);
  const { icc } = await sharp(await image.tiff().toBuffer()).metadata();
  if (!icc) throw new Error('Expected a profile');
  return new Uint8Array(icc);
}

/** The result: one colour where alpha is 255, nothing in every third pixel. */
function resultAt(depth: 8 | 16 | 32, channels: 1 | 3 = 3) {
  const { width, height } = bounds;
  const data = evenPixels(color, { count: width * height, channels, depth });
  const alpha = Uint8Array.from({ length: width * height }, (_, i) => (i % 3 === 0 ? 0 : 255));
  return {
    body: { bounds, recipe },
    planes: [
      { name: 'color', width, height, channels, depth, data },
      { name: 'alpha', width, height, channels: 1, depth: 8, data: alpha } as const,
    ],
  };
}

function isCovered(x: number, y: number): boolean {
  const [column, row] = [x - bounds.x, y - bounds.y];
  const isIn = column >= 0 && row >= 0 && column < bounds.width && row < bounds.height;
  return isIn && (row * bounds.width + column) % 3 !== 0;
}

/** Runs `look` over the pixels of both with their first indices. */
function eachPixel(channels: number, look: (at: number, covered: boolean) => void): void {
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++) look((y * size.width + x) * channels, isCovered(x, y));
}

function noise(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7919 + ((i * i) >> 3)) & 255);
}

async function run(
  name: string,
  bytes: Uint8Array,
  out: string,
  result: ReturnType<typeof resultAt>,
) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const picture = await openPicture(path, out);
  await writeResults(out, picture, [result]);
  const format = out.endsWith('.png') ? 'png' : 'tiff';
  const [before, after] = [await decodeStored(path, format), await decodeStored(out, format)];
  if (!before || !after) throw new Error('Expected pixels of their own');
  return { before, after };
}

describe('a picture with a profile of its own', () => {
  it.each([8, 16] as const)('keeps its numbers and its profile at %i bits', async (depth) => {
    const icc = await profileNamed('p3');
    const bytes = noise(size.width * size.height * 3 * (depth / 8));
    const data = depth === 8 ? bytes : new Uint16Array(bytes.buffer);
    const file = tiffOf({ ...size, channels: 3, hasAlpha: false, space: 'rgb', data, icc });
    for (const ending of ['png', 'tif']) {
      const out = join(folder, `wide-${depth}-out.${ending}`);
      const { before, after } = await run(`wide-${depth}.tif`, file, out, resultAt(depth));
      expect(Buffer.compare(after.icc ?? Buffer.of(), icc)).toBe(0);
      expect(after.raster.depth).toBe(depth);
      // Display P3 of that sRGB colour by littleCMS 2.19 (Pillow 13).
      const wanted = [184, 56, 49];
      eachPixel(3, (at, covered) => {
        for (let c = 0; c < 3; c++) {
          const value = after.raster.data[at + c] ?? 0;
          if (!covered) expect(value).toBe(before.raster.data[at + c]);
          else
            expect(Math.abs(value / (depth === 8 ? 1 : 257) - (wanted[c] ?? 0))).toBeLessThan(1.6);
        }
      });
    }
  });

  it.each([8, 16] as const)('of inks stays in its inks in a TIFF of %i bits', async (depth) => {
    const icc = await profileNamed('cmyk');
    const bytes = noise(size.width * size.height * 4 * (depth / 8));
    const data = depth === 8 ? bytes : new Uint16Array(bytes.buffer);
    const file = tiffOf({ ...size, channels: 4, hasAlpha: false, space: 'cmyk', data, icc });
    const out = join(folder, `inks-${depth}-out.tif`);
    const { before, after } = await run(`inks-${depth}.tif`, file, out, resultAt(8));
    expect(after.kind).toBe('inks');
    expect(after.raster.depth).toBe(depth);
    expect(Buffer.compare(Buffer.from(before.raster.data.buffer), Buffer.from(data.buffer))).toBe(
      0,
    );
    const ink = await toInks(onePixel(color, depth), icc);
    expect(ink.depth).toBe(depth);
    eachPixel(4, (at, covered) => {
      const wanted = covered ? ink.data : before.raster.data.subarray(at, at + 4);
      expect(Array.from(after.raster.data.subarray(at, at + 4))).toEqual(Array.from(wanted));
    });
    const shown = (await decodePicture(out)).raster;
    expect(shown.channels).toBe(3);
  });
});

it.each([8, 16] as const)('a CMYK document gets its inks in its %i bits', async (depth) => {
  const { width, height } = size;
  const inks = noise(width * height * 4 * (depth / 8));
  const head = [Buffer.from('8BPS'), u16(1, 0, 0, 0, 4), u32(height, width), u16(depth, 4)];
  const whole = concat([...head, u32(0, 0, 0), u16(0), inks]);
  const path = join(folder, `inks-${depth}.psd`);
  writeFileSync(path, whole);
  const out = join(folder, `inks-${depth}-out.psd`);
  await writeResults(out, await openPicture(path, out), [resultAt(8)]);
  const file = readDocument(readFileSync(out));
  const [below, ours] = file.layers?.records ?? [];
  if (!below || !ours) return expect.fail('Expected a background and a layer');
  const wanted = await toInks(onePixel(color, depth), undefined);
  const max = depth === 8 ? 255 : 65535;
  for (let c = 0; c < 4; c++) {
    const [old, values] = [below, ours].map((record) => {
      const channel = record.channels.find(({ id }) => id === c);
      return channel && readChannel(file, record, channel);
    });
    const bytes = inks.subarray(c * (inks.length / 4), (c + 1) * (inks.length / 4));
    const stored = depth === 8 ? bytes : Buffer.from(bytes).swap16();
    if (!old) return expect.fail('Expected the channel');
    expect(Buffer.compare(Buffer.from(old.buffer, old.byteOffset, old.byteLength), stored)).toBe(0);
    expect(new Set(values)).toEqual(new Set([max - (wanted.data[c] ?? 0)]));
  }
  // Deeper than 8 bits can say.
  if (depth === 16) expect(Array.from(wanted.data).some((v) => v % 257 !== 0)).toBe(true);
});

function onePixel(rgb: readonly number[], depth: 8 | 16 = 8) {
  const data = depth === 8 ? Uint8Array.from(rgb) : Uint16Array.from(rgb, (v) => v * 257);
  return { width: 1, height: 1, channels: 3, depth, data } as const;
}

it('converts to inks as littleCMS does', async () => {
  const icc = await profileNamed('cmyk');
  // Made by ImageCms.profileToProfile(..., renderingIntent=0) of Pillow 13 with littleCMS 2.19.
  const table: ReadonlyArray<[rgb: number[], inks: number[]]> = [
    [
      [255, 255, 255],
      [0, 0, 0, 0],
    ],
    [
      [0, 0, 0],
      [50, 0, 209, 253],
    ],
    [
      [128, 128, 128],
      [6, 0, 2, 152],
    ],
    [
      [200, 40, 40],
      [0, 236, 233, 43],
    ],
    [
      [40, 160, 80],
      [187, 0, 219, 30],
    ],
    [
      [30, 60, 200],
      [236, 193, 0, 12],
    ],
    [
      [240, 200, 60],
      [0, 29, 219, 19],
    ],
  ];
  for (const [rgb, inks] of table) {
    const { data } = await toProfile(onePixel(rgb), { icc, space: 'cmyk' });
    inks.forEach((ink, i) => expect(Math.abs((data[i] ?? 0) - ink)).toBeLessThanOrEqual(1));
    const deep = await toProfile(onePixel(rgb, 16), { icc, space: 'cmyk' });
    inks.forEach((ink, i) => expect(Math.abs((deep.data[i] ?? 0) / 257 - ink)).toBeLessThan(1.5));
  }
});

/** Colours that inks can show: as they are read from any. */
async function inkColors(side: number) {
  const data = Uint8Array.from({ length: side * side * 4 }, (_, i) => {
    const pixel = Math.floor(i / 4);
    const [x, y] = [pixel % side, Math.floor(pixel / side)];
    return [x * 3, y * 3, ((x + y) * 3) >> 1, (x ^ y) & 31][i % 4] ?? 0;
  });
  const form = { width: side, height: side, channels: 4, hasAlpha: false, data } as const;
  return (await decodeComposite({ ...form, space: 'cmyk' })).raster;
}

it.each([8, 16] as const)(
  'gives colours back as they were read from inks, %i bits',
  async (depth) => {
    const seen = await inkColors(40);
    const data = depth === 8 ? seen.data : Uint16Array.from(seen.data, (v) => v * 257);
    const off = async (inks: Awaited<ReturnType<typeof toInks>>) => {
      const { raster } = await decodeComposite({ ...inks, hasAlpha: false, space: 'cmyk' });
      const lab = (from: ArrayLike<number>, i: number) =>
        srgbToLab((from[i] ?? 0) / 255, (from[i + 1] ?? 0) / 255, (from[i + 2] ?? 0) / 255);
      let sum = 0;
      for (let i = 0; i < seen.data.length; i += 3)
        sum += deltaE2000(lab(seen.data, i), lab(raster.data, i));
      return sum / (seen.data.length / 3);
    };
    const picture = { ...seen, depth, data };
    expect(await off(await toInks(picture, undefined))).toBeLessThan(0.8);
    // The profile's own tables there and back.
    const plain = await toProfile(picture, { icc: undefined, space: 'cmyk' });
    expect(await off(plain)).toBeGreaterThan(1.5);
  },
);

it.each([8, 16] as const)(
  'takes a broken profile, or one of no inks, for none at %i bits',
  async (depth) => {
    const broken = (await profileNamed('cmyk')).slice(0, 700).fill(255, 40, 400);
    const wanted = await toInks(onePixel(color, depth), undefined);
    for (const icc of [broken, await profileNamed('p3'), new Uint8Array(10)]) {
      const inks = await toInks(onePixel(color, depth), icc);
      expect(Array.from(inks.data)).toEqual(Array.from(wanted.data));
      const rgb = await toProfile(onePixel(color, depth), { icc: broken, space: 'rgb' });
      expect(Array.from(rgb.data)).toEqual(color.map((v) => v * (depth === 8 ? 1 : 257)));
    }
  },
);

it('mixes a soft edge by what is seen, not by inks', async () => {
  const { width, height } = size;
  // Gray without black; going back it is made of black above all.
  const data = Uint8Array.from({ length: width * height * 4 }, (_, i) => [130, 110, 110, 0][i % 4]);
  const file = tiffOf({ ...size, channels: 4, hasAlpha: false, space: 'cmyk', data });
  const path = join(folder, 'soft-inks.tif');
  writeFileSync(path, file);
  const before = (await decodePicture(path)).raster;
  const same = resultAt(8);
  const planes = same.planes.map((plane) => ({
    ...plane,
    data:
      plane.name === 'alpha'
        ? new Uint8Array(bounds.width * bounds.height).fill(128)
        : before.data.slice(0, bounds.width * bounds.height * 3),
  }));
  const out = join(folder, 'soft-inks-out.tif');
  await run('soft-inks.tif', file, out, { ...same, planes } as typeof same);
  const after = (await decodePicture(out)).raster;
  let most = 0;
  before.data.forEach((v, i) => (most = Math.max(most, Math.abs(v - (after.data[i] ?? 0)))));
  expect(most).toBeLessThanOrEqual(4);
});

describe('a TIFF of floats', () => {
  const odd = [NaN, Infinity, -Infinity, 7.5, -2];
  const floats = (channels: number) =>
    Float32Array.from({ length: size.width * size.height * channels }, (_, i) =>
      i % 5 === 0 ? (odd[(i / 5) % odd.length] ?? 0) : ((i * 37) % 100) / 90,
    );

  it.each([
    [1, 'gray'],
    [2, 'gray'],
    [3, 'rgb'],
    [4, 'rgb'],
  ] as const)(
    'keeps every bit of %i channels, and no number breaks it',
    async (channels, space) => {
      const data = floats(channels);
      const hasAlpha = channels === 2 || channels === 4;
      // Transparency is a number between 0 and 1.
      if (hasAlpha) for (let i = channels - 1; i < data.length; i += channels) data[i] = 1;
      const file = tiffOf({ ...size, channels, hasAlpha, space, data });
      const out = join(folder, `floats-${channels}-out.tif`);
      const result = resultAt(32, channels < 3 ? 1 : 3);
      const { before, after } = await run(`floats-${channels}.tif`, file, out, result);
      expect(Buffer.compare(Buffer.from(before.raster.data.buffer), Buffer.from(data.buffer))).toBe(
        0,
      );
      const [a, b] = [before, after].map(({ raster }) => new Uint32Array(raster.data.buffer));
      eachPixel(channels, (at, covered) => {
        const value = fromLinear(after.raster.data[at] ?? 0) * 255;
        if (covered) expect(Math.abs(value - color[0])).toBeLessThan(0.01);
        else
          expect(Array.from(b?.subarray(at, at + channels) ?? [])).toEqual(
            Array.from(a?.subarray(at, at + channels) ?? [0]),
          );
      });
      const { raster } = await decodePicture(out);
      expect(raster).toMatchObject({ ...size, channels, depth: 32 });
      expect(raster.data.every((v) => v >= 0 && v <= 1)).toBe(true);
    },
  );

  it('is refused with more channels than it can show', async () => {
    const data = new Float32Array(size.width * size.height * 5);
    const path = join(folder, 'five.tif');
    writeFileSync(path, tiffOf({ ...size, channels: 5, hasAlpha: false, space: 'rgb', data }));
    await expect(decodePicture(path)).rejects.toMatchObject({ code: 'E_IMAGE_CHANNELS' });
  });
});

describe('a TIFF of Lab', () => {
  // Made by ImageCms of Pillow 13 with littleCMS 2.19 (perceptual): L* of 255, a*, b*, and sRGB.
  const table: ReadonlyArray<readonly [lab: [number, number, number], rgb: number[]]> = [
    [
      [138, 60, 40],
      [227, 72, 65],
    ],
    [
      [178, 0, -30],
      [145, 172, 225],
    ],
    [
      [128, 0, 0],
      [119, 119, 119],
    ],
    [
      [204, -20, 40],
      [180, 208, 121],
    ],
    [
      [76, 15, -45],
      [51, 65, 141],
    ],
    [
      [230, 5, -5],
      [233, 224, 237],
    ],
    [
      [51, 10, 10],
      [65, 42, 34],
    ],
  ];

  /** L* of 255, a* and b* as the forms have them (TIFF 6.0, section 23; Adobe's Technical Note 1). */
  function stored([l, a, b]: readonly [number, number, number], form: string, depth: 8 | 16) {
    if (form === 'cielab') return depth === 8 ? [l, a & 255, b & 255] : [l * 257, a << 8, b << 8];
    return depth === 8 ? [l, a + 128, b + 128] : [l * 256, (a + 128) << 8, (b + 128) << 8];
  }

  const forms = [
    ['cielab', 8],
    ['cielab', 16],
    ['icclab', 8],
    ['icclab', 16],
  ] as const;

  it.each(forms)('is seen as littleCMS sees it: %s, %i bits', async (space, depth) => {
    const values = table.flatMap(([lab]) => stored(lab, space, depth));
    const data = depth === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
    const path = join(folder, `seen-${space}-${depth}.tif`);
    const form = { width: table.length, height: 1, channels: 3, hasAlpha: false } as const;
    writeFileSync(path, tiffOf({ ...form, space, data }));
    const { raster } = await decodePicture(path);
    expect(raster).toMatchObject({ width: table.length, height: 1, channels: 3, depth });
    table.forEach(([, rgb], i) =>
      rgb.forEach((value, c) => {
        const shown = (raster.data[i * 3 + c] ?? 0) / (depth === 8 ? 1 : 257);
        // By the formulas [53.1, 64.6, 141.3] for the blue: littleCMS looks Lab of 8 bits up in a grid.
        expect(Math.abs(shown - value)).toBeLessThan(2.2);
      }),
    );
  });

  it.each(forms)('keeps its numbers and takes a result: %s, %i bits', async (space, depth) => {
    for (const channels of [3, 4] as const) {
      const bytes = noise(size.width * size.height * channels * (depth / 8));
      const data = depth === 8 ? bytes : new Uint16Array(bytes.buffer);
      if (channels === 4)
        for (let i = 3; i < data.length; i += 4) data[i] = depth === 8 ? 255 : 65535;
      const file = tiffOf({ ...size, channels, hasAlpha: channels === 4, space, data });
      const name = `lab-${space}-${depth}-${channels}`;
      const out = join(folder, `${name}-out.tif`);
      const { before, after } = await run(`${name}.tif`, file, out, resultAt(depth));
      expect(after.kind).toBe(space);
      expect(after.raster).toMatchObject({ ...size, channels, depth });
      const { raster: shown } = await decodePicture(out);
      eachPixel(channels, (at, covered) => {
        for (let c = 0; c < channels; c++) {
          if (!covered) expect(after.raster.data[at + c]).toBe(before.raster.data[at + c]);
          else if (c < 3) {
            const value = (shown.data[at + c] ?? 0) / (depth === 8 ? 1 : 257);
            expect(Math.abs(value - (color[c] ?? 0))).toBeLessThan(depth === 8 ? 3 : 0.1);
          }
        }
      });
      const written = readFileSync(out);
      // What another reader finds: two's complement where the form has it, without compression at the end.
      const last = written.subarray(written.length - data.byteLength);
      expect(Buffer.compare(last.subarray(0, 3), Buffer.from(data.buffer, 0, 3))).toBe(0);
    }
  });

  it('becomes sRGB in a PNG', async () => {
    const data = noise(size.width * size.height * 3);
    const path = join(folder, 'lab.tif');
    const form = { ...size, channels: 3, hasAlpha: false, space: 'cielab' } as const;
    writeFileSync(path, tiffOf({ ...form, data }));
    const out = join(folder, 'lab.png');
    await writeResults(out, await openPicture(path, out), [resultAt(8)]);
    const [from, to] = [await decodePicture(path), await decodePicture(out)];
    eachPixel(3, (at, covered) => {
      const wanted = covered ? color : Array.from(from.raster.data.subarray(at, at + 3));
      expect(Array.from(to.raster.data.subarray(at, at + 3))).toEqual(Array.from(wanted));
    });
  });

  it('of floats is refused, and a damaged directory ends in an error', async () => {
    const data = new Float32Array(size.width * size.height * 3);
    const form = { ...size, channels: 3, hasAlpha: false, space: 'cielab' } as const;
    const path = join(folder, 'lab-floats.tif');
    writeFileSync(path, tiffOf({ ...form, data }));
    await expect(decodePicture(path)).rejects.toMatchObject({ code: 'E_IMAGE_CHANNELS' });
    const whole = tiffOf({ ...form, data: noise(size.width * size.height * 3) });
    for (const length of [9, 30, 60, 140, whole.length - 40]) {
      writeFileSync(path, whole.subarray(0, length));
      await expect(decodePicture(path)).rejects.toMatchObject({ code: 'E_IMAGE_CORRUPT' });
    }
  });
});
