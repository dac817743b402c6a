/** Pictures whose pixels are not sRGB: the file's own form comes back, every bit that alpha does not cover the same. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openPicture, writeResults } from '../../service/cli/pictures.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { fromLinear } from '../../service/engine/picture/resize.ts';
import { decodeStored } from '../../service/engine/picture/storedPixels.ts';
import { tiffOf } from '../../service/engine/picture/tiffContainer.ts';
import { toProfile } from '../../service/engine/picture/toProfile.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { removalRecipe } from './samples.ts';

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
  const scale = { 8: 1, 16: 257, 32: 1 / 255 }[depth];
  const values = Array.from(
    { length: width * height * channels },
    (_, i) => (color[i % channels] ?? 0) * scale,
  );
  const data =
    depth === 8
      ? Uint8Array.from(values)
      : depth === 16
        ? Uint16Array.from(values)
        : Float32Array.from(values);
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

  it('of inks stays in its inks in a TIFF', async () => {
    const icc = await profileNamed('cmyk');
    const data = noise(size.width * size.height * 4);
    const file = tiffOf({ ...size, channels: 4, hasAlpha: false, space: 'cmyk', data, icc });
    const out = join(folder, 'inks-out.tif');
    const { before, after } = await run('inks.tif', file, out, resultAt(8));
    expect(after.kind).toBe('inks');
    const ink = await toProfile(onePixel(color), { icc, space: 'cmyk' });
    eachPixel(4, (at, covered) => {
      const wanted = covered ? ink.data : before.raster.data.subarray(at, at + 4);
      expect(Array.from(after.raster.data.subarray(at, at + 4))).toEqual(Array.from(wanted));
    });
    const shown = (await decodePicture(out)).raster;
    expect(shown.channels).toBe(3);
  });
});

function onePixel(rgb: readonly number[]) {
  return { width: 1, height: 1, channels: 3, depth: 8, data: Uint8Array.from(rgb) } as const;
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
  }
});

describe('a TIFF of floats', () => {
  const odd = [NaN, Infinity, -Infinity, 7.5, -2];
  const floats = (channels: number) =>
    Float32Array.from({ length: size.width * size.height * channels }, (_, i) =>
      i % 5 === 0 ? (odd[(i / 5) % odd.length] ?? 0) : ((i * 37) % 100) / 90,
    );

  it.each([
    [1, 'gray'],
    [3, 'rgb'],
    [4, 'rgb'],
  ] as const)(
    'keeps every bit of %i channels, and no number breaks it',
    async (channels, space) => {
      const data = floats(channels);
      const hasAlpha = channels === 4;
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

  it('is refused as gray with transparency', async () => {
    const data = new Float32Array(size.width * size.height * 2);
    const path = join(folder, 'gray-alpha.tif');
    const form = { ...size, channels: 2, hasAlpha: true, space: 'gray' } as const;
    writeFileSync(path, tiffOf({ ...form, data }));
    await expect(decodePicture(path)).rejects.toMatchObject({ code: 'E_IMAGE_CHANNELS' });
  });
});
