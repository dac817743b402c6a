/** Runs in stages as a job makes them, against pictures that AUTOMATIC1111 made (the reference cases' own). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { DiffusionModel } from '../../service/engine/diffusion.ts';
import { openDiffusionModel } from '../../service/engine/networks.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { clipTokenizer } from '../../service/engine/prompt/tokenizer.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import { openCheckpoint } from '../../service/engine/weights/openCheckpoint.ts';
import type { HiresFix } from '../../shared/stages.ts';
import { image, result, text } from '../engine/jobs.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';

const folder = temporaryFolder();
const cases = join(import.meta.dirname, '../reference/cases/pipeline');
const opened: DiffusionModel[] = [];
afterAll(async () => {
  for (const model of opened) await model.dispose();
});

/** The cases' tiny model, told their own ids for their two texts. */
async function caseModel(seed: number): Promise<DiffusionModel> {
  const out = join(folder, `${seed}.safetensors`);
  const manifest = manifestPath('tiny/tiny-sd1/single.json');
  await writeModel({ manifest, out, seed, dtype: 'F32' });
  const reference = { id: 'tiny', name: 'tiny', family: 'sd1' };
  const checkpoint = await openCheckpoint({ reference, layout: 'single', path: out });
  const model = await openDiffusionModel(checkpoint, {
    device: chooseDevice('cpu'),
    cacheFolder: folder,
    oddSizes: 'webui',
  });
  opened.push(model);
  const told = new Map(Object.entries(texts).map(([words, [ids]]) => [firstWords(words), ids]));
  return {
    ...model,
    encodeText: (rows, clipSkip) =>
      model.encodeText(
        rows.map((row) => {
          const ids = told.get(row.slice(1, 4).join(' ')) ?? expect.fail('An unknown text');
          return Int32Array.from({ length: 77 }, (_, i) => ids[i] ?? 49_407);
        }),
        clipSkip,
      ),
  };
}

const [prompt, negativePrompt] = ['a red barn near the lake', 'blurry, dark'];
const texts: Readonly<Record<string, readonly number[][]>> = JSON.parse(
  readFileSync(join(cases, 'a1111-hires.json'), 'utf8'),
).input.texts;

function firstWords(words: string): string {
  return clipTokenizer('webui').encode(words).slice(0, 3).join(' ');
}

async function differenceFrom(name: string, data: ArrayLike<number>): Promise<number> {
  const { raster } = await decodePicture(join(cases, `${name}.out0.png`));
  expect(data.length).toBe(raster.data.length);
  return Array.from(raster.data).reduce((most, v, i) => Math.max(most, Math.abs(v - data[i])), 0);
}

const size = { width: 64, height: 64 };
const common = {
  prompt,
  negativePrompt,
  schedule: 'automatic',
  cfgScale: 7,
  dialect: 'a1111',
  workingSize: size,
} as const;

it.each<[string, number, string, HiresFix]>([
  ['a1111-hires', 49, 'DPM++ 2M', { scale: 2, upscaler: 'latent', steps: 0, strength: 0.6 }],
  [
    'a1111-hires-second-steps',
    50,
    'Euler a',
    { scale: 2, upscaler: 'latent-bicubic-antialiased', steps: 3, strength: 0.5 },
  ],
])('%s', async (name, seed, sampler, hires) => {
  const request = text({ width: 128, height: 128 }, { ...common, seed, sampler, steps: 4, hires });
  const { color } = await result(request, { model: await caseModel(11) });
  expect(await differenceFrom(name, color.data)).toBeLessThanOrEqual(1);
});

it.each([
  ['a1111-refiner', 56, 'Euler', { steps: 8, refiner: { model: 'x', switchAt: 0.6 } }],
  [
    'a1111-refiner-by-steps',
    57,
    'Heun',
    { steps: 5, refiner: { model: 'x', switchAt: 0.5, switchBy: 'steps' as const } },
  ],
])('%s', async (name, seed, sampler, more) => {
  const { raster } = await decodePicture(join(cases, 'in-64-64-1.png'));
  const refiner = await caseModel(12);
  const request = image(size, { ...common, seed, sampler, strength: 0.9, ...more });
  const { color } = await result(request, {
    model: await caseModel(11),
    picture: raster,
    tools: { openRefiner: () => Promise.resolve(refiner) },
  });
  expect(await differenceFrom(name, color.data)).toBeLessThanOrEqual(1);
});
