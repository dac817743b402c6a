/** Advanced settings in whole runs on a model made of arithmetic: each one reaches the picture, and only there. */
import { describe, expect, it } from 'vitest';
import type { AdvancedSettings } from '../../shared/advanced.ts';
import { Dialect, type DiffusionRequest } from '../../shared/request.ts';
import { arithmeticModel } from './arithmeticModel.ts';
import { image, inpaint, picture, result, run, selection, text } from './jobs.ts';

const size = { width: 96, height: 80 };
const photo = picture(size);
const mask = selection(size, { x: 40, y: 30, width: 20, height: 16 });
const long = Array.from({ length: 100 }, (_, i) => `word${i}`).join(' ');

async function colors(request: DiffusionRequest, inChannels = 4): Promise<number[]> {
  const model = arithmeticModel({ inChannels });
  const source = request.kind === 'text' ? {} : { picture: photo };
  const made = await result(request, {
    ...source,
    ...(request.kind === 'inpaint' ? { mask } : {}),
    model,
  });
  return Array.from(made.color.data);
}

const schedule = { schedule: 'karras' };
const fromPicture: ReadonlyArray<readonly [AdvancedSettings, Partial<DiffusionRequest>]> = [
  [{ skipNegativeBelowSigma: 8 }, {}],
  [{ skipNegativeEarly: 0.4 }, {}],
  [{ contextPadding: 'empty' }, { prompt: long }],
  [{ contextPadding: 'last' }, { prompt: long }],
  [{ exactSteps: true }, {}],
  [{ noiseMultiplier: 1.2 }, {}],
  [{ extraNoise: 0.3 }, {}],
  [{ seedSize: { width: 64, height: 64 } }, {}],
  [{ sigmaMin: 0.4 }, schedule],
  [{ sigmaMax: 9 }, schedule],
  [{ rho: 3 }, schedule],
  [{ betaAlpha: 0.9 }, { schedule: 'beta' }],
  [{ betaBeta: 0.9 }, { schedule: 'beta' }],
  [{ dropPenultimate: true }, {}],
  [{ wholeTimesteps: true }, { schedule: 'exponential' }],
  [{ zeroTerminalSnr: true }, {}],
  [{ halfAlphas: true }, { sampler: 'DPM++ SDE' }],
];

describe('an advanced setting', () => {
  it.each(fromPicture)('changes the picture: %j', async (advanced, more) => {
    const asked = image(size, { steps: 6, cfgScale: 5, ...(more as object) });
    const plain = await colors(asked);
    expect(await colors({ ...asked, advanced: {} })).toEqual(plain);
    expect(await colors({ ...asked, advanced })).not.toEqual(plain);
  });

  it('has the result decoded by the tiny autoencoder, where there is one', async () => {
    const full = arithmeticModel();
    let asked = 0;
    const decodeTiny: typeof full.decode = async (latents) => {
      asked++;
      const picture = await full.decode(latents);
      return { ...picture, data: picture.data.map(() => 1) };
    };
    const request = image(size, { advanced: { tinyDecoder: true } });
    const source = { picture: picture(size) };
    const white = await result(request, { ...source, model: { ...full, decodeTiny } });
    expect(new Set(white.color.data)).toEqual(new Set([255]));
    expect(asked).toBe(1);
    const without = await result(request, { ...source, model: full });
    const usual = await result(image(size), { ...source, model: { ...full, decodeTiny } });
    expect(without.color).toEqual(usual.color);
    expect(asked).toBe(1);
  });

  it('may be for pictures from nothing', async () => {
    const plain = await colors(text(size));
    expect(await colors(text(size, { advanced: { sgmNoise: true } }))).not.toEqual(plain);
    const other = { extraNoise: 0.3, noiseMultiplier: 1.2, exactSteps: true };
    expect(await colors(text(size, { advanced: other }))).toEqual(plain);
  });

  it('leaves out what to avoid of more calls where that is asked', async () => {
    const some: AdvancedSettings = { skipNegativeBelowSigma: 100 };
    const asked = image(size, { steps: 6, cfgScale: 5, advanced: some });
    const all = { ...asked, advanced: { ...some, skipNegativeEveryCall: true } };
    expect(await colors(all)).not.toEqual(await colors(asked));
    // Without it anywhere the text of it is of no consequence.
    expect(await colors({ ...all, negativePrompt: 'rain' })).toEqual(await colors(all));
  });

  it('runs exactly the steps asked for, in every dialect', async () => {
    for (const dialect of Dialect.options) {
      const asked = image(size, {
        dialect,
        steps: 7,
        strength: 0.4,
        advanced: { exactSteps: true },
      });
      const told = await run(asked, { picture: photo, model: arithmeticModel() });
      expect(told.filter((p) => p.type === 'step')).toHaveLength(7);
      expect(told.find((p) => p.type === 'plan')?.plan.steps).toBe(7);
    }
  });

  it('shows an inpainting model as much of the hole as asked', async () => {
    const shown = (advanced: AdvancedSettings) => colors(inpaint(size, { advanced }), 9);
    const weights = [undefined, 1, 0.5, 0].map((maskedPictureWeight) =>
      shown({ maskedPictureWeight }),
    );
    const [absent, whole, half, none] = await Promise.all(weights);
    expect(whole).toEqual(absent);
    expect(half).not.toEqual(whole);
    expect(none).not.toEqual(half);
  });

  it('is in the recipe', async () => {
    const advanced: AdvancedSettings = { extraNoise: 0.3, contextPadding: 'last' };
    const made = await result(image(size, { advanced }), {
      picture: photo,
      model: arithmeticModel(),
    });
    expect(made.recipe.request).toMatchObject({ advanced });
  });
});

describe('a model that edits by instruction', () => {
  const edited = (more: object) => colors(image(size, more), 8);

  it.each(Dialect.options)('sees the picture and obeys its scale (%s)', async (dialect) => {
    const usual = await edited({ dialect, strength: 1 });
    const scaled = (imageCfgScale: number) =>
      edited({ dialect, strength: 1, advanced: { imageCfgScale } });
    expect(await scaled(1.5)).toEqual(usual);
    expect(await scaled(3)).not.toEqual(usual);
    const inHole = await colors(inpaint(size, { dialect }), 8);
    expect(inHole).not.toEqual(await colors(inpaint(size, { dialect })));
  });

  it('makes pictures from nothing, too', async () => {
    const made = await colors(text(size), 8);
    expect(new Set(made).size).toBeGreaterThan(20);
    // There is no picture to hold on to.
    expect(await colors(text(size, { advanced: { imageCfgScale: 4 } }), 8)).toEqual(made);
  });

  it('begins at noise alone by diffusers’ rules, whatever the strength', async () => {
    const at = (dialect: Dialect, strength: number) => edited({ dialect, strength });
    expect(await at('diffusers', 0.3)).toEqual(await at('diffusers', 1));
    expect(await at('pentimento', 0.3)).not.toEqual(await at('pentimento', 1));
    const asked = image(size, { dialect: 'diffusers', steps: 5, strength: 0.3 });
    const told = await run(asked, { picture: photo, model: arithmeticModel({ inChannels: 8 }) });
    expect(told.find((p) => p.type === 'plan')?.plan.steps).toBe(5);
    expect(told.filter((p) => p.type === 'step')).toHaveLength(5);
  });
});
