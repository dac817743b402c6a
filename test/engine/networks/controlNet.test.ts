/** ControlNets from real files: both layouts, families, batches, and what the UNet makes of them. */
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { TextContext } from '../../../service/engine/diffusion.ts';
import { openDiffusionModel } from '../../../service/engine/networks.ts';
import { makeControlNet, type ControlNet } from '../../../service/engine/networks/controlNet.ts';
import { sumResiduals } from '../../../service/engine/networks/controlResiduals.ts';
import { abilitiesOf } from '../../../service/engine/networks/deviceAbilities.ts';
import { chooseDevice } from '../../../service/engine/runtime/device.ts';
import { sizeOfShape, tensor, type Tensor } from '../../../service/engine/tensor.ts';
import { openCheckpoint } from '../../../service/engine/weights/openCheckpoint.ts';
import { openControlNet } from '../../../service/engine/weights/openControlNet.ts';
import { manifestPath } from '../../fixtures/manifest.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { writeModel } from '../../fixtures/writeModel.ts';
import { relativeError, wave } from '../graph/syntheticNetwork.ts';

const folder = temporaryFolder();
const device = chooseDevice('cpu');
const options = { device, cacheFolder: join(folder, 'cache') };

const opened: Array<{ dispose(): Promise<void> }> = [];
afterAll(async () => {
  for (const one of opened) await one.dispose();
});

const waves = (shape: readonly number[]): Tensor => tensor(wave(sizeOfShape(shape)), shape);

function write(manifest: string, dtype: 'F32' | 'F16' = 'F32'): Promise<string> {
  const out = join(folder, `${manifest.replaceAll('/', '-')}-${dtype}.safetensors`);
  return writeModel({ manifest: manifestPath(manifest), out, seed: 1, dtype });
}

async function control(path: string): Promise<ControlNet> {
  const abilities = await abilitiesOf(device);
  const one = makeControlNet({ ...options, abilities }, await openControlNet(path));
  opened.push(one);
  return one;
}

describe.each([
  { name: 'tiny-controlnet', model: 'tiny-sd1-inpaint', family: 'sd1', channels: 9, width: 64 },
  { name: 'tiny-controlnet-sdxl', model: 'tiny-sdxl', family: 'sdxl', channels: 4, width: 192 },
])('$name', ({ name, model, family, channels, width }) => {
  const text = (batch: number): TextContext => ({
    ...waves([batch, 77, width]),
    ...(family === 'sdxl'
      ? {
          pooled: waves([batch, 128]),
          sizes: tensor(new Float32Array(batch * 6).fill(64), [batch, 6]),
        }
      : {}),
  });
  const question = (batch: number) => ({
    hint: tensor(
      wave(3 * 64 * 64).map((value) => 0.5 + value / 4),
      [1, 3, 64, 64],
    ),
    latents: waves([batch, channels, 8, 8]),
    timesteps: new Float32Array(batch).fill(601),
    text: text(batch),
  });

  it('adds the same in both layouts, item by item', async () => {
    const whole = await write(`tiny/${name}/controlnet.json`);
    expect((await openControlNet(whole)).family).toBe(family);
    const one = await control(whole);
    const two = await control(await write(`tiny/${name}/single.json`, 'F16'));
    const residuals = await one.residuals(question(1));
    // The copy of the 16-bit file has its kernels in another order: sums round otherwise.
    const others = await two.residuals(question(1));
    const isClose = (found: Tensor, expected: Tensor) => {
      expect(found.shape).toEqual(expected.shape);
      expect(relativeError(found.data, expected.data)).toBeLessThan(1e-5);
    };
    isClose(others.mid, residuals.mid);
    for (const [i, expected] of residuals.down.entries()) isClose(others.down[i], expected);
    expect(residuals.down).toHaveLength(family === 'sd1' ? 12 : 9);
    const both = await one.residuals(question(2));
    expect(both.mid.shape[0]).toBe(2);
    // The first item is the one alone: its inputs are.
    expect(both.down[0].data.subarray(0, residuals.down[0].data.length)).toEqual(
      residuals.down[0].data,
    );
  });

  it('changes what the UNet predicts by its strength, and nothing at strength 0', async () => {
    const path = await write(`tiny/${model}/single.json`);
    const checkpoint = await openCheckpoint({ path, layout: 'single' } as Parameters<
      typeof openCheckpoint
    >[0]);
    const unet = await openDiffusionModel(checkpoint, { ...options, oddSizes: 'diffusers' });
    opened.push(unet);
    const one = await control(await write(`tiny/${name}/controlnet.json`));
    const asked = question(2);
    const residuals = await one.residuals(asked);
    const predict = (strength: number, fading: 'none' | 'logarithmic' = 'none') =>
      unet.predict(
        asked.latents,
        asked.timesteps,
        asked.text,
        sumResiduals([{ residuals, strength, fading }]),
      );
    const plain = await unet.predict(asked.latents, asked.timesteps, asked.text);
    expect((await predict(0)).data).toEqual(plain.data);
    expect(relativeError((await predict(1)).data, plain.data)).toBeGreaterThan(1e-3);
    // Two halves are a whole.
    const half = { residuals, strength: 0.5, fading: 'none' } as const;
    const halves = await unet.predict(
      asked.latents,
      asked.timesteps,
      asked.text,
      sumResiduals([half, half]),
    );
    expect(relativeError(halves.data, (await predict(1)).data)).toBeLessThan(1e-6);
  });

  it('counts least where pictures are largest when it guesses', async () => {
    const one = await control(await write(`tiny/${name}/controlnet.json`));
    const residuals = await one.residuals(question(1));
    const guessed = sumResiduals([{ residuals, strength: 1, fading: 'logarithmic' }]);
    const share = (i: number): number => guessed.down[i].data[5] / residuals.down[i].data[5];
    expect(share(0)).toBeCloseTo(0.1, 5);
    for (let i = 1; i < residuals.down.length; i++) expect(share(i)).toBeGreaterThan(share(i - 1));
    expect(guessed.mid.data).toEqual(residuals.mid.data);
  });

  it('counts less by 0.825 a level, from the middle of Stable Diffusion 1 up, when the prompt matters more', async () => {
    const one = await control(await write(`tiny/${name}/controlnet.json`));
    const residuals = await one.residuals(question(1));
    const soft = sumResiduals([{ residuals, strength: 0.5, fading: 'soft' }]);
    for (const [i, { data }] of soft.down.entries()) {
      expect(data[5] / residuals.down[i].data[5]).toBeCloseTo(0.5 * 0.825 ** (12 - i), 5);
    }
    const levels = residuals.down.length;
    expect(soft.mid.data[5] / residuals.mid.data[5]).toBeCloseTo(0.5 * 0.825 ** (12 - levels), 5);
  });
});

describe('another file in the place of a ControlNet', () => {
  it('is refused by what it is', async () => {
    await expect(openControlNet(await write('tiny/tiny-sd1/single.json'))).rejects.toMatchObject({
      code: 'E_MODEL_KIND',
      detail: expect.stringContaining('a Stable Diffusion 1 model'),
    });
  });
});
