/** JPEG and WebP with the recipe in their EXIF comment, as AUTOMATIC1111 saves them. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { encodeShared } from '../../../service/engine/picture/encode.ts';
import type { Raster } from '../../../service/engine/picture/raster.ts';
import { sourceOfBytes } from '../../../service/recipes/containers/byteSource.ts';
import { readJpeg } from '../../../service/recipes/containers/jpeg.ts';
import { readWebp } from '../../../service/recipes/containers/webp.ts';

const readers = { jpeg: readJpeg, webp: readWebp };
const parameters = 'ein Boot, (Nebel:1.2) 雾 🚤\nNegative prompt: "x"\nSteps: 20, Sampler: Euler a';
const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>1</a></x:xmpmeta>';

function wave(channels: 1 | 2 | 3 | 4, depth: 8 | 16): Raster {
  const [width, height] = [37, 23];
  const most = depth === 8 ? 255 : 65_535;
  const values = Array.from({ length: width * height * channels }, (_, i) =>
    Math.round((most * (1 + Math.sin(i / 40))) / 2),
  );
  const data = depth === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
  return { width, height, channels, depth, data } as Raster;
}

describe.each(['jpeg', 'webp'] as const)('a picture to share: %s', (format) => {
  it.each([
    [1, 8],
    [2, 8],
    [3, 8],
    [4, 8],
    [3, 16],
  ] as const)('holds the recipe twice (%i channels of %i bit)', async (channels, depth) => {
    const bytes = await encodeShared(wave(channels, depth), format, { parameters, xmp });
    const { texts } = await readers[format](sourceOfBytes(bytes));
    expect(texts.filter(({ kind }) => kind === 'exif').map(({ text }) => text)).toEqual([
      parameters,
    ]);
    expect(texts.some(({ text }) => text.includes('<a>1</a>'))).toBe(true);
    const shown = await sharp(bytes).metadata();
    expect(shown).toMatchObject({ format, width: 37, height: 23, depth: 'uchar' });
    await sharp(bytes).raw().toBuffer();
  });

  it('stays a picture whatever the length of the text', async () => {
    for (const length of [0, 1, 2, 1001, 100_000]) {
      const text = 'n'.repeat(length);
      const long = { parameters: text, xmp: `<a>${text}</a>` };
      const bytes = await encodeShared(wave(3, 8), format, long);
      expect((await sharp(bytes).raw().toBuffer()).length).toBe(37 * 23 * 3);
    }
  });

  it('is close to what was painted', async () => {
    const raster = wave(3, 8);
    const data = await sharp(await encodeShared(raster, format, {}))
      .raw()
      .toBuffer();
    const errors = Array.from(data, (value, i) => Math.abs(value - raster.data[i]));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(3);
  });
});
