/** Masks of the command line: made, put together, and written down before a run. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodes } from '../../service/cli/exitCodes.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { buildService } from '../fixtures/builtProgram.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { pentimento, serve, type Served } from './runProgram.ts';

const folder = temporaryFolder();
const models = join(folder, 'models');
const env = { PENTIMENTO_DATA: join(folder, 'data'), PENTIMENTO_PORT: '' };
const path = (name: string) => join(folder, name);
const size = { width: 128, height: 96 };
const scene = path('scene.png');

/** Gray; a red block at the left, another at the right, the lower right corner clear. */
const red = [
  { x: 16, y: 32, width: 24, height: 24 },
  { x: 80, y: 32, width: 16, height: 24 },
] as const;

let served: Served;
beforeAll(async () => {
  buildService();
  mkdirSync(models);
  const out = join(models, 'tiny.safetensors');
  await writeModel({
    manifest: manifestPath('tiny/tiny-sd1/single.json'),
    out,
    seed: 3,
    dtype: 'F16',
  });
  const pixels = Uint8Array.from({ length: size.width * size.height * 4 }, (_, i) => {
    const [x, y] = [(i >> 2) % size.width, Math.floor((i >> 2) / size.width)];
    if (i % 4 === 3) return x >= 112 && y >= 80 ? 0 : 255;
    const isRed = red.some((r) => x >= r.x && x < r.x + r.width && y >= r.y && y < r.y + r.height);
    return isRed ? [220, 20, 20][i % 4]! : 120;
  });
  await sharp(pixels, { raw: { ...size, channels: 4 } })
    .png()
    .toFile(scene);
  for (const [i, { x, y, width, height }] of red.entries()) {
    const block = { create: { width, height, channels: 3, background: 'white' } } as const;
    const left = await sharp(block).png().toBuffer();
    await sharp({ create: { ...size, channels: 3, background: 'black' } })
      .composite([{ input: left, left: x, top: y }])
      .png()
      .toFile(path(`mask${i}.png`));
  }
  served = await serve(['--models', models], env);
  env.PENTIMENTO_PORT = String(served.port);
});
afterAll(() => served.stop());

/** How many pixels a mask file shows at all, and at one place. */
async function levels(
  name: string,
): Promise<{ count: number; at: (x: number, y: number) => number }> {
  const { raster } = await decodePicture(path(name));
  expect([raster.width, raster.height, raster.channels]).toEqual([size.width, size.height, 1]);
  const count = Array.from(raster.data).filter((v) => v > 0).length;
  return { count, at: (x, y) => raster.data[y * size.width + x]! };
}

async function masks(name: string, ...args: string[]) {
  const ended = await pentimento(['masks', scene, ...args, '--out', path(name)], { env });
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  const stem = name.replace('.png', '');
  return { seen: await levels(`${stem}-seen.png`), change: await levels(`${stem}-change.png`) };
}

const hard = ['--feather', '0'];
const area = (i: 0 | 1) => red[i].width * red[i].height;

describe('masks of the command line', () => {
  it('are of a colour everywhere, or of a point and what hangs together with it', async () => {
    const everywhere = await masks('a.png', '--mask-from-color', '#dc1414', ...hard);
    expect(everywhere.seen.count).toBe(area(0) + area(1));
    const point = ['--mask-from-color', '20,40', '--contiguous', ...hard];
    const one = await masks('b.png', ...point);
    expect(one.seen.count).toBe(area(0));
    expect(one.seen.at(90, 40)).toBe(0);
    expect(one.change.at(45, 40)).toBeGreaterThan(0);
    expect(one.change.count).toBeGreaterThan(one.seen.count);
    const wide = await masks('c.png', ...point, '--tolerance', '120');
    expect(wide.seen.count).toBe(size.width * size.height - 16 * 16);
  });

  it('are united, inverted and grown; transparency counts, too', async () => {
    const both = await masks('d.png', '-m', path('mask0.png'), '-m', path('mask1.png'), ...hard);
    expect(both.seen.count).toBe(area(0) + area(1));
    const rest = await masks('e.png', '--mask', path('mask0.png'), '--invert-mask', ...hard);
    expect(rest.seen.count).toBe(size.width * size.height - area(0));
    const clear = await masks('f.png', '--mask-from-alpha', '--invert-mask', ...hard);
    expect(clear.seen.count).toBe(16 * 16);
    const less = await masks('g.png', '-m', path('mask0.png'), '--grow', '-4', ...hard);
    expect(less.seen.count).toBe((red[0].width - 8) * (red[0].height - 8));
  });

  it('are written before a run as what the run then does', async () => {
    const settings = ['--steps', '1', '--sampler', 'Euler', '--width', '64', '--height', '64'];
    const ended = await pentimento(
      [
        'inpaint',
        scene,
        '-m',
        path('mask1.png'),
        ...settings,
        '--feather',
        '5',
        '--seed',
        '3',
      ].concat(['--save-masks', path('h.png'), '--out', path('out.png')]),
      { env },
    );
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    const seen = await levels('h-seen.png');
    const before = await decodePicture(scene);
    const after = await decodePicture(path('out.png'));
    for (let i = 0; i < size.width * size.height; i++) {
      const [x, y] = [i % size.width, Math.floor(i / size.width)];
      if (seen.at(x, y) > 0) continue;
      expect(after.raster.data[i * 4]).toBe(before.raster.data[i * 4]);
    }
    expect(seen.at(88, 44)).toBe(255);
  });

  const wrong: readonly [string, string[], number, RegExp][] = [
    ['a word for a colour', ['--mask-from-color', 'red'], exitCodes.usage, /expects "#rrggbb"/],
    ['a point outside', ['--mask-from-color', '500,5'], exitCodes.usage, /128 x 96/],
    [
      'no point to start from',
      ['--mask-from-color', '#fff', '--contiguous'],
      exitCodes.usage,
      /needs a point/,
    ],
    ['a tolerance of nothing', ['--tolerance', '5'], exitCodes.usage, /COLOR is missing/],
    [
      'too wide a tolerance',
      ['--mask-from-color', '5,5', '--tolerance', '256'],
      exitCodes.usage,
      /0 to 255/,
    ],
    ['nothing to invert', ['--invert-mask'], exitCodes.usage, /no mask to invert/],
    [
      'a colour that is not there',
      ['--mask-from-color', '#00ff00', '--tolerance', '1'],
      exitCodes.badInput,
      /Select what should change/,
    ],
  ];
  it.each(wrong)('refuse %s', async (_, args, code, words) => {
    const ended = await pentimento(['masks', scene, ...args, '--out', path('no.png')], { env });
    expect(ended.stderr).toMatch(words);
    expect(ended.code).toBe(code);
    expect(existsSync(path('no-seen.png'))).toBe(false);
  });

  it('are not written over what is read', async () => {
    const same = await pentimento(
      ['masks', scene, '-m', path('mask0.png'), '--out', path('h.jpg')],
      { env },
    );
    expect(same.stderr).toContain('Masks are written as .png');
  });
});
