import { describe, expect, it } from 'vitest';
import type { AdvancedSettings } from '../../../shared/advanced.ts';
import { advancedNotes } from '../../../service/engine/plan/advancedNotes.ts';
import type { Dialect, ImageRequest, InpaintRequest } from '../../../shared/request.ts';
import { image, inpaint, text } from '../jobs.ts';

const facts = { inChannels: 4, sigmaMin: 0.029, sigmaMax: 14.615 };
const size = { width: 64, height: 64 };
const soft = {
  scheduleBias: 1,
  preservationStrength: 0.5,
  transitionContrastBoost: 4,
  maskInfluence: 0,
  differenceThreshold: 0.5,
  differenceContrast: 2,
};

function notes(advanced: AdvancedSettings, more: Partial<ImageRequest> = {}, inChannels = 4) {
  return advancedNotes(image(size, { advanced, ...more }), { ...facts, inChannels });
}

describe('notes on advanced settings', () => {
  it('are none where nothing is asked, or everything works', () => {
    expect(notes({})).toEqual([]);
    expect(notes({ sigmaMin: 0.1, rho: 5, extraNoise: 0.1 }, { schedule: 'karras' })).toEqual([]);
    expect(notes({ imageCfgScale: 2 }, {}, 8)).toEqual([]);
    expect(notes({ colorCorrection: true }, { dialect: 'a1111' })).toEqual([]);
    expect(notes({ maskedPictureWeight: 0.5 }, {}, 9)).toEqual([]);
  });

  it('say when there is no tiny autoencoder to decode with', () => {
    const asked = image(size, { advanced: { tinyDecoder: true } });
    const none = advancedNotes(asked, { ...facts, hasTinyDecoder: false });
    expect(none).toEqual([expect.stringMatching(/TAESD.*decoded in full/)]);
    expect(advancedNotes(asked, { ...facts, hasTinyDecoder: true })).toEqual([]);
  });

  it.each<readonly [AdvancedSettings, Partial<ImageRequest>, number, RegExp]>([
    [{ imageCfgScale: 2 }, {}, 4, /does not edit/],
    [{ maskedPictureWeight: 0.5 }, {}, 4, /not an inpainting model/],
    [{ skipNegativeBelowSigma: 2 }, {}, 8, /never left out/],
    [{ skipNegativeEveryCall: true }, {}, 4, /no sigma to begin/],
    [{ sigmaMax: 9 }, { schedule: 'simple' }, 4, /Simple goes by the model’s own levels/],
    [{ sigmaMax: 9 }, { sampler: 'DDIM' }, 4, /DDIM has its own steps/],
    [{ rho: 5 }, { schedule: 'exponential' }, 4, /Exponential has no rho/],
    [{ betaAlpha: 0.5 }, { schedule: 'karras' }, 4, /Karras does not use them/],
    [{ wholeTimesteps: true }, { sampler: 'DDIM' }, 4, /not rounded/],
    [{ zeroTerminalSnr: true }, { dialect: 'a1111' }, 4, /does not change the training schedule/],
    [{ seedSize: size }, { dialect: 'diffusers' }, 4, /no seed size/],
    [{ resizeMode: 'crop' }, {}, 4, /are AUTOMATIC1111’s/],
    [{ colorCorrection: true }, {}, 4, /one of AUTOMATIC1111’s rules/],
  ])('say what has no effect: %j %j', (advanced, more, inChannels, sentence) => {
    expect(notes(advanced, more, inChannels)).toEqual([expect.stringMatching(sentence)]);
  });

  it('say that diffusers’ edits do not obey the strength', () => {
    const at = (dialect: Dialect) => notes({}, { dialect }, 8);
    expect(at('diffusers')).toEqual([expect.stringMatching(/strength is not used/)]);
    expect(at('a1111')).toEqual([]);
  });

  it('know that a picture from nothing takes no noise on top', () => {
    const request = text(size, { advanced: { extraNoise: 0.2 } });
    expect(advancedNotes(request, facts)).toEqual([expect.stringMatching(/start from a picture/)]);
  });

  it('say where soft inpainting is not soft, or not at all', () => {
    const advanced: AdvancedSettings = { softInpainting: soft };
    const of = (more: Partial<InpaintRequest>) =>
      advancedNotes(inpaint(size, { advanced, ...more }), facts);
    expect(of({})).toEqual([]);
    expect(of({ sampler: 'DDIM' })).toEqual([]);
    expect(of({ dialect: 'a1111' })).toEqual([]);
    for (const sampler of ['DDIM', 'PLMS', 'UniPC']) {
      expect(of({ dialect: 'a1111', sampler })).toEqual([
        expect.stringMatching(/also changes what is not selected/),
      ]);
    }
    expect(notes(advanced)).toEqual([expect.stringMatching(/is for selections/)]);
  });

  it('are an error where the ends are the wrong way round for the model', () => {
    expect(() => notes({ sigmaMin: 20 })).toThrow(
      /sigmaMin: Expected a sigma below the largest, 14.615/,
    );
    expect(() => notes({ sigmaMax: 0.02 })).toThrow(
      /sigmaMax: Expected a sigma above the smallest/,
    );
    expect(() => notes({ sigmaMin: 20, sigmaMax: 30 })).not.toThrow();
    expect(() => notes({ sigmaMin: 20, zeroTerminalSnr: true })).not.toThrow();
  });
});
