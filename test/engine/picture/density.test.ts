/** How densely a picture's pixels are printed, from file to file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openPicture, writeResults } from '../../../service/cli/pictures.ts';
import { decodePicture } from '../../../service/engine/picture/decode.ts';
import { encodePng, encodeShared, encodeTiff } from '../../../service/engine/picture/encode.ts';
import { withPngDensity } from '../../../service/engine/picture/pngChunks.ts';
import { tiffOf } from '../../../service/engine/picture/tiffContainer.ts';
import { rectOfSize } from '../../../shared/geometry.ts';
import { removalRecipe } from '../../cli/samples.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';

const folder = temporaryFolder();
const path = (name: string) => join(folder, name);
const [width, height] = [12, 9];
const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>';
const raster = {
  width,
  height,
  channels: 3,
  depth: 8,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 256),
} as const;

const densityOf = async (file: string) => (await decodePicture(file)).densityPpi;

/** The picture in a file of the given kind; without a density where none is told. */
async function saved(kind: string, densityPpi: number | undefined): Promise<string> {
  const file = path(`${kind}-${densityPpi ?? 'none'}.${kind}`);
  const text = densityPpi === undefined ? {} : { densityPpi };
  const bytes =
    kind === 'png'
      ? await encodePng(raster, text)
      : kind === 'tif'
        ? await encodeTiff(raster, text)
        : await encodeShared(raster, 'jpeg', text);
  writeFileSync(file, bytes);
  return file;
}

describe('the density of a file', () => {
  it.each(['png', 'tif', 'jpg'])('is written and read: %s', async (kind) => {
    for (const ppi of [30, 72, 300, 1200])
      expect(await densityOf(await saved(kind, ppi))).toBe(ppi);
    const other = await sharp(await saved(kind, 300)).metadata();
    expect(Math.round(other.density ?? 0)).toBe(300);
  });

  it('is left out of a PNG where nobody knows it', async () => {
    const png = await encodePng(raster);
    expect(Buffer.from(png).includes('pHYs')).toBe(false);
    expect(await densityOf(await saved('png', undefined))).toBe(72);
    const decoded = await decodePicture(await saved('png', undefined));
    expect(decoded.raster.data).toEqual(raster.data);
  });

  it('takes the place of another one in a PNG', async () => {
    const png = await encodePng(raster, { densityPpi: 300, parameters: 'a', xmp: '<x/>' });
    const again = Buffer.from(withPngDensity(png, 96));
    expect(again.indexOf('pHYs')).toBe(again.lastIndexOf('pHYs'));
    writeFileSync(path('again.png'), again);
    expect(await densityOf(path('again.png'))).toBe(96);
  });

  it('is in the TIFF of inks, floats and profiles, where other programs find it', async () => {
    const bytes = tiffOf({
      ...raster,
      space: 'rgb',
      hasAlpha: false,
      densityPpi: 254,
      xmp,
    });
    writeFileSync(path('own.tif'), bytes);
    const { density, xmpAsString } = await sharp(path('own.tif')).metadata();
    expect([density, xmpAsString]).toEqual([254, xmp]);
    expect((await decodePicture(path('own.tif'))).raster.data).toEqual(raster.data);
  });
});

describe('a result', () => {
  const bounds = { x: 2, y: 2, width: 4, height: 4 };
  const color = { name: 'color', width: 4, height: 4, channels: 3, depth: 8 } as const;
  const alpha = { name: 'alpha', width: 4, height: 4, channels: 1, depth: 8 } as const;
  const planes = [
    { ...color, data: new Uint8Array(48).fill(9) },
    { ...alpha, data: new Uint8Array(16).fill(255) },
  ];
  const size = { width, height };
  const body = { bounds, recipe: removalRecipe(size, bounds, rectOfSize(size)) };

  it.each(['png', 'tif', 'jpg', 'psd'])('is as dense as its picture: %s', async (kind) => {
    for (const source of ['png', 'tif', 'jpg', 'psd']) {
      const from = source === 'psd' ? path(`from-${kind}.psd`) : await saved(source, 300);
      if (source === 'psd') {
        const png = await openPicture(await saved('png', 300), from);
        await writeResults(from, png, [{ body, planes }]);
      }
      const out = path(`${source}-result.${kind}`);
      await writeResults(out, await openPicture(from, out), [{ body, planes }]);
      expect(await densityOf(out), `${source} to ${kind}`).toBe(300);
    }
  });

  it('of a picture in a profile of its own is as dense', async () => {
    const from = path('p3.png');
    await sharp(raster.data, { raw: { width, height, channels: 3 } })
      .withIccProfile('p3')
      .withMetadata({ icc: 'p3', density: 240 })
      .png()
      .toFile(from);
    for (const out of [path('p3-out.png'), path('p3-out.tif')]) {
      const picture = await openPicture(from, out);
      expect(picture.profile).toMatch(/P3/);
      await writeResults(out, picture, [{ body, planes }]);
      const { density, icc } = await sharp(out).metadata();
      expect([density, icc !== undefined]).toEqual([240, true]);
    }
  });
});
