/** Recipes in files of every kind, of every program, whole and damaged. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PentimentoError } from '../../shared/errors.ts';
import { ReadRecipe } from '../../shared/readRecipe.ts';
import { parametersText, Recipe } from '../../shared/recipe.ts';
import type { InpaintRequest } from '../../shared/request.ts';
import { encodePng, encodeTiff } from '../../service/engine/picture/encode.ts';
import { writeDocument } from '../../service/engine/picture/psd/writeDocument.ts';
import type { Raster } from '../../service/engine/picture/raster.ts';
import { recipeXmp } from '../../service/engine/picture/xmp.ts';
import { sourceOfBytes } from '../../service/recipes/containers/byteSource.ts';
import { maxTextBytes } from '../../service/recipes/containers/pictureText.ts';
import { readRecipe, readRecipeFile } from '../../service/recipes/readRecipe.ts';
import { webuiFields } from '../../service/recipes/webuiFields.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import {
  avifWith,
  comment,
  exifData,
  jpegWith,
  pngChunk,
  pngWith,
  textChunk,
  webpWith,
} from './files.ts';
import { processorMs } from '../fixtures/processorMs.ts';

const text =
  'ein Bär — 熊\nNegative prompt: fog\nSteps: 30, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 42, Size: 512x768, Model: dream, Clip skip: 2, Version: v1.10.1';
const plainText = text.replace('ein Bär — 熊', 'a bear');

async function read(bytes: Uint8Array): Promise<ReadRecipe> {
  return ReadRecipe.parse(await readRecipe(sourceOfBytes(bytes)));
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof PentimentoError ? error.code : `not ours: ${String(error)}`;
}

const utf16 = (value: string, order: 'le' | 'be') => {
  const bytes = Buffer.from(value, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
};
const coded = (code: string, body: Uint8Array) =>
  comment(Buffer.concat([Buffer.from(code.padEnd(8, '\0'), 'latin1'), body]));

describe('containers', () => {
  const wanted = { prompt: 'ein Bär — 熊', negativePrompt: 'fog', steps: 30, seed: 42 };
  const plain = { ...wanted, prompt: 'a bear' };

  it.each(['tEXt', 'zTXt', 'iTXt', 'iTXt deflated'] as const)('PNG %s', async (kind) => {
    const isLatin = kind === 'tEXt' || kind === 'zTXt';
    const found = await read(
      await pngWith(textChunk('parameters', isLatin ? plainText : text, kind)),
    );
    expect(found.settings).toMatchObject(isLatin ? plain : wanted);
    expect(found).toMatchObject({ source: 'a1111', program: 'AUTOMATIC1111 v1.10.1' });
  });

  it('PNG tEXt that holds UTF-8 against its standard', async () => {
    const data = Buffer.concat([Buffer.from('parameters\0'), Buffer.from(text)]);
    expect((await read(await pngWith(pngChunk('tEXt', data)))).settings).toMatchObject(wanted);
  });

  it('PNG tEXt in Latin-1', async () => {
    const found = await read(
      await pngWith(textChunk('parameters', text.replace(' — 熊', ''), 'tEXt')),
    );
    expect(found.settings.prompt).toBe('ein Bär');
  });

  it.each([
    ['big endian', utf16(text, 'be')],
    ['little endian', utf16(text, 'le')],
    ['a big endian mark', Buffer.concat([Buffer.from([0xfe, 0xff]), utf16(text, 'be')])],
    ['a little endian mark', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(text, 'le')])],
    ['UTF-8 in its place', Buffer.from(text)],
    ['zeros behind it', Buffer.concat([utf16(text, 'be'), Buffer.alloc(6)])],
  ])('EXIF comment as UNICODE, %s, in both byte orders', async (_, body) => {
    for (const order of ['II', 'MM'] as const) {
      const exif = exifData(order, [coded('UNICODE', body)]);
      for (const file of [await jpegWith(exif), await webpWith(exif), exif]) {
        expect((await read(file)).settings).toMatchObject(wanted);
      }
      expect((await read(await pngWith(pngChunk('eXIf', exif)))).settings).toMatchObject(wanted);
    }
  });

  it('EXIF comment as ASCII, JIS and without a code', async () => {
    const jis = Buffer.from([0x8c, 0x46, ...Buffer.from(`\n${plainText.split('\n').at(-1)}`)]);
    expect(
      (await read(await jpegWith(exifData('MM', [coded('ASCII', Buffer.from(plainText))]))))
        .settings,
    ).toMatchObject(plain);
    expect((await read(await jpegWith(exifData('II', [coded('JIS', jis)])))).settings.prompt).toBe(
      '熊',
    );
    const bare = comment(Buffer.from(plainText));
    expect((await read(await jpegWith(exifData('II', [bare])))).settings).toMatchObject(plain);
  });

  it('AVIF as it is written by libheif', async () => {
    const found = await read(await avifWith(plainText));
    expect(found.settings).toMatchObject(plain);
    expect(found.place).toBe('Exif description');
  });

  it('a text file beside the picture', async () => {
    const path = join(temporaryFolder(), 'picture.txt');
    writeFileSync(path, `\uFEFF${text}`);
    expect((await readRecipeFile(path)).settings).toMatchObject(wanted);
  });
});

const request: InpaintRequest = {
  kind: 'inpaint',
  document: { id: 'd', name: 'n', width: 640, height: 480, depth: 8, mode: 'rgb' },
  region: { x: 0, y: 0, width: 512, height: 480 },
  model: 'dream',
  prompt: 'a boat, "the old one" <lora:x:0.5> \u0001 熊',
  negativePrompt: 'fog: thick',
  sampler: 'Euler a',
  schedule: 'Karras',
  steps: 12,
  cfgScale: 5.5,
  clipSkip: 2,
  dialect: 'a1111',
  samplerOptions: { eta: 0.5, sNoise: 1.01 },
  emphasis: 'no-norm',
  noiseSource: 'nv',
  etaNoiseSeedDelta: 31337,
  variation: { seed: 5, strength: 0.25 },
  advanced: {
    imageCfgScale: 1.25,
    skipNegativeBelowSigma: 0.5,
    skipNegativeEveryCall: true,
    skipNegativeEarly: 0.1,
    contextPadding: 'empty',
    noiseMultiplier: 1.05,
    extraNoise: 0.02,
    sgmNoise: true,
    seedSize: { width: 512, height: 640 },
    sigmaMin: 0.1,
    sigmaMax: 10,
    rho: 5,
    betaAlpha: 0.5,
    betaBeta: 0.7,
    dropPenultimate: true,
    zeroTerminalSnr: true,
    halfAlphas: true,
    maskedPictureWeight: 0.5,
    tinyDecoder: true,
    softInpainting: {
      scheduleBias: 1.5,
      preservationStrength: 0.75,
      transitionContrastBoost: 6,
      maskInfluence: 0.2,
      differenceThreshold: 1,
      differenceContrast: 3,
    },
  },
  seed: 100,
  count: 3,
  featherPx: 6,
  growPx: -2,
  colorMatch: 0.5,
  strength: 0.6,
  maskedContent: 'latent-noise',
  area: 'masked',
  paddingPx: 24,
};
const recipe = Recipe.parse({
  version: 1,
  made: 'pentimento 0.1.0',
  request,
  index: 1,
  seed: 100,
  model: { id: 'dream', name: 'dream', family: 'sd1', hash: '0123456789' },
  sampling: { sampler: 'Euler a', schedule: 'Karras' },
  context: request.region,
  workingSize: { width: 512, height: 480 },
});
const raster: Raster = {
  width: 4,
  height: 3,
  channels: 3,
  depth: 8,
  data: new Uint8Array(36).fill(90),
};

describe('our own recipes', () => {
  const texts = { parameters: parametersText(recipe), xmp: recipeXmp([recipe]) };

  it('come back whole from PNG, TIFF and PSD', async () => {
    const alpha = { width: 4, height: 3, data: new Uint8Array(12).fill(255) };
    const bounds = { x: 0, y: 0, width: 4, height: 3 };
    const layer = {
      body: { bounds, recipe },
      color: { name: 'color', ...raster },
      alpha: { name: 'alpha', channels: 1, depth: 8, ...alpha },
    } as const;
    const files = [
      await encodePng(raster, texts),
      await encodeTiff(raster, texts),
      writeDocument({ name: 'x', raster }, [layer]),
    ];
    for (const file of files) {
      const found = await read(file);
      expect(found.source).toBe('pentimento');
      expect(found.recipes).toEqual([recipe]);
      const { kind: _, document: __, region: ___, count: ____, ...settings } = request;
      expect(found.settings).toEqual({ ...settings, seed: 100 });
    }
  });

  it('say that a ControlNet’s picture is not in them', async () => {
    const unit = { model: 'lines', weight: 1, start: 0, end: 1, mode: 'balanced', fit: 'crop' };
    const guided = Recipe.parse({
      ...recipe,
      request: { ...request, controls: [{ ...unit, source: 'plane' }] },
      controls: ['line art'],
    });
    const found = await read(await encodePng(raster, { ...texts, xmp: recipeXmp([guided]) }));
    expect(found.recipes).toEqual([guided]);
    expect(found.notUsed.map(({ name, value }) => [name, value])).toEqual([
      ['ControlNet', 'line art'],
    ]);
  });

  it('are read from the text alone when an editor dropped the XMP', async () => {
    const found = await read(await encodePng(raster, { parameters: texts.parameters }));
    const { settings } = found;
    expect(found).toMatchObject({ source: 'pentimento', program: 'pentimento 0.1.0', notUsed: [] });
    expect(settings).toEqual({
      prompt: request.prompt,
      negativePrompt: request.negativePrompt,
      steps: 12,
      sampler: 'Euler a',
      schedule: 'Karras',
      cfgScale: 5.5,
      seed: 100,
      workingSize: { width: 512, height: 480 },
      clipSkip: 2,
      strength: 0.6,
      noiseSource: 'nv',
      etaNoiseSeedDelta: 31337,
      emphasis: 'no-norm',
      samplerOptions: { eta: 0.5, sNoise: 1.01 },
      variation: { seed: 6, strength: 0.25 },
      advanced: request.advanced,
      featherPx: 6,
      area: 'masked',
      paddingPx: 24,
      maskedContent: 'latent-noise',
    });
  });

  it('say to AUTOMATIC1111 what they say to us', () => {
    expect(webuiFields(texts.parameters, [])).toMatchObject({
      Prompt: request.prompt,
      'Negative prompt': request.negativePrompt,
      Steps: '12',
      Sampler: 'Euler a',
      'Schedule type': 'Karras',
      'CFG scale': '5.5',
      Seed: '100',
      'Size-1': '512',
      'Size-2': '480',
      Model: 'dream',
      'Model hash': '0123456789',
      'Variation seed': '6',
      'Variation seed strength': '0.25',
      'Denoising strength': '0.6',
      'Clip skip': '2',
      ENSD: '31337',
      RNG: 'NV',
      'Mask blur': '6',
      'Inpaint area': 'Only masked',
      'Masked area padding': '24',
      'Masked content': 'latent noise',
      Emphasis: 'No norm',
      Eta: '0.5',
      'Sigma noise': '1.01',
    });
  });
});

describe('what cannot be taken over', () => {
  const remarksOf = async (line: string) => {
    const found = await read(await pngWith(textChunk('parameters', `p\n${line}`)));
    return { settings: found.settings, notUsed: found.notUsed };
  };

  it('is named with the reason', async () => {
    const { settings, notUsed } = await remarksOf(
      'Steps: 900, Sampler: Euler b, CFG scale: x, Seed: 99999999999999999999, Size: 99999x8, Hires upscale: 9, Denoising strength: 0.5, ControlNet 0: "Module: canny", Own thing: 1',
    );
    expect(settings).toEqual({
      dialect: 'a1111',
      prompt: 'p',
      negativePrompt: '',
      noiseSource: 'nv',
    });
    expect(new Map(notUsed.map(({ name, why }) => [name, why]))).toEqual(
      new Map([
        ['Steps', 'It is outside the range from 1 to 150.'],
        ['Sampler', expect.stringContaining('Euler')],
        ['CFG scale', 'It is no number.'],
        ['Seed', expect.any(String)],
        ['Size-1', 'Sides go from 64 to 4096.'],
        ['Hires upscale', expect.stringContaining('4')],
        ['ControlNet 0', 'ControlNet needs the picture that guided it.'],
        ['Own thing', 'There is no such setting here.'],
      ]),
    );
  });

  it('but soft inpainting is, with what its text leaves out', async () => {
    const { settings, notUsed } = await remarksOf(
      'Steps: 5, Sampler: Euler, Seed: 1, RNG: CPU, Soft inpainting enabled: True, Soft inpainting schedule bias: 2, Soft inpainting mask influence: 0.3',
    );
    expect(notUsed).toEqual([]);
    expect(settings.advanced?.softInpainting).toEqual({
      scheduleBias: 2,
      preservationStrength: 0.5,
      transitionContrastBoost: 4,
      maskInfluence: 0.3,
      differenceThreshold: 0.5,
      differenceContrast: 2,
    });
    const wide = await remarksOf(
      'Steps: 5, Sampler: Euler, Seed: 1, Soft inpainting enabled: True, Soft inpainting difference threshold: 16',
    );
    expect(wide.settings.advanced).toBeUndefined();
    expect(wide.notUsed).toEqual([
      {
        name: 'Soft inpainting enabled',
        value: 'True',
        why: 'Soft inpainting difference threshold: It is outside the range from 0 to 8.',
      },
    ]);
  });

  it('but what an older version did is', async () => {
    const { settings } = await remarksOf('Steps: 5, Sampler: DDIM, Seed: 1, Version: v1.5.2');
    expect(settings.advanced).toEqual({ contextPadding: 'last', halfAlphas: true });
  });

  it('a prompt longer than any that is taken', async () => {
    const { settings, notUsed } = await remarksOf(`Steps: 1, Seed: 2, Sampler: Euler`);
    expect(settings.prompt).toBe('p');
    expect(notUsed).toEqual([]);
    const long = await read(await pngWith(textChunk('parameters', 'x'.repeat(20_001))));
    expect(long.settings.prompt).toBeUndefined();
    expect(long.notUsed.map(({ name }) => name)).toEqual(['Prompt']);
  });
});

describe('other programs', () => {
  const graph = {
    3: {
      class_type: 'KSampler',
      inputs: {
        seed: ['9', 0],
        steps: 25,
        cfg: 6,
        sampler_name: 'dpmpp_2m',
        scheduler: 'karras',
        denoise: 0.7,
        model: ['10', 0],
        positive: ['6', 0],
        negative: ['7', 0],
        latent_image: ['5', 0],
      },
    },
    4: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'sub\\dream_v1.safetensors' } },
    5: { class_type: 'EmptyLatentImage', inputs: { width: 640, height: 512, batch_size: 1 } },
    6: { class_type: 'ControlNetApply', inputs: { conditioning: ['11', 0], strength: 1 } },
    7: { class_type: 'CLIPTextEncode', inputs: { text: 'fog', clip: ['4', 1] } },
    8: { class_type: 'VAEDecode', inputs: { samples: ['3', 0], vae: ['12', 0] } },
    9: { class_type: 'PrimitiveInt', inputs: { value: 77 } },
    10: {
      class_type: 'LoraLoader',
      inputs: {
        lora_name: 'a/style.safetensors',
        strength_model: 0.8,
        strength_clip: 0.5,
        model: ['4', 0],
      },
    },
    11: { class_type: 'CLIPTextEncode', inputs: { text: 'a boat', clip: ['10', 1] } },
    12: { class_type: 'VAELoader', inputs: { vae_name: 'kl.safetensors' } },
    13: { class_type: 'SaveImage', inputs: { images: ['8', 0] } },
  };
  const wanted = {
    prompt: 'a boat <lora:style:0.5:0.8>',
    negativePrompt: 'fog',
    seed: 77,
    steps: 25,
    cfgScale: 6,
    sampler: 'DPM++ 2M',
    schedule: 'Karras',
    workingSize: { width: 640, height: 512 },
  };

  it('ComfyUI: the graph is followed from the saved picture', async () => {
    const found = await read(await pngWith(textChunk('prompt', JSON.stringify(graph), 'tEXt')));
    expect(found).toMatchObject({
      source: 'comfyui',
      model: { name: 'dream_v1' },
      settings: wanted,
    });
    expect(found.fields).toContainEqual({ name: 'VAE', value: 'kl' });
    expect(found.notUsed.map(({ value }) => value)).toEqual(['ControlNetApply']);
  });

  it('ComfyUI: in EXIF, in a JSON file, with NaN, among circles', async () => {
    const json = JSON.stringify(graph).replace('"denoise":0.7', '"denoise":NaN');
    const exif = exifData('II', [{ tag: 0x0110, bytes: Buffer.from(`prompt:${json}\0`) }]);
    expect((await read(await webpWith(exif))).settings).toMatchObject(wanted);
    expect((await read(Buffer.from(json))).settings).toMatchObject(wanted);
    const circle = JSON.stringify({
      1: {
        class_type: 'KSampler',
        inputs: {
          steps: 4,
          sampler_name: ['1', 0],
          model: ['1', 0],
          positive: ['1', 0],
          latent_image: ['1', 0],
        },
      },
    });
    expect((await read(Buffer.from(circle))).settings.steps).toBe(4);
  });

  it('ComfyUI: the editor form, where the engine form is missing', async () => {
    const workflow = {
      nodes: [
        { id: 1, type: 'CheckpointLoaderSimple', widgets_values: ['m.safetensors'], inputs: [] },
        {
          id: 2,
          type: 'CLIPTextEncode',
          widgets_values: ['a hill'],
          inputs: [{ name: 'clip', link: 1 }],
        },
        { id: 3, type: 'CLIPTextEncode', widgets_values: ['mist'], inputs: [] },
        { id: 4, type: 'EmptyLatentImage', widgets_values: [512, 512, 1], inputs: [] },
        {
          id: 6,
          type: 'KSampler',
          mode: 4,
          widgets_values: [1, '', 99, 1, 'euler', 'normal', 1],
          inputs: [],
        },
        {
          id: 5,
          type: 'KSampler',
          widgets_values: [9, 'fixed', 20, 8, 'euler', 'normal', 1],
          inputs: [
            { name: 'model', link: 2 },
            { name: 'positive', link: 3 },
            { name: 'negative', link: 4 },
            { name: 'latent_image', link: 5 },
          ],
        },
      ],
      links: [
        [1, 1, 1, 2, 0, 'CLIP'],
        [2, 1, 0, 5, 0, 'MODEL'],
        [3, 2, 0, 5, 1, 'CONDITIONING'],
        [4, 3, 0, 5, 2, 'CONDITIONING'],
        [5, 4, 0, 5, 3, 'LATENT'],
      ],
    };
    const found = await read(await pngWith(textChunk('workflow', JSON.stringify(workflow))));
    expect(found.settings).toEqual({
      prompt: 'a hill',
      negativePrompt: 'mist',
      seed: 9,
      steps: 20,
      cfgScale: 8,
      sampler: 'Euler',
      schedule: 'Normal',
      workingSize: { width: 512, height: 512 },
    });
  });

  it('NovelAI', async () => {
    const comments = {
      steps: 28,
      sampler: 'k_euler_ancestral',
      seed: 5,
      scale: 11,
      uc: 'bad',
      sm: true,
    };
    const found = await read(
      await pngWith(
        textChunk('Software', 'NovelAI'),
        textChunk('Description', '{{a girl}}'),
        textChunk('Comment', JSON.stringify(comments)),
      ),
    );
    expect(found).toMatchObject({
      source: 'novelai',
      settings: {
        prompt: '{{a girl}}',
        negativePrompt: 'bad',
        steps: 28,
        sampler: 'Euler a',
        seed: 5,
        cfgScale: 11,
        clipSkip: 2,
      },
    });
    expect(found.notUsed.map(({ name }) => name)).toEqual(['Prompt', 'sm']);
  });

  it('InvokeAI, versions 3 and 2', async () => {
    const three = {
      app_version: '4.2.0',
      positive_prompt: 'a lake',
      negative_prompt: 'people',
      seed: 8,
      steps: 30,
      cfg_scale: 7.5,
      scheduler: 'dpmpp_2m_sde_k',
      width: 512,
      height: 640,
      clip_skip: 1,
      model: { name: 'deliberate', hash: 'blake3:aa' },
      loras: [{}],
    };
    const found = await read(await pngWith(textChunk('invokeai_metadata', JSON.stringify(three))));
    expect(found).toMatchObject({
      program: 'InvokeAI 4.2.0',
      model: { name: 'deliberate' },
      settings: {
        prompt: 'a lake',
        sampler: 'DPM++ 2M SDE',
        schedule: 'Karras',
        clipSkip: 2,
        cfgScale: 7.5,
      },
      notUsed: [{ name: 'loras', value: '1 entries' }],
    });
    const two = {
      app_version: '2.3',
      model_weights: 'sd-1.5',
      image: { prompt: [{ prompt: 'a [cat]', weight: 1 }], steps: 9, seed: 4, sampler: 'k_lms' },
    };
    const old = await read(await pngWith(textChunk('sd-metadata', JSON.stringify(two))));
    expect(old.settings).toMatchObject({ prompt: 'a [cat]', steps: 9, sampler: 'LMS' });
  });

  it('Fooocus', async () => {
    const json = {
      prompt: 'a house',
      negative_prompt: '',
      steps: 30,
      sampler: 'dpmpp_2m_sde_gpu',
      scheduler: 'karras',
      guidance_scale: 4,
      seed: '123',
      resolution: '(1152, 896)',
      base_model: 'jugger.safetensors',
      lora_combined_1: 'offset.safetensors : 0.1',
      sharpness: 2,
      version: 'Fooocus v2.5.5',
    };
    const found = await read(await pngWith(textChunk('parameters', JSON.stringify(json))));
    expect(found).toMatchObject({
      program: 'Fooocus v2.5.5',
      model: { name: 'jugger' },
      settings: {
        prompt: 'a house <lora:offset:0.1>',
        seed: 123,
        cfgScale: 4,
        workingSize: { width: 1152, height: 896 },
      },
    });
    expect(found.notUsed.map(({ name }) => name)).toEqual(['sharpness']);
  });
});

describe('files without a usable recipe', () => {
  it('are told apart', async () => {
    const none = [
      await pngWith(),
      await pngWith(textChunk('parameters', '')),
      await jpegWith(exifData('MM', [coded('ASCII', Buffer.from('Screenshot'))])),
    ];
    for (const file of none) expect(await codeOf(read(file))).toBe('E_RECIPE_NONE');
    const damaged = [
      await pngWith(textChunk('prompt', '{"3": {"class_type": ')),
      await pngWith(textChunk('parameters', '{"a": 1}')),
      await pngWith(pngChunk('zTXt', Buffer.from('parameters\0\0not deflated'))),
      await pngWith(textChunk('parameters', 'x'.repeat(maxTextBytes + 1))),
      await pngWith(textChunk('parameters', ' '.repeat(maxTextBytes * 4), 'zTXt')),
    ];
    for (const file of damaged) expect(await codeOf(read(file))).toBe('E_RECIPE_DAMAGED');
    const others = ['', 'GIF89a', 'just words', '\0\0', '{"a": 1}', `${'['.repeat(500_000)}`];
    for (const file of others) expect(await codeOf(read(Buffer.from(file)))).toBe('E_IMAGE_TYPE');
    expect(await codeOf(readRecipeFile(join(temporaryFolder(), 'missing.png')))).toBe('E_FILE');
  });

  it('JSON of any depth is no danger', async () => {
    const deep = `{"1": {"class_type": "KSampler", "inputs": {"steps": 3, "sampler_name": "euler", "model": ${'['.repeat(400_000)}${']'.repeat(400_000)}}}}`;
    expect((await read(await pngWith(textChunk('prompt', deep)))).settings).toMatchObject({
      steps: 3,
    });
    const node = (steps: number) =>
      `{"class_type": "KSampler", "inputs": {"steps": ${steps}, "sampler_name": "euler", "__proto__": {"x": 1}}}`;
    const named = `{"__proto__": ${node(5)}, "constructor": ${node(6)}}`;
    expect((await read(await pngWith(textChunk('prompt', named)))).settings.steps).toBe(6);
    expect('class_type' in {} || 'x' in {}).toBe(false);
  });

  it('files made to take for ever are given up', async () => {
    const bomb = textChunk('parameters', ' '.repeat(maxTextBytes * 2), 'zTXt');
    const files = [
      await pngWith(...Array.from({ length: 400 }, () => bomb)),
      await pngWith(Buffer.alloc(12 * 300_000, '\0\0\0\0aaaa\0\0\0\0')),
      new Uint8Array(4_000_000).fill(0xff).fill(0xd8, 1, 2),
    ];
    for (const file of files) {
      const ms = await processorMs(async () => {
        expect(['E_RECIPE_NONE', 'E_RECIPE_DAMAGED']).toContain(await codeOf(read(file)));
      });
      expect(ms).toBeLessThan(5000);
    }
  });

  it('damaged bytes of every container only give known errors', async () => {
    const exif = exifData('II', [coded('UNICODE', utf16(text, 'be'))]);
    const files = await Promise.all([
      pngWith(textChunk('parameters', text, 'iTXt deflated')),
      jpegWith(exif),
      webpWith(exif),
      avifWith(plainText),
      encodeTiff(raster, { xmp: recipeXmp([recipe]) }),
      Promise.resolve(exif),
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(1200), fc.nat(255)), { maxLength: 6 }),
        fc.option(fc.nat(1500), { nil: undefined }),
        async (file, changes, end) => {
          const bytes = Uint8Array.from(file).subarray(0, end);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          const code = await readRecipe(sourceOfBytes(bytes)).then(
            () => 'read',
            (error: unknown) => (error instanceof PentimentoError ? error.code : String(error)),
          );
          expect(['read', 'E_IMAGE_TYPE', 'E_RECIPE_NONE', 'E_RECIPE_DAMAGED']).toContain(code);
        },
      ),
      { numRuns: 400 },
    );
  });
});
