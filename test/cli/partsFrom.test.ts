/** A UNet alone with the parts of the model that is named: from the terminal to the recipe and back. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ResultInfo } from '../../shared/event.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { buildService } from '../fixtures/builtProgram.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { pentimento } from './runProgram.ts';

const folder = temporaryFolder();
const path = (name: string) => join(folder, name);
const env = {
  PENTIMENTO_DATA: path('data'),
  PENTIMENTO_MODELS: path('models'),
  PENTIMENTO_PORT: '0',
};

beforeAll(async () => {
  buildService();
  const write = (name: string, manifest: string, seed: number) =>
    writeModel({
      manifest: manifestPath(`tiny/tiny-sd1/${manifest}.json`),
      out: join(path('models'), `${name}.safetensors`),
      seed,
      dtype: 'F32',
    });
  await write('full-a', 'single', 3);
  await write('full-b', 'single', 4);
  await write('unet/alone', 'unet', 5);
});

const Answer = z.strictObject({ files: z.array(z.string()), results: z.array(ResultInfo) });
const text = ['txt2img', '--prompt', 'a boat', '--steps', '2', '--width', '64', '--height', '64'];

async function made(out: string, ...more: string[]) {
  const args = [...text, '--seed', '5', ...more, '-o', path(out), '--json'];
  const ended = await pentimento(args, { env });
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ code: 0, signal: null });
  const { results } = Answer.parse(JSON.parse(ended.stdout));
  const { request, parts } = results[0].recipe;
  const partsFrom = 'partsFrom' in request ? request.partsFrom : undefined;
  const { raster } = await decodePicture(path(out));
  return { pixels: raster.data, parts, partsFrom };
}

describe('--parts-from', () => {
  it('decides the picture and stands in the recipe, which makes it again', async () => {
    const byItself = await made('itself.png', '--model', 'alone');
    const other = await made('other.png', '--model', 'alone', '--parts-from', 'full-b');
    expect(byItself).toMatchObject({ partsFrom: 'full-a', parts: { name: 'full-a' } });
    expect(other).toMatchObject({ partsFrom: 'full-b', parts: { name: 'full-b', family: 'sd1' } });
    expect(other.pixels).not.toEqual(byItself.pixels);
    const again = await made('again.png', '--recipe', path('other.png'));
    expect(again).toMatchObject({ partsFrom: 'full-b' });
    expect(again.pixels).toEqual(other.pixels);
  });

  it('is refused for a model that has its own, and not taken from a recipe for one', async () => {
    const args = [...text, '--model', 'full-a', '--parts-from', 'full-b', '-o', path('no.png')];
    const { code, stderr } = await pentimento(args, { env });
    expect({ code, stderr }).toEqual({ code: 7, stderr: expect.stringContaining('of its own') });
    const whole = await made('whole.png', '--recipe', path('other.png'), '--model', 'full-a');
    expect(whole.partsFrom).toBeUndefined();
    expect(whole.parts).toBeUndefined();
  });
});
