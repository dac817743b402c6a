/** The whole model from real files: layouts, formats, batches, sizes. */
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiffusionModel } from '../../service/engine/diffusion.ts';
import { openDiffusionModel } from '../../service/engine/networks.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import { sizeOfShape, tensor, type Tensor } from '../../service/engine/tensor.ts';
import { openCheckpoint } from '../../service/engine/weights/openCheckpoint.ts';
import { openTaesd } from '../../service/engine/weights/openTaesd.ts';
import type { OpenedCheckpoint } from '../../service/engine/weights/types.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeDiffusersFolder, writeModel } from '../fixtures/writeModel.ts';
import { relativeError, wave } from './graph/syntheticNetwork.ts';

const folder = temporaryFolder();
const cacheFolder = join(folder, 'cache');
const device = chooseDevice('cpu');
const seed = 1;

const opened: DiffusionModel[] = [];
afterAll(async () => {
  for (const model of opened) await model.dispose();
});

async function open(
  checkpoint: OpenedCheckpoint,
  extra: Partial<Parameters<typeof openDiffusionModel>[1]> = {},
): Promise<DiffusionModel> {
  const options = { device, cacheFolder, oddSizes: 'webui' as const, ...extra };
  const model = await openDiffusionModel(checkpoint, options);
  opened.push(model);
  return model;
}

const single = (path: string): Promise<OpenedCheckpoint> =>
  openCheckpoint({ path, layout: 'single' } as Parameters<typeof openCheckpoint>[0]);

let whole: string;
let half: string;
let model: DiffusionModel;
beforeAll(async () => {
  const manifest = manifestPath('tiny/tiny-sd1/single.json');
  whole = await writeModel({ manifest, out: join(folder, 'f32.safetensors'), seed, dtype: 'F32' });
  half = await writeModel({ manifest, out: join(folder, 'f16.safetensors'), seed, dtype: 'F16' });
  model = await open(await single(whole));
});

const waves = (shape: readonly number[]): Tensor => tensor(wave(sizeOfShape(shape)), shape);
const latents = waves([1, 4, 8, 8]);
const context = waves([1, 77, 64]);
const step = Float32Array.of(501);
const ids = Int32Array.from({ length: 77 }, (_, i) =>
  i === 0 ? 49_406 : i < 6 ? 320 + i : 49_407,
);

describe('facts', () => {
  it('say what the pipeline must know', () => {
    const { alphasCumprod, ...facts } = model.facts;
    expect(facts).toEqual({
      family: 'sd1',
      prediction: 'epsilon',
      betas: { start: 0.00085, end: 0.012, zeroTerminalSnr: false },
      inChannels: 4,
      scalingFactor: 0.18215,
      contextWidth: 64,
      padId: 49_407,
      downscale: 8,
      nativeSide: 512,
    });
    // The first and last sigma of Stable Diffusion 1: sqrt((1 - a) / a).
    const sigmas = [0, 999].map((t) => Math.sqrt((1 - alphasCumprod[t]) / alphasCumprod[t]));
    expect(sigmas[0]).toBeCloseTo(0.0292, 4);
    expect(sigmas[1]).toBeCloseTo(14.6146, 3);
    expect(alphasCumprod).toHaveLength(1000);
  });

  it('keep the last sigma finite where the schedule ends in pure noise', async () => {
    const checkpoint = { ...(await single(whole)), zeroTerminalSnr: true };
    const { alphasCumprod } = (await open(checkpoint)).facts;
    expect(alphasCumprod[999]).toBeGreaterThan(0);
    expect(alphasCumprod[999]).toBeLessThan(1e-6);
    expect(alphasCumprod[0]).toBeCloseTo(0.99915, 5);
  });
});

describe('the same weights', () => {
  it.each(['float16 file', 'diffusers folder'])('give the same answers from a %s', async (kind) => {
    const checkpoint =
      kind === 'float16 file'
        ? await single(half)
        : await openCheckpoint({
            path: await writeDiffusersFolder({
              manifest: manifestPath('tiny/tiny-sd1'),
              out: join(folder, 'diffusers'),
              seed,
              dtype: 'F32',
            }),
            layout: 'diffusers',
          } as Parameters<typeof openCheckpoint>[0]);
    const other = await open(checkpoint);
    expect(await other.predict(latents, step, context)).toEqual(
      await model.predict(latents, step, context),
    );
    expect(await other.encodeText([ids], 1)).toEqual(await model.encodeText([ids], 1));
    expect(await other.decode(latents)).toEqual(await model.decode(latents));
  });
});

describe('predict', () => {
  it('answers each item of a batch as if it were alone', async () => {
    const batch = waves([2, 4, 8, 8]);
    const texts = waves([2, 77, 64]);
    const both = await model.predict(batch, Float32Array.of(900, 3.5), texts);
    expect(both.shape).toEqual([2, 4, 8, 8]);
    const second = await model.predict(
      tensor(batch.data.subarray(256), [1, 4, 8, 8]),
      Float32Array.of(3.5),
      tensor(texts.data.subarray(77 * 64), [1, 77, 64]),
    );
    expect(both.data.subarray(256)).toEqual(second.data);
  });

  it('takes any size and any length of context', async () => {
    const { shape } = await model.predict(waves([1, 4, 9, 13]), step, waves([1, 154, 64]));
    expect(shape).toEqual([1, 4, 9, 13]);
  });
});

describe('encodeText', () => {
  it('leaves layers out by clip skip, and never the last one', async () => {
    const all = await model.encodeText([ids, ids], 1);
    const fewer = await model.encodeText([ids], 2);
    const least = await model.encodeText([ids], 3);
    const beyond = await model.encodeText([ids], 12);
    expect(all.shape).toEqual([2, 77, 64]);
    expect(relativeError(fewer.data, all.data.subarray(0, 77 * 64))).toBeGreaterThan(0.01);
    expect(beyond.data).toEqual(least.data);
  });
});

describe('encode and decode', () => {
  it('join the items of a batch', async () => {
    const { mean, logVariance } = await model.encode(waves([2, 3, 16, 24]));
    expect(mean.shape).toEqual([2, 4, 2, 3]);
    expect(logVariance.data.every((value) => value >= -30 && value <= 20)).toBe(true);
    expect((await model.decode(mean)).shape).toEqual([2, 3, 16, 24]);
  });
});

describe('preview', () => {
  it('is a pixel for each latent without a tiny autoencoder', async () => {
    const { data, shape } = await model.preview(tensor(new Float32Array(4 * 6), [1, 4, 2, 3]));
    expect(shape).toEqual([1, 3, 2, 3]);
    expect([...data]).toEqual(Array(18).fill(0.5));
  });

  it('is a whole picture with one', async () => {
    const manifest = manifestPath('tiny/tiny-taesd/taesd_decoder.json');
    const out = join(folder, 'taesd.safetensors');
    const taesd = await openTaesd(await writeModel({ manifest, out, seed, dtype: 'F16' }));
    const { data, shape } = await (await open(await single(whole), { taesd })).preview(latents);
    expect(shape).toEqual([1, 3, 64, 64]);
    expect(data.every((value) => value >= 0 && value <= 1)).toBe(true);
  });
});

describe('a model file that changes', () => {
  it('is noticed before anything is read from it again', async () => {
    const manifest = manifestPath('tiny/tiny-sd1/single.json');
    const out = join(folder, 'changing.safetensors');
    const path = await writeModel({ manifest, out, seed, dtype: 'F32' });
    const stages: string[] = [];
    const changing = await open(await single(path), { onStage: (name) => stages.push(name) });
    await changing.predict(latents, step, context);
    expect(stages).toEqual(['loading the UNet']);
    utimesSync(path, new Date(0), new Date(0));
    await expect(changing.encodeText([ids], 1)).rejects.toMatchObject({ code: 'E_MODEL_CHANGED' });
    // What is loaded already still answers.
    await changing.predict(latents, step, context);
  });
});
