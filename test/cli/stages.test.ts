/** txt2img with a refiner and a second pass, and upscale: from the terminal to files. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ResultInfo } from '../../shared/event.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { encodePng } from '../../service/engine/picture/encode.ts';
import { decodeStored } from '../../service/engine/picture/storedPixels.ts';
import { tiffOf } from '../../service/engine/picture/tiffContainer.ts';
import { picture } from '../engine/jobs.ts';
import { buildService } from '../fixtures/builtProgram.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { pentimento, type Ended } from './runProgram.ts';

const folder = temporaryFolder();
const models = join(folder, 'models');
const path = (name: string) => join(folder, name);
const env = { PENTIMENTO_DATA: path('data'), PENTIMENTO_MODELS: models, PENTIMENTO_PORT: '0' };

beforeAll(async () => {
  buildService();
  const write = (name: string, manifest: string) =>
    writeModel({
      manifest: manifestPath(manifest),
      out: join(models, `${name}.safetensors`),
      seed: 3,
      dtype: 'F32',
    });
  await write('xl', 'tiny/tiny-sdxl/single.json');
  await write('xl-refiner', 'tiny/tiny-refiner/single.json');
  await write('sd1', 'tiny/tiny-sd1/single.json');
  await write('enlarger', 'tiny/tiny-esrgan-x2.json');
  const raster = picture({ width: 48, height: 40 }, 4, 16);
  writeFileSync(path('clear.png'), await encodePng(raster));
});

const run = (...args: string[]): Promise<Ended> => pentimento(args, { env });
const Answer = z.strictObject({ files: z.array(z.string()), results: z.array(ResultInfo) });

async function made(...args: string[]): Promise<z.infer<typeof Answer>> {
  const ended = await run(...args, '--json');
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ code: 0, signal: null });
  return Answer.parse(JSON.parse(ended.stdout));
}

async function refused(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  expect(code).not.toBe(0);
  return stdout + stderr;
}

const text = ['txt2img', '--prompt', 'a boat', '--steps', '3', '--seed', '5'];
const tiny = ['--width', '64', '--height', '64'];

describe('txt2img', () => {
  it('paints with a refiner and a second pass, and again from the file', async () => {
    const out = path('boat.png');
    const stages = ['--refiner', 'xl-refiner:0.5', '--hires', '2', '--hires-upscaler', 'enlarger'];
    const { results } = await made(...text, ...tiny, '--model', 'xl', ...stages, '-o', out);
    const { raster } = await decodePicture(out);
    expect([raster.width, raster.height]).toEqual([128, 128]);
    expect(results[0].recipe).toMatchObject({
      refiner: { name: 'xl-refiner' },
      upscalers: ['enlarger'],
      request: { kind: 'text', hires: { scale: 2, strength: 0.7 } },
    });
    const again = path('again.png');
    await made('txt2img', '--recipe', out, '-o', again);
    expect((await decodePicture(again)).raster.data).toEqual(raster.data);
    const plain = path('plain.png');
    await made('txt2img', '--recipe', out, '--refiner', 'none', '--hires', 'none', '-o', plain);
    expect((await decodePicture(plain)).raster.width).toBe(64);
  });

  it('is refused where a stage makes no sense', async () => {
    const base = [...text, ...tiny, '-o', path('no.png'), '--model'];
    expect(await refused(...base, 'xl', '--refiner', 'sd1')).toContain('E_MODEL_FAMILY');
    expect(await refused(...base, 'xl', '--refiner', 'xl-refinner')).toContain('xl-refiner');
    expect(await refused(...base, 'sd1', '--hires', '0')).toContain('E_PARAM');
    expect(await refused(...base, 'sd1', '--hires', '2', '--hires-upscaler', 'sd1')).toContain(
      'not an upscaler',
    );
    expect(await refused('txt2img', path('clear.png'), '-o', path('no.png'))).toContain('E_USAGE');
  });
});

describe('upscale', () => {
  it.each([
    ['enlarger', 96],
    ['lanczos', 96],
    ['nearest', 96],
  ])('by %s keeps depth and transparency', async (name, width) => {
    const out = path(`${name}.png`);
    const { files } = await made('upscale', path('clear.png'), '--model', name, '-o', out);
    expect(files).toEqual([out]);
    const { raster } = await decodePicture(out);
    expect(raster).toMatchObject({ width, height: 80, channels: 4, depth: 16 });
    expect(readFileSync(out, 'latin1')).toContain('Postprocess upscale by: 2');
  });

  it('covers a size, mixes two and takes the other file kinds', async () => {
    const size = ['--width', '100', '--height', '60'];
    const args = ['--model', 'lanczos', '--second', 'enlarger:0.5', ...size];
    for (const name of ['sized.tif', 'sized.webp']) {
      await made('upscale', path('clear.png'), ...args, '-o', path(name));
      const { raster } = await decodePicture(path(name));
      expect([raster.width, raster.height]).toEqual([100, 60]);
    }
  });

  it('keeps a profile, and enlarges its numbers as they are', async () => {
    const raw = { width: 4, height: 4, channels: 3 } as const;
    const wide = await sharp(new Uint8Array(48), { raw }).withIccProfile('p3').tiff().toBuffer();
    const { icc } = await sharp(wide).metadata();
    if (!icc) return expect.fail('Expected a profile');
    for (const channels of [3, 4] as const) {
      // Green that sRGB does not have.
      const colors = [0, 65_535, 258, 65_535].slice(0, channels);
      const data = Uint16Array.from({ length: 16 * 8 * channels }, (_, i) =>
        i % channels === 2 ? (i * 331) % 65_536 : (colors[i % channels] ?? 0),
      );
      const form = { width: 16, height: 8, channels, hasAlpha: channels === 4 } as const;
      const source = path(`wide-${channels}.tif`);
      writeFileSync(source, tiffOf({ ...form, space: 'rgb', data, icc }));
      for (const ending of ['png', 'tif']) {
        const out = path(`wide-${channels}-larger.${ending}`);
        await made('upscale', source, '--model', 'nearest', '-o', out);
        const after = await decodeStored(out, ending === 'png' ? 'png' : 'tiff');
        expect(Buffer.from(after?.icc ?? []).equals(icc)).toBe(true);
        expect(after?.raster).toMatchObject({ width: 32, height: 16, channels, depth: 16 });
        const wrong = after?.raster.data.findIndex((value, i) => {
          const [x, y] = [Math.floor(i / channels) % 32, Math.floor(i / channels / 32)];
          const from = ((y >> 1) * 16 + (x >> 1)) * channels + (i % channels);
          return value !== data[from];
        });
        expect(wrong).toBe(-1);
      }
    }
  });

  it.each([
    ['cmyk', 8, 4, 'inks'],
    ['cmyk', 16, 4, 'inks'],
    ['cielab', 8, 3, 'cielab'],
    ['icclab', 16, 4, 'icclab'],
    ['rgb', 32, 4, 'linear'],
    ['gray', 32, 1, 'linear'],
  ] as const)('keeps the form of a TIFF: %s, %i bits, %i channels', async (...form) => {
    const [space, depth, channels, kind] = form;
    const hasAlpha = space !== 'cmyk' && channels === 4;
    // One colour in every pixel, half clear where there is transparency.
    const parts = [0.4, 0.5, 0.45, space === 'cmyk' ? 0.1 : 128 / 255].slice(0, channels);
    // Unsigned near the middle; two's complement of a* and b* begins at the other end.
    const share = (c: number) => (space === 'cielab' && c > 0 ? 20 / 255 : (parts[c] ?? 0));
    const max = { 8: 255, 16: 65_535, 32: 1 }[depth];
    const values = Array.from({ length: 12 * 10 * channels }, (_, i) => share(i % channels) * max);
    const data =
      depth === 8
        ? Uint8Array.from(values)
        : depth === 16
          ? Uint16Array.from(values)
          : Float32Array.from(values);
    const source = path(`${space}-${depth}.tif`);
    writeFileSync(source, tiffOf({ width: 12, height: 10, channels, hasAlpha, space, data }));
    const out = path(`${space}-${depth}-larger.tif`);
    await made('upscale', source, '--model', 'lanczos', '-o', out);
    const after = await decodeStored(out, 'tiff');
    expect(after?.kind).toBe(kind);
    expect(after?.raster).toMatchObject({ width: 24, height: 20, channels, depth });
    const [seen, wanted] = [await decodePicture(out), await decodePicture(source)];
    const most = { 8: 255, 16: 65_535, 32: 1 }[wanted.raster.depth];
    seen.raster.data.forEach((value, i) => {
      const difference = value - (wanted.raster.data[i % seen.raster.channels] ?? 0);
      expect((Math.abs(difference) / most) * 255).toBeLessThan(2.5);
    });
  });

  it('is refused where it makes no sense', async () => {
    const out = ['-o', path('no.png')];
    const source = path('clear.png');
    for (const scale of ['0', 'NaN', '100', '-2', '']) {
      expect(await refused('upscale', source, `--scale=${scale}`, ...out)).toContain('E_PARAM');
    }
    expect(await refused('upscale', source, '--model', 'enlarged', ...out)).toContain('enlarger');
    expect(await refused('upscale', source, '--model', 'sd1', ...out)).toContain('E_MODEL_KIND');
    expect(await refused('upscale', source, '--second', 'enlarger', ...out)).toContain('E_PARAM');
    expect(await refused('upscale', source, '-o', path('no.psd'))).toContain('E_OUTPUT_TYPE');
    writeFileSync(path('dot.png'), await encodePng(picture({ width: 1, height: 1 })));
    expect(await refused('upscale', path('dot.png'), ...out)).toContain('E_IMAGE_TOO_SMALL');
    writeFileSync(path('line.png'), await encodePng(picture({ width: 1, height: 20_000 })));
    expect(await refused('upscale', path('line.png'), ...out)).toContain('E_IMAGE_TOO_SMALL');
    writeFileSync(path('strip.png'), await encodePng(picture({ width: 8, height: 20_000 })));
    expect(await refused('upscale', path('strip.png'), ...out)).toContain('E_TOO_LARGE');
  });
});
