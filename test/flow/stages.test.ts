/** Refiner, hires fix and enlarging through the real service, with real (tiny) networks. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planeNamed } from '../../shared/frame.ts';
import { parametersText } from '../../shared/recipe.ts';
import { GenerateRequest, type TextRequest, type UpscaleRequest } from '../../shared/request.ts';
import { frameOf } from '../fakes/testService.ts';
import { buildService } from '../fixtures/builtProgram.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import {
  colorsOf,
  fetchFrame,
  regionPlanes,
  runToEnd,
  startReal,
  tinyInpaint,
  type RealService,
} from './realService.ts';

const folder = temporaryFolder();
const models = join(folder, 'models');
let service: RealService;

beforeAll(async () => {
  buildService();
  mkdirSync(models);
  const write = (name: string, manifest: string, dtype: 'F16' | 'F32' = 'F16') =>
    writeModel({
      manifest: manifestPath(manifest),
      out: join(models, `${name}.safetensors`),
      seed: 3,
      dtype,
    });
  for (const name of ['tiny-sd1', 'tiny-sdxl', 'tiny-refiner']) {
    await write(name, `tiny/${name}/single.json`);
  }
  await write('tiny-esrgan', 'tiny/tiny-esrgan-x2.json', 'F32');
  service = await startReal(join(folder, 'data'), '--models', models);
});
afterAll(() => service.stop());

const small = { width: 64, height: 64 };

function tinyText(model: string, more: Partial<TextRequest> = {}): TextRequest {
  const { document, prompt, negativePrompt, sampler, schedule } = tinyInpaint(model);
  return {
    kind: 'text',
    document,
    region: { x: 0, y: 0, ...small },
    model,
    prompt,
    negativePrompt,
    sampler,
    schedule,
    steps: 4,
    cfgScale: 4,
    clipSkip: 1,
    dialect: 'pentimento',
    workingSize: small,
    seed: 5,
    count: 1,
    ...more,
  };
}

const picture = () => regionPlanes().filter(({ name }) => name === 'picture');

function upscale(more: Partial<UpscaleRequest> = {}): UpscaleRequest {
  const { document, region } = tinyInpaint('');
  const own = { upscaler: 'tiny-esrgan', scale: 2, dialect: 'pentimento' } as const;
  return { kind: 'upscale', document, region, seed: 0, count: 1, ...own, ...more };
}

async function problemOf(request: unknown, planes = picture()): Promise<string> {
  const answer = await service.api.send('POST', '/v1/jobs', { body: frameOf(request, planes) });
  expect(answer.status).toBeGreaterThanOrEqual(400);
  return `${answer.json().code}: ${JSON.stringify(answer.json())}`;
}

describe('a refiner', () => {
  const refiner = { model: 'tiny-refiner', switchAt: 0.5 };

  it('changes the picture, the same way each time and from its recipe', async () => {
    const request = tinyText('tiny-sdxl', { refiner, count: 2 });
    const first = await runToEnd(service, request);
    const again = await runToEnd(service, request);
    const colors = await colorsOf(service, first);
    expect(colors).toHaveLength(2);
    expect(await colorsOf(service, again)).toEqual(colors);
    const alone = await runToEnd(service, tinyText('tiny-sdxl'));
    expect(await colorsOf(service, alone)).not.toEqual(colors.slice(0, 1));
    const { recipe } = first.results[1];
    expect(recipe.refiner).toMatchObject({ name: 'tiny-refiner', family: 'sdxl-refiner' });
    expect(parametersText(recipe)).toContain('Refiner: tiny-refiner');
    const repeated = { ...GenerateRequest.parse(recipe.request), seed: recipe.seed, count: 1 };
    expect(await colorsOf(service, await runToEnd(service, repeated))).toEqual(colors.slice(1));
  });

  it('gives the same picture where one network is loaded at a time', async () => {
    const request = tinyText('tiny-sdxl', { refiner });
    const colors = await colorsOf(service, await runToEnd(service, request));
    const low = await startReal(join(folder, 'low'), '--models', models, '--low-memory');
    try {
      expect(await colorsOf(low, await runToEnd(low, request))).toEqual(colors);
    } finally {
      await low.stop();
    }
  });

  it('of another family, or that is not there, is refused at once', async () => {
    const other = tinyText('tiny-sdxl', { refiner: { ...refiner, model: 'tiny-sd1' } });
    expect(await problemOf(other, [])).toMatch(/E_MODEL_FAMILY: .*tiny-sd1.*SDXL/);
    const missing = tinyText('tiny-sdxl', { refiner: { ...refiner, model: 'nowhere' } });
    expect(await problemOf(missing, [])).toMatch(/E_MODEL_UNKNOWN/);
    const late = { ...other, refiner: { ...refiner, switchAt: 1.5 } };
    expect(await problemOf(late, [])).toMatch(/E_PARAM: .*switchAt/);
  });
});

describe('hires fix', () => {
  it.each(['latent', 'lanczos', 'tiny-esrgan'])('by %s is the same each time', async (upscaler) => {
    const hires = { scale: 2, upscaler, steps: 2, strength: 0.6 };
    const large = { x: 0, y: 0, width: 128, height: 128 };
    const request = tinyText('tiny-sd1', { hires, region: large });
    const first = await runToEnd(service, {
      ...request,
      document: { ...request.document, ...size(large) },
    });
    const [colors] = await colorsOf(service, first);
    expect(colors).toHaveLength(128 * 128 * 3);
    const again = await runToEnd(service, GenerateRequest.parse(first.results[0].recipe.request));
    expect(await colorsOf(service, again)).toEqual([colors]);
  });

  it('that makes no sense is refused at once', async () => {
    const hires = { scale: 2, upscaler: 'latent', steps: 2, strength: 0.6 };
    const asked = (change: object) => ({ ...tinyText('tiny-sd1'), hires: { ...hires, ...change } });
    expect(await problemOf(asked({ scale: 0 }), [])).toMatch(/E_PARAM/);
    expect(await problemOf(asked({ size: { width: 64, height: 64 } }), [])).toMatch(/E_PARAM/);
    expect(await problemOf(asked({ upscaler: 'tiny-sd1' }), [])).toMatch(/E_MODEL_KIND.*upscaler/);
    expect(await problemOf(asked({ sampler: 'Oiler' }), [])).toMatch(/E_SAMPLER_UNKNOWN/);
    const tall = asked({ scale: undefined, size: { width: 4000, height: 0 } });
    expect(await problemOf({ ...tall, workingSize: { width: 64, height: 512 } }, [])).toMatch(
      /E_PARAM: .*4000 x 32000/,
    );
  });
});

function size({ width, height }: { width: number; height: number }) {
  return { width, height };
}

describe('enlarging', () => {
  it('by a network in tiles is the same each time', async () => {
    const request = upscale({ tilePx: 40, overlapPx: 16 });
    const first = await runToEnd(service, request);
    const frame = await fetchFrame(service, first.results[0].id);
    expect(planeNamed(frame, 'color')).toMatchObject({ width: 144, height: 128, channels: 3 });
    expect(first.results[0].recipe.upscalers).toEqual(['tiny-esrgan']);
    expect(first.results[0].bounds).toEqual({ x: 16, y: 8, width: 144, height: 128 });
    expect(await colorsOf(service, await runToEnd(service, request))).toEqual(
      await colorsOf(service, first),
    );
    const whole = await colorsOf(service, await runToEnd(service, upscale({ tilePx: 0 })));
    const [tiled] = await colorsOf(service, first);
    const most = tiled.reduce((sum, v, i) => Math.max(sum, Math.abs(v - whole[0][i])), 0);
    expect(most).toBeLessThan(40);
  });

  it('needs no network for Lanczos, and has no model', async () => {
    const { results } = await runToEnd(service, upscale({ upscaler: 'lanczos', scale: 1.5 }));
    expect(results[0].bounds).toMatchObject({ width: 108, height: 96 });
    expect(results[0].recipe.model).toBeUndefined();
  });

  it('that makes no sense is refused at once', async () => {
    for (const scale of [0, 0.5, 9, 100]) {
      expect(await problemOf(upscale({ scale }))).toMatch(/E_PARAM/);
    }
    expect(await problemOf({ ...upscale(), scale: null })).toMatch(/E_PARAM/);
    expect(await problemOf(upscale({ upscaler: 'nowhere' }))).toMatch(/E_MODEL_UNKNOWN/);
    expect(await problemOf(upscale({ upscaler: 'tiny-sdxl' }))).toMatch(/E_MODEL_KIND.*upscaler/);
    expect(await problemOf(upscale({ tilePx: 64, overlapPx: 60 }))).toMatch(/E_PARAM/);
    expect(await problemOf(upscale({ tilePx: 8 }))).toMatch(/E_PARAM.*tilePx/);
    expect(await problemOf(upscale(), [])).toMatch(/E_FRAME/);
    const long = { x: 0, y: 0, width: 1, height: 20_000 };
    expect(await problemOf(upscale({ region: long }))).toMatch(/E_IMAGE_TOO_SMALL/);
    const large = { x: 0, y: 0, width: 6000, height: 6000 };
    expect(await problemOf(upscale({ region: large }))).toMatch(/E_TOO_LARGE|E_FRAME/);
  });
});
