import { describe, expect, it } from 'vitest';
import { AdvancedSettings } from '../../shared/advanced.ts';
import { advancedFields } from '../../shared/advancedText.ts';
import { parametersText, Recipe } from '../../shared/recipe.ts';
import { text } from '../engine/jobs.ts';

const everything: Required<AdvancedSettings> = {
  imageCfgScale: 1.5,
  skipNegativeBelowSigma: 2.5,
  skipNegativeEveryCall: true,
  skipNegativeEarly: 0.2,
  contextPadding: 'empty',
  exactSteps: true,
  noiseMultiplier: 1.05,
  extraNoise: 0.1,
  sgmNoise: true,
  seedSize: { width: 512, height: 768 },
  sigmaMin: 0.1,
  sigmaMax: 10,
  rho: 5,
  betaAlpha: 0.5,
  betaBeta: 0.7,
  dropPenultimate: true,
  wholeTimesteps: true,
  zeroTerminalSnr: true,
  halfAlphas: true,
  maskedPictureWeight: 0.4,
  tinyDecoder: true,
  colorCorrection: true,
  resizeMode: 'crop',
  sdxlClipSkip: true,
  softInpainting: {
    scheduleBias: 1.5,
    preservationStrength: 0.7,
    transitionContrastBoost: 6,
    maskInfluence: 0.2,
    differenceThreshold: 1,
    differenceContrast: 3,
  },
};

describe('advanced settings', () => {
  it('are all optional, and refuse what is unknown or out of range', () => {
    expect(AdvancedSettings.parse({})).toEqual({});
    expect(AdvancedSettings.parse(everything)).toEqual(everything);
    for (const wrong of [
      { extraNoise: 2 },
      { sigmaMin: -1 },
      { betaAlpha: 0 },
      { contextPadding: 'first' },
      { seedSize: { width: 4, height: 512 } },
      { noSuchThing: 1 },
      { softInpainting: { ...everything.softInpainting, maskInfluence: 1.5 } },
      { softInpainting: { scheduleBias: 1 } },
    ]) {
      expect(AdvancedSettings.safeParse(wrong).success).toBe(false);
    }
  });

  it('say which end is wrong where the smallest sigma is not below the largest', () => {
    const { error } = AdvancedSettings.safeParse({ sigmaMin: 5, sigmaMax: 5 });
    expect(error?.issues[0]).toMatchObject({ path: ['sigmaMin'] });
    expect(error?.issues[0]?.message).toMatch(/below the largest/);
    expect(AdvancedSettings.safeParse({ sigmaMin: 5, sigmaMax: 0 }).success).toBe(true);
  });

  it('are written by the names that AUTOMATIC1111 reads', () => {
    const place = { x: 0, y: 0, width: 64, height: 64 };
    const recipe = Recipe.parse({
      version: 1,
      made: 'pentimento 0',
      request: text({ width: 64, height: 64 }, { advanced: everything }),
      index: 0,
      seed: 5,
      context: place,
      workingSize: { width: 64, height: 64 },
    });
    const line = parametersText(recipe).split('\n').at(-1) ?? '';
    for (const field of [
      'Image CFG scale: 1.5',
      'Seed resize from: 512x768',
      'Conditional mask weight: 0.4',
      'Noise multiplier: 1.05',
      'Schedule min sigma: 0.1',
      'Schedule max sigma: 10',
      'Schedule rho: 5',
      'Beta schedule alpha: 0.5',
      'Beta schedule beta: 0.7',
      'Discard penultimate sigma: True',
      'Extra noise: 0.1',
      'SGM noise multiplier: True',
      'NGMS: 2.5',
      'NGMS all steps: True',
      'Skip Early CFG: 0.2',
      'Pad conds: True',
      'Noise Schedule: Zero Terminal SNR',
      'Downcast alphas_cumprod: True',
      'VAE Decoder: TAESD',
    ]) {
      expect(line.split(', ')).toContain(field);
    }
    expect(line).not.toContain('Pad conds v0');
  });

  it('are not written where they are the model’s or the schedule’s own', () => {
    const own = { sigmaMin: 0, sigmaMax: 0, rho: 0, extraNoise: 0, dropPenultimate: false };
    expect(advancedFields(own).filter(([, value]) => value !== undefined)).toEqual([]);
    expect(advancedFields({ skipNegativeEveryCall: true }).map(([, value]) => value)).not.toContain(
      'True',
    );
  });
});
