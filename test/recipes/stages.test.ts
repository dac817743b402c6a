/** Hires fix, refiner and enlarging in AUTOMATIC1111's text, there and back. */
import { describe, expect, it } from 'vitest';
import type { ModelInfo } from '../../shared/api.ts';
import { parametersText, type Recipe } from '../../shared/recipe.ts';
import type { TextRequest, UpscaleRequest } from '../../shared/request.ts';
import type { HiresFix } from '../../shared/stages.ts';
import { readRecipe } from '../../service/recipes/readRecipe.ts';
import { withLibraryModels } from '../../service/recipes/libraryModels.ts';
import { text } from '../engine/jobs.ts';

function read(words: string) {
  const bytes = new TextEncoder().encode(words);
  return readRecipe({
    sizeBytes: bytes.length,
    read: (from, length) => Promise.resolve(bytes.subarray(from, from + length)),
  });
}

const size = { width: 512, height: 768 };

function recipeOf(request: Recipe['request'], more: Partial<Recipe> = {}): Recipe {
  return {
    version: 1,
    made: 'pentimento 0.1.0',
    request,
    index: 0,
    seed: 5,
    context: { x: 0, y: 0, ...size },
    workingSize: size,
    ...more,
  };
}

const withStages = (more: Partial<TextRequest>) => recipeOf(text(size, more));

const full: HiresFix = {
  scale: 1.75,
  upscaler: 'latent-bicubic-antialiased',
  steps: 12,
  strength: 0.55,
  sampler: 'Heun',
  schedule: 'Exponential',
  cfgScale: 5.5,
  prompt: 'a boat, "sails": (red:1.2)',
  negativePrompt: 'rain, fog',
};

describe('hires fix', () => {
  it('comes back from its text as it was', async () => {
    const written = parametersText(withStages({ hires: full }));
    expect(written).toContain('Denoising strength: 0.55');
    expect(written).toContain('Hires upscaler: Latent (bicubic antialiased)');
    const { settings, notUsed } = await read(written);
    expect(settings.hires).toEqual(full);
    expect(settings.strength).toBeUndefined();
    expect(notUsed).toEqual([]);
  });

  it('is read with what its absence of words means', async () => {
    const { settings } = await read(
      'p\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x512, Denoising strength: 0.7, RNG: CPU, Hires resize: 0x1024, Version: v1.10.1',
    );
    const asked = { size: { width: 0, height: 1024 }, upscaler: 'latent', steps: 0, strength: 0.7 };
    expect(settings.hires).toEqual(asked);
  });

  it('has its network found in the library, under the page’s name for it too', async () => {
    const line = (title: string) =>
      `p\nSteps: 20, Sampler: Euler, Seed: 1, Size: 512x512, Denoising strength: 0.5, Hires upscale: 2, Hires upscaler: ${title}, Version: v1.10.1`;
    const models = [model('RealESRGAN_x4plus', 'upscaler'), model('4x-UltraSharp', 'upscaler')];
    const upscalerOf = async (title: string) => {
      const { settings, notUsed } = withLibraryModels(await read(line(title)), models);
      return [settings.hires?.upscaler, notUsed.length];
    };
    expect(await upscalerOf('R-ESRGAN 4x+')).toEqual(['id-RealESRGAN_x4plus', 0]);
    expect(await upscalerOf('4x-UltraSharp')).toEqual(['id-4x-UltraSharp', 0]);
    expect(await upscalerOf('4x_Foolhardy')).toEqual(['lanczos', 1]);
    expect(await upscalerOf('Lanczos')).toEqual(['lanczos', 0]);
  });

  it('is left out with a reason where it is out of range', async () => {
    const { settings, notUsed } = await read(
      'p\nSteps: 20, Sampler: Euler, Seed: 1, Denoising strength: 0.5, Hires upscale: 9, Hires upscaler: Latent, Hires checkpoint: other, Version: v1.10.1',
    );
    expect(settings.hires).toBeUndefined();
    expect(notUsed.map(({ name }) => name)).toEqual(['Hires upscale', 'Hires checkpoint']);
  });
});

function model(name: string, kind: ModelInfo['kind'], hash?: string): ModelInfo {
  return {
    id: `id-${name}`,
    name,
    kind,
    family: 'sdxl-refiner',
    variant: 'base',
    prediction: 'epsilon',
    sizeBytes: 1,
    ...(hash === undefined ? {} : { hash }),
    usable: true,
  };
}

describe('a refiner', () => {
  const reference = { id: 'r', name: 'sd_xl_refiner_1.0', family: 'sdxl-refiner' };
  const refiner = { model: 'r', switchAt: 0.8 };

  it('comes back from its text as it was, by hash and by name', async () => {
    const hash = '7440042bbd';
    const recipe = { ...withStages({ refiner }), refiner: { ...reference, hash } };
    const written = parametersText(recipe);
    expect(written).toContain('Refiner: sd_xl_refiner_1.0 [7440042bbd], Refiner switch at: 0.8');
    const found = await read(written);
    expect(found.settings.refiner?.switchAt).toBe(0.8);
    const byHash = withLibraryModels(found, [model('renamed', 'checkpoint', hash)]);
    expect(byHash.settings.refiner).toEqual({ model: 'id-renamed', switchAt: 0.8 });
    const byName = withLibraryModels(found, [model(reference.name, 'checkpoint')]);
    expect(byName.settings.refiner?.model).toBe(`id-${reference.name}`);
    const none = withLibraryModels(found, []);
    expect(none.settings.refiner).toBeUndefined();
    expect(none.notUsed.map(({ name }) => name)).toContain('Refiner');
  });

  it('of old versions takes over by steps', async () => {
    const line = (version: string) =>
      `p\nSteps: 20, Sampler: Euler, Seed: 1, Refiner: x, Refiner switch at: 0.7, Version: ${version}`;
    expect((await read(line('v1.7.0'))).settings.refiner).toEqual({
      model: 'x',
      switchAt: 0.7,
      switchBy: 'steps',
    });
    expect((await read(line('v1.10.1'))).settings.refiner).toEqual({ model: 'x', switchAt: 0.7 });
  });
});

describe('an enlarged picture', () => {
  it('is told as AUTOMATIC1111’s tab "Extras" does', () => {
    const { document, region } = text(size);
    const request: UpscaleRequest = {
      kind: 'upscale',
      document,
      region,
      seed: 0,
      count: 1,
      upscaler: 'net',
      scale: 2,
      second: { upscaler: 'lanczos', visibility: 0.4 },
      dialect: 'a1111',
    };
    expect(parametersText(recipeOf(request, { upscalers: ['4x-UltraSharp'] }))).toBe(
      'Postprocess upscale by: 2, Postprocess upscaler: 4x-UltraSharp, Postprocess upscaler 2: Lanczos, Version: pentimento 0.1.0',
    );
  });
});
