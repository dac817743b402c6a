/** The whole model from real files: layouts, formats, batches, sizes. */
import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiffusionModel, TextContext } from '../../service/engine/diffusion.ts';
import { openDiffusionModel } from '../../service/engine/networks.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import { sizeOfShape, tensor, type Tensor } from '../../service/engine/tensor.ts';
import { embeddedTokens } from '../../service/engine/networks/insertedVectors.ts';
import { openCheckpoint } from '../../service/engine/weights/openCheckpoint.ts';
import { openEmbedding } from '../../service/engine/weights/openEmbedding.ts';
import { openTaesd } from '../../service/engine/weights/openTaesd.ts';
import type { OpenedCheckpoint } from '../../service/engine/weights/types.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { safetensorsBytes } from '../fixtures/safetensorsBytes.ts';
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
    const { alphasCumprod, weightBytes, ...facts } = model.facts;
    // All that its file of the same number format holds.
    const share = Number(weightBytes) / statSync(whole).size;
    expect(share).toBeGreaterThan(0.98);
    expect(share).toBeLessThanOrEqual(1);
    expect(facts).toEqual({
      family: 'sd1',
      prediction: 'epsilon',
      betas: { start: 0.00085, end: 0.012, schedule: 'scaled_linear', zeroTerminalSnr: false },
      inChannels: 4,
      scalingFactor: 0.18215,
      contextWidth: 64,
      hasTinyDecoder: false,
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
    const isSame = (found: Tensor, expected: Tensor) => {
      if (kind === 'diffusers folder') return expect(found).toEqual(expected);
      // The copy of the 16-bit file has its kernels in another order: sums round otherwise.
      expect(found.shape).toEqual(expected.shape);
      return expect(relativeError(found.data, expected.data)).toBeLessThan(1e-5);
    };
    isSame(
      await other.predict(latents, step, context),
      await model.predict(latents, step, context),
    );
    isSame(await other.encodeText([ids], 1), await model.encodeText([ids], 1));
    isSame(await other.decode(latents), await model.decode(latents));
  });
});

describe.each([
  { name: 'tiny-sd2v', family: 'sd2', widths: [128], pooled: 0, sizes: undefined },
  { name: 'tiny-sdxl', family: 'sdxl', widths: [64, 128], pooled: 128, sizes: 6 },
  { name: 'tiny-refiner', family: 'sdxl-refiner', widths: [128], pooled: 128, sizes: 5 },
] as const)('$name', ({ name, family, widths, pooled, sizes }) => {
  const contextOf = (batch: number): TextContext => ({
    ...waves([batch, 77, widths.reduce((sum: number, width) => sum + width, 0)]),
    ...(sizes ? { pooled: waves([batch, pooled]), sizes: numbers([batch, sizes]) } : {}),
  });
  const numbers = (shape: readonly number[]): Tensor =>
    tensor(
      wave(sizeOfShape(shape)).map((value) => Math.round(500 + 300 * value)),
      shape,
    );

  it('gives the same answers as one file and as a diffusers folder', async () => {
    const manifest = manifestPath(`tiny/${name}`);
    const out = join(folder, `${name}.safetensors`);
    await writeModel({ manifest: join(manifest, 'single.json'), out, seed, dtype: 'F32' });
    const path = await writeDiffusersFolder({
      manifest,
      out: join(folder, name),
      seed,
      dtype: 'F32',
    });
    const one = await open(await single(out));
    const two = await open(
      await openCheckpoint({ path, layout: 'diffusers' } as Parameters<typeof openCheckpoint>[0]),
    );
    expect(one.facts).toMatchObject({
      family,
      contextWidth: widths.reduce((sum: number, width) => sum + width, 0),
      scalingFactor: family === 'sd2' ? 0.18215 : 0.13025,
    });
    expect(one.facts.sizeNumbers).toBe(sizes);
    expect(one.facts.encoderWidths).toEqual(widths.length > 1 ? widths : undefined);

    const told = contextOf(1);
    expect(await one.predict(latents, step, told)).toEqual(await two.predict(latents, step, told));
    const [text, other] = [await one.encodeText([ids], 1), await two.encodeText([ids], 1)];
    expect(text.shape).toEqual([1, 77, one.facts.contextWidth]);
    expect(other.data).toEqual(text.data);
    // Its matrix lies the other way round, so that sums are made in another order.
    expect(text.pooled === undefined).toBe(sizes === undefined);
    if (text.pooled && other.pooled) {
      expect(text.pooled.shape).toEqual([1, pooled]);
      expect(relativeError(other.pooled.data, text.pooled.data)).toBeLessThan(1e-5);
    }

    // Each item of a batch has its own conditions.
    const both = contextOf(2);
    const answers = await one.predict(waves([2, 4, 8, 8]), Float32Array.of(801, 3), both);
    const second = (all: Tensor): Tensor =>
      tensor(all.data.subarray(all.data.length / 2), [1, ...all.shape.slice(1)]);
    const alone = await one.predict(second(waves([2, 4, 8, 8])), Float32Array.of(3), {
      ...second(both),
      ...(both.pooled && both.sizes
        ? { pooled: second(both.pooled), sizes: second(both.sizes) }
        : {}),
    });
    expect(second(answers).data).toEqual(alone.data);
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

describe('embeddings', () => {
  const vectors = (count: number): Tensor => waves([count, 64]);
  const insert = (position: number, part: Tensor, chunk = 0) => [
    { chunk, position, parts: [part] },
  ];

  it('take the places of tokens, in their chunk alone', async () => {
    const plain = await model.encodeText([ids, ids], 1);
    const changed = await model.encodeText([ids, ids], 1, insert(4, vectors(2), 1));
    const half = 77 * 64;
    expect(changed.data.subarray(0, half)).toEqual(plain.data.subarray(0, half));
    const rows = (all: Tensor, from: number, to: number) =>
      all.data.subarray(half + from * 64, half + to * 64);
    // Nothing before them sees them.
    expect(rows(changed, 0, 4)).toEqual(rows(plain, 0, 4));
    expect(relativeError(rows(changed, 4, 6), rows(plain, 4, 6))).toBeGreaterThan(0.01);
  });

  it('give the answer of the ids whose vectors they are', async () => {
    const checkpoint = await single(whole);
    const [encoder] = checkpoint.textEncoders;
    const own = await embeddedTokens(encoder, ids, []);
    const part = tensor(own.data.subarray(2 * 64, 5 * 64), [3, 64]);
    const blank = ids.map((id, i) => (i >= 2 && i < 5 ? 0 : id));
    expect((await model.encodeText([blank], 1, insert(2, part))).data).toEqual(
      (await model.encodeText([ids], 1)).data,
    );
  });

  it('are cut where the chunk ends, and left out when they are for another encoder', async () => {
    const long = await model.encodeText([ids], 1, insert(70, vectors(20)));
    const short = await model.encodeText([ids], 1, insert(70, waves([7, 64])));
    expect(long.data).toEqual(short.data);
    const other = await model.encodeText([ids], 1, insert(3, waves([2, 128])));
    expect(other.data).toEqual((await model.encodeText([ids], 1)).data);
  });

  it('are read in each of their forms', async () => {
    const file = (name: string, tensors: Record<string, readonly number[]>): string => {
      let at = 0;
      const header = Object.fromEntries(
        Object.entries(tensors).map(([key, shape]) => {
          const end = at + 2 * sizeOfShape(shape);
          const row = { dtype: 'F16', shape, data_offsets: [at, end] };
          at = end;
          return [key, row];
        }),
      );
      const path = join(folder, name);
      // 1.5 as binary16, everywhere.
      const data = Buffer.from(new Uint16Array(at / 2).fill(0x3e00).buffer);
      writeFileSync(path, safetensorsBytes(header, { data }));
      return path;
    };
    const one = await openEmbedding(file('one.safetensors', { '<style>': [5] }));
    expect(one).toEqual({
      vectors: 1,
      parts: [{ data: new Float32Array(5).fill(1.5), shape: [1, 5] }],
    });
    const named = await openEmbedding(file('named.safetensors', { emb_params: [3, 5], step: [1] }));
    expect(named.vectors).toBe(3);
    const xl = await openEmbedding(file('xl.safetensors', { clip_g: [2, 6], clip_l: [2, 4] }));
    expect(xl.parts.map(({ shape }) => shape)).toEqual([
      [2, 4],
      [2, 6],
    ]);
    for (const wrong of [
      file('uneven.safetensors', { clip_g: [2, 6], clip_l: [3, 4] }),
      file('many.safetensors', { a: [2, 4], b: [2, 4] }),
      file('deep.safetensors', { a: [2, 4, 4] }),
    ]) {
      await expect(openEmbedding(wrong)).rejects.toMatchObject({ code: 'E_MODEL_KIND' });
    }
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
    const withTiny = await open(await single(whole), { taesd });
    const { data, shape } = await withTiny.preview(latents);
    expect(shape).toEqual([1, 3, 64, 64]);
    expect(data.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(withTiny.facts.hasTinyDecoder).toBe(true);
    const decoded = await withTiny.decodeTiny?.(latents);
    expect(decoded?.data).toEqual(data.map((value) => value * 2 - 1));
    expect(model.decodeTiny).toBeUndefined();
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
