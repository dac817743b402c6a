/** A ControlNet from the command line to the picture: the built program, the service and its engine. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodes } from '../../service/cli/exitCodes.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { recipesOfXmp } from '../../shared/recipeXmp.ts';
import { buildService } from '../fixtures/builtProgram.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { pentimento, serve, type Served } from './runProgram.ts';
import { writeSamples } from './samples.ts';

const folder = temporaryFolder();
const models = join(folder, 'models');
const photo = join(folder, 'photo.jpg');
const drawing = join(folder, 'alpha.png');
const env = { PENTIMENTO_DATA: join(folder, 'data'), PENTIMENTO_PORT: '' };
const settings = ['--mask', join(folder, 'mask.png'), '--width', '64', '--height', '64'];
const sampling = ['--steps', '2', '--sampler', 'Euler', '--seed', '7', '--model', 'tiny'];

let served: Served;
beforeAll(async () => {
  buildService();
  await writeSamples(folder);
  mkdirSync(models);
  const write = (manifest: string, name: string) => {
    const out = join(models, name);
    return writeModel({ manifest: manifestPath(`tiny/${manifest}`), out, seed: 3, dtype: 'F16' });
  };
  await write('tiny-sd1/single.json', 'tiny.safetensors');
  await write('tiny-controlnet/single.json', 'lines.safetensors');
  await write('tiny-controlnet-sdxl/controlnet.json', 'large.safetensors');
  served = await serve(['--models', models], env);
  env.PENTIMENTO_PORT = String(served.port);
});
afterAll(() => served.stop());

const paint = (name: string, ...more: string[]) =>
  pentimento(['inpaint', photo, ...settings, ...sampling, ...more, '--out', join(folder, name)], {
    env,
  });

describe('a ControlNet on the command line', () => {
  it('changes the picture and is in its recipe', async () => {
    for (const [name, control] of [
      ['without.png', []],
      ['with.png', ['--control', 'lines:0.8', '--control-image', drawing, '--control-as', 'canny']],
    ] as const) {
      const ended = await paint(name, ...control);
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
    }
    const without = await decodePicture(join(folder, 'without.png'));
    const made = await decodePicture(join(folder, 'with.png'));
    expect(made.raster.data).not.toEqual(without.raster.data);
    const { xmpAsString = '' } = await sharp(join(folder, 'with.png')).metadata();
    const [recipe] = recipesOfXmp(xmpAsString);
    expect(recipe).toMatchObject({
      controls: ['lines'],
      request: {
        controls: [
          { model: 'lines', weight: 0.8, source: 'plane', preprocessor: { name: 'canny' } },
        ],
      },
    });
  });

  it('is refused by name where it does not fit', async () => {
    const ended = await paint('large.png', '--control', 'large');
    expect(ended.code).toBe(exitCodes.model);
    expect(ended.stderr).toContain('is for an SDXL model');
  });
});
