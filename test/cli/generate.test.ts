/** inpaint, remove, img2img and variants on files of every kind, as a child process. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { compositeLayers } from '../../plugin/host/workbench/compositeLayers.ts';
import { readPsdDocument } from '../../plugin/host/workbench/readPsdDocument.ts';
import { ResultInfo } from '../../shared/event.ts';
import { rectOfSize } from '../../shared/geometry.ts';
import { parametersText } from '../../shared/recipe.ts';
import { exitCodes } from '../../service/cli/exitCodes.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { recipesOfXmp } from '../../shared/recipeXmp.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { pentimento, type Ended, type Served } from './runProgram.ts';
import { serveTiny } from './serveTiny.ts';
import { differences, height, hole, width, writeSamples } from './samples.ts';

const folder = temporaryFolder();
const samples = join(folder, 'samples');
const sample = (name: string) => join(samples, name);
const mask = sample('mask.png');
const models = join(folder, 'models');
const env = { PENTIMENTO_DATA: join(folder, 'data'), PENTIMENTO_PORT: '' };
const tiny = [
  '--width',
  '64',
  '--height',
  '64',
  '--steps',
  '2',
  '--sampler',
  'Euler',
  '--seed',
  '7',
];

let served: Served;
beforeAll(async () => {
  await writeSamples(samples);
  served = await serveTiny(models, env);
});
afterAll(() => served.stop());

function run(...args: string[]): Promise<Ended> {
  return pentimento(args, { env });
}

/** Runs and expects success. */
async function done(...args: string[]): Promise<Ended> {
  const ended = await run(...args);
  expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });
  return ended;
}

const Answer = z.strictObject({ files: z.array(z.string()), results: z.array(ResultInfo) });

describe('remove', () => {
  it.each([
    ['photo.jpg', 'png', 8],
    ['photo.webp', 'tif', 8],
    ['cmyk.jpg', 'png', 8],
    ['rotated.jpg', 'png', 8],
    ['wide-gamut.jpg', 'tif', 8],
    ['grey.png', 'png', 8],
    ['palette.png', 'png', 8],
    ['alpha.png', 'png', 8],
    ['deep.png', 'png', 16],
    ['deep.tif', 'tif', 16],
    ['deep.png', 'psd', 16],
    ['photo.psd', 'psd', 8],
  ])('fills %s as %s and keeps every bit outside', async (name, ending, depth) => {
    const out = join(folder, `${name}.removed.${ending}`);
    await done(
      'remove',
      sample(name),
      '--mask',
      mask,
      '--feather',
      '4',
      '--seed',
      '1',
      '--out',
      out,
    );
    const before = (await decodePicture(sample(name))).raster;
    const after = (await decodePicture(out)).raster;
    expect([before.width, before.height]).toEqual([width, height]);
    expect([after.width, after.height, after.depth]).toEqual([width, height, depth]);
    expect(after.channels).toBe(before.channels);
    const { outside, inside } = differences(before, after, 12);
    expect(outside).toBe(0);
    expect(inside).toBeGreaterThan(hole.width * hole.height * 0.7);
  });

  it('reads a rotated photograph upright, as its own decoder shows it', async () => {
    const out = join(folder, 'upright.png');
    await done('remove', sample('rotated.jpg'), '--mask', mask, '--feather', '0', '--out', out);
    const shown = await sharp(sample('rotated.jpg')).autoOrient().raw().toBuffer();
    const { data, info } = await sharp(out).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([width, height]);
    expect((await sharp(out).metadata()).orientation ?? 1).toBe(1);
    const row = width * 3;
    expect(data.subarray(0, 30 * row).equals(shown.subarray(0, 30 * row))).toBe(true);
  });

  it('takes a mask by its transparency', async () => {
    const [byAlpha, byLight] = [join(folder, 'by-alpha.png'), join(folder, 'by-light.png')];
    const photo = sample('photo.jpg');
    await done(
      'remove',
      photo,
      '--mask',
      sample('mask-alpha.png'),
      '--seed',
      '1',
      '--out',
      byAlpha,
    );
    await done('remove', photo, '--mask', mask, '--seed', '1', '--out', byLight);
    expect(await sharp(byAlpha).raw().toBuffer()).toEqual(await sharp(byLight).raw().toBuffer());
  });

  it('tells its progress in plain lines when nobody looks at a terminal', async () => {
    const out = join(folder, 'plain.png');
    const { stdout, stderr } = await done(
      'remove',
      sample('photo.jpg'),
      '--mask',
      mask,
      '--out',
      out,
    );
    expect(stdout).toMatch(/^wrote .*plain\.png\nseed \d+\n$/);
    expect(stderr).toContain('filling from the surroundings\n');
    expect(stderr).toMatch(/\d+ %, step \d+ of 100\n/);
    for (const control of ['\u001b', '\r']) expect(stderr + stdout).not.toContain(control);
    expect(stderr.split('\n').length).toBeLessThan(20);
  });
});

describe('inpaint', () => {
  it.each([
    ['photo.jpg', 'png'],
    ['deep.png', 'tif'],
    ['grey.png', 'png'],
    ['alpha.png', 'png'],
  ])('paints into %s, writes %s with its recipe, the same again', async (name, ending) => {
    const asked = [
      'inpaint',
      sample(name),
      '--mask',
      mask,
      '--prompt',
      'a boat',
      '--feather',
      '4',
      ...tiny,
    ];
    const out = join(folder, `${name}.painted.${ending}`);
    const again = join(folder, `${name}.again.${ending}`);
    const { stdout } = await done(...asked, '--out', out, '--json');
    await done(...asked, '--out', again);
    const answer = Answer.parse(JSON.parse(stdout));
    expect(answer.files).toEqual([out]);
    const before = (await decodePicture(sample(name))).raster;
    const after = (await decodePicture(out)).raster;
    expect(after.depth).toBe(before.depth);
    const { outside, inside } = differences(before, after, 12);
    expect(outside).toBe(0);
    expect(inside).toBeGreaterThan(hole.width * hole.height * 0.7);
    expect((await decodePicture(again)).raster).toEqual(after);
    const { xmpAsString } = await sharp(out).metadata();
    const [recipe] = recipesOfXmp(xmpAsString ?? '');
    expect(recipe).toEqual(answer.results[0]?.recipe);
    expect(recipe).toMatchObject({
      seed: 7,
      model: { name: 'tiny' },
      sampling: { sampler: 'Euler', schedule: 'Uniform' },
      request: { kind: 'inpaint', prompt: 'a boat', featherPx: 4, steps: 2 },
    });
    if (ending !== 'png' || !recipe) return;
    expect(readFileSync(out).toString('latin1')).toContain(`parameters\0${parametersText(recipe)}`);
  });

  it('says what a prompt asks for that is not there', async () => {
    const out = join(folder, 'lora.png');
    const prompt = 'a boat <lora:film:0.8>';
    const { stderr } = await done(
      'inpaint',
      sample('photo.jpg'),
      '-m',
      mask,
      '-p',
      prompt,
      ...tiny,
      '-o',
      out,
    );
    expect(stderr).toContain('There is no LoRA called "film"; it is left out.\n');
    expect(stderr).toContain('reading the prompt\n');
  });

  it('gives the picture itself back at strength 0', async () => {
    const out = join(folder, 'strength-0.png');
    await done('inpaint', sample('deep.png'), '-m', mask, '--strength', '0', ...tiny, '--out', out);
    expect((await decodePicture(out)).raster).toEqual(
      (await decodePicture(sample('deep.png'))).raster,
    );
  });

  it.each(['a1111', 'diffusers'])('follows the rules of %s', async (dialect) => {
    const out = join(folder, `${dialect}.png`);
    const own = ['--dialect', dialect, '--feather', '4', '--content', 'fill', '--area', 'masked'];
    await done(
      'inpaint',
      sample('photo.jpg'),
      '-m',
      mask,
      '-p',
      'a boat',
      ...own,
      ...tiny,
      '-o',
      out,
    );
    const before = (await decodePicture(sample('photo.jpg'))).raster;
    const { outside, inside } = differences(before, (await decodePicture(out)).raster, 20);
    expect(outside).toBe(0);
    expect(inside).toBeGreaterThan(300);
  });
});

describe('img2img and variants', () => {
  it('work a whole picture over', async () => {
    const out = join(folder, 'over.png');
    await done(
      'img2img',
      sample('photo.jpg'),
      '-p',
      'winter',
      '--strength',
      '0.6',
      ...tiny,
      '-o',
      out,
    );
    const before = (await decodePicture(sample('photo.jpg'))).raster;
    const { outside } = differences(before, (await decodePicture(out)).raster, 0);
    expect(outside).toBeGreaterThan(5000);
  });

  it('make a group of layers with masks, the first visible', async () => {
    const out = join(folder, 'variants.psd');
    const words = ['-p', 'a boat', '-n', '3', '--feather', '4'];
    await done('variants', sample('photo.jpg'), '--mask', mask, ...words, ...tiny, '--out', out);
    const bytes = readFileSync(out);
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    const { document } = readPsdDocument(buffer as ArrayBuffer, 'variants.psd', 'v');
    const [background, group] = document.layers;
    expect(document.layers).toHaveLength(2);
    expect(background).toMatchObject({ kind: 'pixels', name: 'Background' });
    if (group?.kind !== 'group') return expect.fail('Expected a group on top');
    const layers = group.children.toReversed().flatMap((l) => (l.kind === 'pixels' ? [l] : []));
    expect(layers.map((l) => l.name)).toEqual(['a boat', 'a boat (2)', 'a boat (3)']);
    expect(layers.map((l) => l.isVisible)).toEqual([true, false, false]);
    expect(layers.every((l) => l.mask !== undefined)).toBe(true);
    const shown = compositeLayers(document.layers, rectOfSize(document));
    const before = (await decodePicture(sample('photo.jpg'))).raster;
    const composite = (await decodePicture(out)).raster;
    expect(differences(before, composite, 12)).toMatchObject({ outside: 0 });
    const rgb = shown.filter((_, i) => i % 4 !== 3);
    const furthest = rgb.reduce((most, v, i) => Math.max(most, Math.abs(v - composite.data[i])), 0);
    expect(furthest).toBeLessThanOrEqual(1);
  });

  it('number their files', async () => {
    const out = join(folder, 'several.tif');
    const { stdout } = await done(
      'variants',
      sample('photo.jpg'),
      '-p',
      'a',
      '-n',
      '2',
      ...tiny,
      '-o',
      out,
      '--json',
    );
    const answer = Answer.parse(JSON.parse(stdout));
    expect(answer.files).toEqual([out, join(folder, 'several-2.tif')]);
    expect(answer.results.map((r) => r.recipe.seed)).toEqual([7, 8]);
    expect(await sharp(answer.files[0]).raw().toBuffer()).not.toEqual(
      await sharp(answer.files[1]).raw().toBuffer(),
    );
  });
});

describe('what is refused', () => {
  const out = join(folder, 'refused.png');
  const photo = sample('photo.jpg');
  const inpaint = ['inpaint', photo, '--mask', mask, '--out', out];

  it.each<[string, string[], number, string, RegExp]>([
    [
      'an unknown sampler',
      [...inpaint, '--sampler', 'Eulre'],
      6,
      'E_SAMPLER_UNKNOWN',
      /Nearest: Euler/,
    ],
    ['an unknown schedule', [...inpaint, '--schedule', 'karas'], 6, 'E_SCHEDULE_UNKNOWN', /Karras/],
    ['an unknown model', [...inpaint, '--model', 'tinny'], 7, 'E_MODEL_UNKNOWN', /tiny/],
    ['an unknown VAE', [...inpaint, '--vae', 'none'], 7, 'E_MODEL_UNKNOWN', /./],
    [
      'a prompt of 100,000 characters',
      [...inpaint, '-p', 'x'.repeat(100_000)],
      6,
      'E_PROMPT_TOO_LONG',
      /./,
    ],
    [
      'a size that is no multiple of 8',
      [...inpaint, '--width', '100', '--height', '64'],
      2,
      'E_PARAM',
      /multiples of 8/,
    ],
    [
      'far too much work',
      [...inpaint, '--width', '4096', '--height', '4096', '--steps', '150', '-n', '12'],
      1,
      'E_TOO_EXPENSIVE',
      /./,
    ],
    [
      'an empty mask',
      ['remove', photo, '--mask', sample('mask-empty.png'), '--out', out],
      6,
      'E_MASK_EMPTY',
      /./,
    ],
    [
      'a mask of everything',
      ['remove', photo, '--mask', sample('mask-full.png'), '--out', out],
      6,
      'E_MASK_FULL',
      /./,
    ],
    [
      'a mask of another size',
      ['remove', photo, '--mask', sample('mask-small.png'), '--out', out],
      6,
      'E_MASK_SIZE',
      /144 x 50.*144 x 96/,
    ],
    [
      'a mask that shrinks to nothing',
      ['remove', photo, '--mask', mask, '--grow', '-60', '--out', out],
      6,
      'E_MASK_EMPTY',
      /./,
    ],
    [
      "another service's models",
      [...inpaint, '--models', folder],
      5,
      'E_ALREADY_RUNNING',
      /--models/,
    ],
  ])('%s', async (_name, args, code, error, words) => {
    const ended = await run(...args);
    expect(ended).toMatchObject({ code, signal: null, stdout: '' });
    expect(ended.stderr).toContain(`(${error})`);
    expect(ended.stderr).toMatch(words);
    expect(existsSync(out)).toBe(false);
  });

  it('a prompt that is as long as allowed runs', async () => {
    const long = join(folder, 'long.png');
    const prompt = 'a wooden boat, (morning:1.2) '.repeat(600);
    expect(prompt.length).toBeGreaterThan(17_000);
    await done(...inpaint.slice(0, -1), long, '-p', prompt, ...tiny);
  });

  it('leaves nothing but what was asked for', () => {
    expect(readdirSync(folder).filter((name) => /^\.|\.part$|refused/.test(name))).toEqual([]);
  });

  it('a picture that is too large to take, without reading it', async () => {
    const bomb = join(folder, 'bomb.png');
    writeFileSync(bomb, hugePng(30_000, 20_000));
    const started = performance.now();
    const ended = await run('remove', bomb, '--mask', mask, '--out', out);
    expect(ended.code).toBe(6);
    expect(ended.stderr).toMatch(/"bomb\.png".*\n.*\n\(E_IMAGE_PIXELS\)/);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it.each([
    [1, exitCodes.badInput],
    [7, exitCodes.badInput],
    [8, exitCodes.ok],
  ])('a picture of %i pixels a side ends with %i', async (side, code) => {
    const small = join(folder, `small-${side}.png`);
    const dot = join(folder, `dot-${side}.png`);
    const raw = { width: side, height: side, channels: 3 } as const;
    const colors = Buffer.alloc(side * side * 3, 120);
    await sharp(colors, { raw }).png().toFile(small);
    const selected = Buffer.alloc(side * side * 3);
    selected.fill(255, 0, 3);
    await sharp(selected, { raw }).png().toFile(dot);
    const name = join(folder, `small-${side}-out.png`);
    const ended = await run('remove', small, '-m', dot, '--feather', '0', '-o', name);
    expect(ended.code, ended.stderr).toBe(code);
    if (code !== exitCodes.ok) expect(ended.stderr).toContain('(E_IMAGE_TOO_SMALL)');
    expect(existsSync(name)).toBe(code === exitCodes.ok);
  });
});

/** A whole PNG of a few bytes that claims to be huge. */
function hugePng(columns: number, rows: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(columns, 0);
  header.writeUInt32BE(rows, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1');
  const pixels = deflateSync(Buffer.alloc(1000));
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, checksum]);
}
