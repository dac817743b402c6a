import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openLibrary } from '../../service/library/library.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';

const folder = temporaryFolder();
const library = openLibrary({ folders: [folder] });

beforeAll(async () => {
  const write = (manifest: string, name: string) => {
    mkdirSync(join(folder, 'ControlNet'), { recursive: true });
    const out = join(folder, name);
    return writeModel({ manifest: manifestPath(`tiny/${manifest}`), out, seed: 1, dtype: 'F16' });
  };
  await write('tiny-sd1/single.json', 'paint.safetensors');
  await write('tiny-controlnet/controlnet.json', 'ControlNet/canny_v1.safetensors');
  await write('tiny-controlnet/single.json', 'ControlNet/scribble.safetensors');
  await write('tiny-controlnet-sdxl/controlnet.json', 'ControlNet/canny_xl.safetensors');
});

describe('ControlNets in the library', () => {
  it('are usable, with the family that they are for', async () => {
    const found = (await library.list()).filter(({ kind }) => kind === 'controlnet');
    expect(found.map(({ name, family, usable }) => [name, family, usable])).toEqual([
      ['canny_v1', 'sd1', true],
      ['canny_xl', 'sdxl', true],
      ['scribble', 'sd1', true],
    ]);
  });

  it('go with a model in the order asked for, by id, name or file name, as often as asked', async () => {
    const asked = ['scribble', 'CANNY_V1.safetensors', 'scribble'];
    const { controls } = await library.files('paint', { controls: asked });
    expect(controls?.map(({ name }) => name)).toEqual(['scribble', 'canny_v1', 'scribble']);
    expect(controls?.[1]?.path).toBe(join(folder, 'ControlNet', 'canny_v1.safetensors'));
    const ids = controls?.map(({ id }) => id) ?? [];
    expect((await library.files('paint', { controls: ids })).controls).toEqual(controls);
    expect((await library.files('paint')).controls).toBeUndefined();
  });

  it('are refused when unknown, of another kind or of another family', async () => {
    const files = (name: string) => library.files('paint', { controls: [name] });
    await expect(files('cany_v1')).rejects.toMatchObject({
      code: 'E_MODEL_UNKNOWN',
      detail: expect.stringContaining('canny_v1'),
    });
    await expect(files('paint')).rejects.toMatchObject({
      code: 'E_MODEL_KIND',
      detail: '"paint" is a Stable Diffusion 1 model, not a ControlNet.',
    });
    await expect(files('canny_xl')).rejects.toMatchObject({
      code: 'E_MODEL_FAMILY',
      detail:
        'The ControlNet "canny_xl" is for an SDXL model; this model is a Stable Diffusion 1 model.',
    });
  });
});
