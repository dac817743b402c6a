import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { controlPlanes, readControls } from '../../service/cli/controlOptions.ts';
import { parseOptions } from '../../service/cli/options.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { height, width, writeSamples } from './samples.ts';

const folder = temporaryFolder();
const mask = join(folder, 'mask.png');
const document = { width, height };
beforeAll(() => writeSamples(folder));

const read = (...args: string[]) => readControls(parseOptions(args).options, document);
const usual = { weight: 1, start: 0, end: 1, mode: 'balanced', fit: 'crop', source: 'picture' };

describe('--control', () => {
  it('reads a model with weight, start and end, from the right', async () => {
    expect(await read()).toBeUndefined();
    const units = async (text: string) => (await read('--control', text))?.units;
    expect(await units('canny')).toEqual([{ ...usual, model: 'canny' }]);
    expect(await units('canny:0.5')).toEqual([{ ...usual, model: 'canny', weight: 0.5 }]);
    expect(await units('my: net:1.5:0.25:0.75')).toEqual([
      { ...usual, model: 'my: net', weight: 1.5, start: 0.25, end: 0.75 },
    ]);
  });

  it('gives each its own source and preprocessor, or one for all', async () => {
    const both = ['--control', 'a', '--control', 'b'];
    const each = await read(...both, '--control-from', 'picture', '--control-from', 'mask');
    expect(each?.units.map(({ source }) => source)).toEqual(['picture', 'mask']);
    const made = await read(
      ...both,
      '--control-as=canny:80:160',
      '--control-as=none',
      '--control-mode=control',
      '--control-fit=fill',
    );
    expect(made?.units).toEqual([
      {
        ...usual,
        model: 'a',
        mode: 'control',
        fit: 'fill',
        preprocessor: { name: 'canny', a: 80, b: 160 },
      },
      { ...usual, model: 'b', mode: 'control', fit: 'fill' },
    ]);
  });

  it('sends a picture over the region, whatever its size', async () => {
    const controls = await read('--control', 'a', '--control-image', mask);
    if (!controls) throw new Error('Expected ControlNets');
    expect(controls.units[0]).toMatchObject({ source: 'plane' });
    const region = { x: 3, y: 5, width: 16, height: 12 };
    const [plane] = controlPlanes(controls, region);
    expect(plane).toMatchObject({ name: 'control0', width: 16, height: 12 });
    const larger = await readControls(
      parseOptions(['--control', 'a', '--control-image', mask]).options,
      { width: width * 2, height: height * 2 },
    );
    expect(larger?.pictures[0]).toMatchObject({ width: width * 2, height: height * 2 });
  });

  it.each([
    [['--control-from', 'mask'], 'E_USAGE'],
    [['--control-mode', 'prompt'], 'E_USAGE'],
    [['--control-fit', 'fill'], 'E_USAGE'],
    [['--control', 'a', '--control-image', 'x', '--control-from', 'mask'], 'E_USAGE'],
    [['--control', 'a', '--control-as', 'canny', '--control-as', 'color'], 'E_USAGE'],
    [['--control', 'a:3'], 'E_PARAM'],
    [['--control', 'a:1:0.8:0.2'], 'E_PARAM'],
    [['--control', 'a', '--control-from', 'layer'], 'E_PARAM'],
    [['--control', 'a', '--control-as', 'openpose'], 'E_PARAM'],
    [['--control', 'a', '--control-mode', 'strong'], 'E_PARAM'],
    [['--control', 'a', '--control-image', 'nowhere.png'], 'E_FILE'],
    [['a', 'b', 'c', 'd'].flatMap((name) => ['--control', name]), 'E_PARAM'],
  ])('refuses %j', async (args, code) => {
    await expect(read(...args)).rejects.toMatchObject({ code });
  });

  it.each([
    [['a:-1'], 'The weight in --control goes from 0 to 2; received -1.'],
    [['a:1.2.3'], 'The weight in --control expects a number but received "1.2.3".'],
    [['a:1:0:7'], 'The end in --control goes from 0 to 1; received 7.'],
    [[':1'], '--control names no ControlNet.'],
    [['a', '--control-from', 'plane'], '--control-from is one of picture, mask; received "plane".'],
    [['a', '--control-as', 'cany'], 'received "cany". Did you mean canny?'],
    [['a', '--control-as', 'canny:300'], 'A setting in --control-as canny goes from 0 to 255'],
    [['a', '--control-as', 'canny:1:2:3'], '--control-as canny has 2 settings at most'],
    [['a', '--control-as', 'inpaint:1'], '--control-as inpaint has no settings'],
    [['a', '--control=b', '--control=c', '--control=d'], '--control is given 4 times; up to 3'],
  ])('says what is wrong with %j', async (args, sentence) => {
    const refused = read('--control', ...args);
    await expect(refused).rejects.toMatchObject({ detail: expect.stringContaining(sentence) });
  });
});
