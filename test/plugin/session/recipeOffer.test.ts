import { describe, expect, it } from 'vitest';
import { buildRequest } from '../../../plugin/session/buildRequest.ts';
import { recipeLines } from '../../../plugin/session/recipeLines.ts';
import { changeOfPart, offerOfFile, offerOfLayer } from '../../../plugin/session/recipeOffer.ts';
import { defaultSettings, Settings } from '../../../plugin/session/settings.ts';
import { ReadRecipe } from '../../../shared/readRecipe.ts';
import { checkpoint, inpaintRequest, photo, readRecipe, recipeOf } from '../../fakes/session.ts';

const models = [checkpoint];

describe('a recipe of a file', () => {
  const offer = offerOfFile('fisherman.png', readRecipe, models);

  it('is what the service reads, and what is valid', () => {
    expect(ReadRecipe.parse(readRecipe)).toEqual(readRecipe);
    const settings = { ...defaultSettings, ...changeOfPart(offer, 'all') };
    expect(Settings.parse(settings)).toEqual(settings);
  });

  it('sets everything that it holds, and takes back what it does not', () => {
    const before: Settings = {
      ...defaultSettings,
      model: 'model-1',
      guidanceRescale: 0.5,
      eta: 0.2,
      sChurn: 4,
      advanced: { noiseMultiplier: 1.1 },
    };
    const after = { ...before, ...changeOfPart(offer, 'all') };
    expect(after).toMatchObject({
      prompt: 'an old fisherman',
      negativePrompt: 'blurry',
      sampler: 'DPM++ 2M SDE',
      seed: 3735928559,
      isSeedFixed: true,
      variationSeed: 77,
      variationStrength: 0.2,
      noiseSource: 'nv',
      model: 'model-1',
      guidanceRescale: 0,
      sChurn: 0,
      advanced: {},
    });
    expect(after.eta).toBeUndefined();
    const request = buildRequest({
      kind: 'image',
      settings: after,
      document: photo,
      region: { x: 0, y: 0, width: 8, height: 8 },
      model: 'model-1',
      sampler: undefined,
    });
    expect(request).toMatchObject({ variation: { seed: 77, strength: 0.2 }, noiseSource: 'nv' });
  });

  it('gives the prompt alone, the seed alone, and all but the seed', () => {
    expect(changeOfPart(offer, 'prompt')).toEqual({
      prompt: 'an old fisherman',
      negativePrompt: 'blurry',
    });
    expect(changeOfPart(offer, 'seed')).toEqual({
      seed: 3735928559,
      isSeedFixed: true,
      variationSeed: 77,
      variationStrength: 0.2,
      noiseSource: 'nv',
      etaNoiseSeedDelta: 0,
    });
    const rest = changeOfPart(offer, 'all-but-seed');
    expect(rest).toHaveProperty('steps', 28);
    for (const name of ['seed', 'isSeedFixed', 'variationStrength']) {
      expect(rest).not.toHaveProperty(name);
    }
  });

  it('keeps the present model when its own is not there, and says so', () => {
    expect(offer.missingModel).toBe('dreamshaper_8 [879db523c3]');
    expect(offer.change).not.toHaveProperty('model');
    const settings = { ...readRecipe.settings, model: 'model-1' };
    const known = offerOfFile('f.png', { ...readRecipe, settings }, models);
    expect(known.missingModel).toBeUndefined();
    expect(known.change.model).toBe('model-1');
    const gone = { ...readRecipe.settings, model: 'gone', vae: 'lost.vae' };
    const lost = offerOfFile('f.png', { ...readRecipe, settings: gone, model: undefined }, models);
    expect(lost.missingModel).toBe('gone');
    expect(lost.change).not.toHaveProperty('vae');
    expect(lost.notUsed.at(-1)).toMatchObject({ name: 'VAE', value: 'lost.vae' });
  });

  it('does not take over the size, and passes on what the service left out', () => {
    expect(offer.change).not.toHaveProperty('workingSize');
    expect(offer.notUsed.map(({ name }) => name)).toEqual(['Size', 'Hires upscaler']);
  });

  it('has no seed to give where the file has none', () => {
    const { seed: _seed, ...settings } = readRecipe.settings;
    const seedless = offerOfFile('f.png', { ...readRecipe, settings }, models);
    expect(changeOfPart(seedless, 'seed')).toEqual({});
    expect(changeOfPart(seedless, 'all')).not.toHaveProperty('isSeedFixed');
  });

  it('restores the mode of a picture of our own', () => {
    const own = { ...readRecipe, recipes: [recipeOf(inpaintRequest)] };
    expect(offerOfFile('own.psd', own, models).change).toMatchObject({ mode: 'fill' });
  });

  it('is readable', () => {
    expect(recipeLines(offer.change, models)).toEqual([
      { name: 'Sampler', value: 'DPM++ 2M SDE' },
      { name: 'Schedule', value: 'SGM Uniform' },
      { name: 'Steps', value: '28' },
      { name: 'CFG', value: '5.5' },
      { name: 'Seed', value: '3735928559' },
      { name: 'Variation', value: '0.2 towards seed 77' },
      { name: 'Noise', value: 'as on NVIDIA cards' },
      { name: 'Clip skip', value: '2' },
      { name: 'Rules', value: 'AUTOMATIC1111' },
    ]);
  });
});

describe('a recipe of a layer', () => {
  it('offers what the picture was made with', () => {
    const offer = offerOfLayer('boat', recipeOf(inpaintRequest), models);
    expect(offer).toMatchObject({
      title: 'boat',
      change: { prompt: 'a boat', seed: 5, model: 'model-1', featherPx: 2, mode: 'fill' },
      missingModel: undefined,
    });
    expect(offer.text).toContain('Steps: 4');
    expect(offerOfLayer('boat', recipeOf(inpaintRequest), []).missingModel).toBe('Model One');
  });

  it('names settings that have no field of their own', () => {
    const advanced = {
      noiseMultiplier: 1.1,
      seedSize: { width: 512, height: 768 },
      sgmNoise: true,
      sigmaMin: 0.05,
    };
    expect(recipeLines({ advanced }, [])).toEqual([
      { name: 'Noise multiplier', value: '1.1' },
      { name: 'Seed size', value: '512 × 768' },
      { name: 'Sgm noise', value: 'yes' },
      { name: 'Sigma min', value: '0.05' },
    ]);
  });
});
