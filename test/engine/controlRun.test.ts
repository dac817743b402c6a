/** Runs with real ControlNets: what they look at, and what it changes. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlUnit } from '../../shared/control.ts';
import { parametersText } from '../../shared/recipe.ts';
import type { GenerateRequest } from '../../shared/request.ts';
import { makeControlCache, type ControlCache } from '../../service/engine/controlCache.ts';
import { makeModelCache, type ModelCache } from '../../service/engine/modelCache.ts';
import type { ControlNet } from '../../service/engine/networks/controlNet.ts';
import type { Raster } from '../../service/engine/picture/raster.ts';
import { runJob, type JobTools } from '../../service/engine/runJob.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import type { Tensor } from '../../service/engine/tensor.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { arithmeticModel } from './arithmeticModel.ts';
import { image, inpaint, picture, selection, text } from './jobs.ts';

const folder = temporaryFolder();
const model = join(folder, 'model.safetensors');
const lines = { name: 'lines', path: join(folder, 'lines.safetensors') };
const large = { name: 'large', path: join(folder, 'large.safetensors') };
const size = { width: 64, height: 64 };
const photo = picture(size);
const box = { x: 16, y: 24, width: 24, height: 16 };
const mask = selection(size, box);

let models: ModelCache;
let controls: ControlCache;
beforeAll(async () => {
  const write = (manifest: string, out: string) =>
    writeModel({ manifest: manifestPath(`tiny/${manifest}`), out, seed: 1, dtype: 'F32' });
  await write('tiny-sd1/single.json', model);
  await write('tiny-controlnet/controlnet.json', lines.path);
  await write('tiny-controlnet-sdxl/controlnet.json', large.path);
  const options = { device: chooseDevice('cpu'), cacheFolder: join(folder, 'cache') };
  models = makeModelCache(options);
  controls = makeControlCache(options);
});
afterAll(async () => {
  await models.close();
  await controls.close();
});

const plain: ControlUnit = {
  model: 'lines',
  weight: 1,
  start: 0,
  end: 1,
  mode: 'balanced',
  fit: 'crop',
  source: 'picture',
};

interface Given {
  readonly controlPictures?: readonly Raster[];
  readonly tools?: Partial<JobTools>;
}

async function made(request: GenerateRequest, { controlPictures = [], tools = {} }: Given = {}) {
  const files = { reference: { id: 'm', name: 'm', family: 'sd1' }, layout: 'single', path: model };
  const job = {
    request,
    picture: request.kind === 'text' ? undefined : photo,
    mask: request.kind === 'inpaint' ? mask : undefined,
    controls: ['lines'],
    controlPictures,
    inputSha256: 'a'.repeat(64),
    model: files.reference,
  };
  const how: JobTools = {
    signal: new AbortController().signal,
    preview: false,
    nowMs: () => 0,
    openModel: (oddSizes, onStage) =>
      models.open({ ...files, layout: 'single' }, { oddSizes, loras: [] }, onStage),
    openControls: (family, onStage) => controls.open([lines], family, onStage),
    onStage: () => undefined,
    ...tools,
  };
  for await (const progress of runJob(job, how)) if (progress.type === 'result') return progress;
  throw new Error('Expected a result');
}

/** What the units' networks were shown, instead of being run. */
async function shown(request: GenerateRequest, controlPictures: readonly Raster[] = []) {
  const hints: Tensor[] = [];
  const net: ControlNet = {
    async residuals({ hint, latents }) {
      hints.push(hint);
      const [, , height, width] = latents.shape;
      const empty = { data: new Float32Array(height * width), shape: [1, 1, height, width] };
      return { down: [empty], mid: empty };
    },
    dispose: () => Promise.resolve(),
  };
  const tools: Partial<JobTools> = {
    openModel: () => Promise.resolve(arithmeticModel()),
    openControls: () => Promise.resolve([net]),
  };
  await made(request, { controlPictures, tools });
  const [hint] = hints;
  if (!hint) throw new Error('Expected a hint');
  return { ...hint, at: (c: number, x: number, y: number) => hint.data[(c * 64 + y) * 64 + x] };
}

const steps = { steps: 2, workingSize: size };
const alone = { ...steps, controls: [plain] };

describe('a run with a ControlNet', () => {
  it('makes another picture, the same every time, and the same as without at weight 0', async () => {
    const without = await made(image(size, steps));
    const once = await made(image(size, alone));
    const again = await made(image(size, alone));
    const silent = await made(image(size, { ...steps, controls: [{ ...plain, weight: 0 }] }));
    expect(again.color.data).toEqual(once.color.data);
    expect(once.color.data).not.toEqual(without.color.data);
    expect(silent.color.data).toEqual(without.color.data);
    const late = { ...plain, start: 1 };
    expect((await made(image(size, { ...steps, controls: [late] }))).color.data).toEqual(
      without.color.data,
    );
  });

  it('is told by its recipe as AUTOMATIC1111 writes it', async () => {
    const unit: ControlUnit = {
      ...plain,
      weight: 0.75,
      end: 0.5,
      mode: 'control',
      preprocessor: { name: 'canny', a: 80, b: 160.5 },
    };
    const { recipe } = await made(image(size, { ...steps, controls: [unit] }));
    expect(recipe.request).toMatchObject({ controls: [unit] });
    expect(parametersText(recipe)).toContain(
      'ControlNet 0: "Module: canny, Model: lines, Weight: 0.75, Resize Mode: Crop and Resize, ' +
        'Threshold A: 80.0, Threshold B: 160.5, Guidance Start: 0.0, Guidance End: 0.5, ' +
        'Pixel Perfect: True, Control Mode: ControlNet is more important", Version',
    );
  });

  it('looks at the picture itself, in 0..1', async () => {
    const hint = await shown(image(size, alone));
    expect(hint.shape).toEqual([1, 3, 64, 64]);
    for (const [c, x, y] of [
      [0, 5, 7],
      [1, 60, 3],
      [2, 33, 40],
    ] as const) {
      expect(hint.at(c, x, y)).toBeCloseTo(photo.data[(y * 64 + x) * 3 + c] / 255, 6);
    }
  });

  it('looks at the mask, white where it is selected', async () => {
    const hint = await shown(
      inpaint(size, { ...alone, area: 'whole', controls: [{ ...plain, source: 'mask' }] }),
    );
    expect([hint.at(0, 20, 30), hint.at(2, 20, 30), hint.at(1, 50, 10)]).toEqual([1, 1, 0]);
  });

  it('looks at a plane of another size, brought over the region as asked', async () => {
    const wide: Raster = {
      width: 128,
      height: 64,
      channels: 3,
      depth: 8,
      data: Uint8Array.from({ length: 128 * 64 * 3 }, (_, i) => (Math.floor(i / 3) % 128) * 2),
    };
    const seen = async (fit: ControlUnit['fit']) => {
      const unit: ControlUnit = { ...plain, source: 'plane', fit };
      const { at } = await shown(text(size, { ...steps, controls: [unit] }), [wide]);
      return [at(0, 0, 32), at(0, 63, 32)].map((v) => Math.round(v * 255));
    };
    expect(await seen('stretch')).toEqual([1, 253]);
    expect(await seen('crop')).toEqual([64, 190]);
  });

  it('is shown -1 where an inpainting ControlNet is to paint', async () => {
    const unit: ControlUnit = { ...plain, preprocessor: { name: 'inpaint' } };
    const hint = await shown(inpaint(size, { ...steps, area: 'whole', controls: [unit] }));
    expect([hint.at(0, 20, 30), hint.at(1, 20, 30)]).toEqual([-1, -1]);
    expect(hint.at(1, 50, 10)).toBeCloseTo(photo.data[(10 * 64 + 50) * 3 + 1] / 255, 6);
  });

  it('is refused where it is for another family, by the names of both', async () => {
    const openControls: JobTools['openControls'] = (family, onStage) =>
      controls.open([large], family, onStage);
    await expect(made(image(size, alone), { tools: { openControls } })).rejects.toMatchObject({
      code: 'E_MODEL_FAMILY',
      detail:
        'The ControlNet "large" is for an SDXL model; this model is a Stable Diffusion 1 model.',
    });
  });

  it('is refused without its picture', async () => {
    const unit: ControlUnit = { ...plain, source: 'plane' };
    const request = image(size, { ...steps, controls: [unit] });
    await expect(made(request)).rejects.toMatchObject({ code: 'E_FRAME' });
  });
});
