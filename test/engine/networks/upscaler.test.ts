/** Upscalers from real files: three namings of one network, odd sides, and what is none. */
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { abilitiesOf } from '../../../service/engine/networks/deviceAbilities.ts';
import { makeUpscaler, type Upscaler } from '../../../service/engine/networks/upscaler.ts';
import { chooseDevice } from '../../../service/engine/runtime/device.ts';
import { tensor, type Tensor } from '../../../service/engine/tensor.ts';
import { openUpscaler } from '../../../service/engine/weights/openUpscaler.ts';
import { manifestPath } from '../../fixtures/manifest.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { writeModel } from '../../fixtures/writeModel.ts';
import { wave } from '../graph/syntheticNetwork.ts';

const folder = temporaryFolder();
const device = chooseDevice('cpu');
const opened: Upscaler[] = [];
afterAll(async () => {
  for (const one of opened) await one.dispose();
});

function write(name: string): Promise<string> {
  const manifest = manifestPath(`tiny/${name}.json`);
  const out = join(folder, `${name.replaceAll('/', '-')}.safetensors`);
  return writeModel({ manifest, out, seed: 3, dtype: 'F16' });
}

async function upscaler(name: string): Promise<Upscaler> {
  const context = { device, abilities: await abilitiesOf(device), cacheFolder: folder };
  const one = makeUpscaler(context, await openUpscaler(await write(name)));
  opened.push(one);
  return one;
}

const picture = (height: number, width: number): Tensor =>
  tensor(
    wave(3 * height * width).map((value) => 0.5 + value / 4),
    [1, 3, height, width],
  );

describe('the three namings of ESRGAN', () => {
  it('are one network', async () => {
    const answers: Tensor[] = [];
    for (const name of ['tiny-esrgan-x4', 'tiny-esrgan-x4-new', 'tiny-esrgan-x4-old']) {
      const one = await upscaler(name);
      expect(one.scale).toBe(4);
      answers.push(await one.enlarge(picture(5, 7)));
    }
    expect(answers[0].shape).toEqual([1, 3, 20, 28]);
    expect(answers[1].data).toEqual(answers[0].data);
    expect(answers[2].data).toEqual(answers[0].data);
  });
});

describe('a network that folds pixels', () => {
  it('mirrors what an odd side lacks', async () => {
    const one = await upscaler('tiny-esrgan-x2');
    const odd = picture(6, 7);
    const mirrored = tensor(new Float32Array(3 * 6 * 8), [1, 3, 6, 8]);
    for (let row = 0; row < 18; row++) {
      mirrored.data.set(odd.data.subarray(row * 7, (row + 1) * 7), row * 8);
      mirrored.data[row * 8 + 7] = odd.data[row * 7 + 5];
    }
    const [small, large] = [await one.enlarge(odd), await one.enlarge(mirrored)];
    expect(small.shape).toEqual([1, 3, 12, 14]);
    for (let row = 0; row < 36; row++) {
      expect(small.data.subarray(row * 14, (row + 1) * 14)).toEqual(
        large.data.subarray(row * 16, row * 16 + 14),
      );
    }
  });
});

describe('another file in the place of an upscaler', () => {
  it('is refused by what it is', async () => {
    await expect(openUpscaler(await write('tiny-sd1/vae_single'))).rejects.toMatchObject({
      code: 'E_MODEL_KIND',
      detail: expect.stringContaining('a VAE'),
    });
  });
});
