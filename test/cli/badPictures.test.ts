/** Files and masks that nobody means to give: each has its answer before a service is asked, and nothing is written. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { prepareRun } from '../../service/cli/generate.ts';
import { openPicture } from '../../service/cli/pictures.ts';
import { writePsd } from '../../service/engine/picture/psd/writePsd.ts';
import { PentimentoError } from '../../shared/errors.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const raw = { width: 64, height: 48, channels: 3 } as const;
const pixels = Uint8Array.from({ length: 64 * 48 * 3 }, (_, i) => (i * 31 + (i >> 4)) & 255);

function maskOf(width: number, height: number, value: number, name: string): Promise<unknown> {
  const data = new Uint8Array(width * height);
  data.fill(value, 10, 30);
  return sharp(data, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toFile(at(name));
}

beforeAll(async () => {
  const image = () => sharp(pixels, { raw });
  const whole = {
    png: await image().png().toBuffer(),
    tif: await image().tiff().toBuffer(),
    jpg: await image().jpeg().toBuffer(),
    webp: await image().webp().toBuffer(),
    psd: Buffer.from(
      writePsd({
        width: 64,
        height: 48,
        depth: 8,
        mode: 'rgb',
        layers: [],
        composite: { ...raw, depth: 8, data: pixels },
      }),
    ),
  };
  for (const [ending, bytes] of Object.entries(whole)) {
    writeFileSync(at(`good.${ending}`), bytes);
    writeFileSync(at(`half.${ending}`), bytes.subarray(0, bytes.length / 2));
    writeFileSync(at(`head.${ending}`), bytes.subarray(0, 20));
  }
  writeFileSync(at('nothing.png'), '');
  writeFileSync(at('text.png'), 'a letter, not a picture');
  mkdirSync(at('folder.png'));
  await maskOf(64, 48, 255, 'mask.png');
  await maskOf(64, 48, 0, 'zero.png');
  await maskOf(40, 48, 255, 'other.png');
  await maskOf(1, 60, 255, 'thin-mask.png');
  const one = new Uint8Array(180).fill(9);
  const thin = { raw: { width: 1, height: 60, channels: 3 } } as const;
  await sharp(one, thin).png().toFile(at('thin.png'));
});

async function answerTo(picture: string, mask: string, out: string): Promise<string> {
  try {
    await prepareRun('remove', at(picture), { mask: [at(mask)], out: at(out) }, {});
    return 'ready';
  } catch (error) {
    if (!(error instanceof PentimentoError)) throw error;
    expect(existsSync(at(out))).toBe(false);
    return error.code;
  }
}

describe('a file that is no whole picture', () => {
  it.each([
    ...['png', 'tif', 'jpg', 'webp', 'psd'].flatMap((ending) => [
      [`half.${ending}`, 'E_IMAGE_CORRUPT'],
      [`head.${ending}`, 'E_IMAGE_CORRUPT'],
    ]),
    ['nothing.png', 'E_IMAGE_TYPE'],
    ['text.png', 'E_IMAGE_TYPE'],
    ['folder.png', 'E_FILE'],
    ['missing.png', 'E_FILE'],
  ])('%s: %s', async (name, code) => {
    for (const out of ['result.png', 'result.tif', 'result.psd']) {
      expect(await answerTo(name, 'mask.png', out)).toBe(code);
      if (code !== 'E_IMAGE_CORRUPT' || !name.endsWith('psd'))
        expect(await answerTo('good.png', name, out)).toBe(code);
    }
  });

  it('is told from whole ones', async () => {
    for (const ending of ['png', 'tif', 'jpg', 'webp', 'psd'])
      expect(await answerTo(`good.${ending}`, 'mask.png', 'result.png')).toBe('ready');
  });
});

describe('a mask', () => {
  it('of another size, or empty, is refused', async () => {
    expect(await answerTo('good.png', 'other.png', 'result.png')).toBe('E_MASK_SIZE');
    expect(await answerTo('good.png', 'zero.png', 'result.png')).toBe('E_MASK_EMPTY');
  });

  it('of a picture one pixel wide is read', async () => {
    expect(await answerTo('thin.png', 'thin-mask.png', 'result.png')).toBe('ready');
  });
});

it('takes the numbers under a broken profile for sRGB', async () => {
  const icc = Uint8Array.from({ length: 500 }, (_, i) => i & 255);
  const { withPngProfile } = await import('../../service/engine/picture/pngChunks.ts');
  const png = await sharp(pixels, { raw }).png().toBuffer();
  writeFileSync(at('profile.png'), withPngProfile(png, icc));
  const { raster } = await openPicture(at('profile.png'), at('result.png'));
  expect(Buffer.compare(raster.data as Uint8Array, pixels)).toBe(0);
});
