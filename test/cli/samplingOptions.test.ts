import { describe, expect, it } from 'vitest';
import { samplingCatalogue } from '../../service/engine/sampling/catalogue.ts';
import { parseOptions } from '../../service/cli/options.ts';
import { catalogueLines } from '../../service/cli/samplers.ts';
import { withSamplingOptions } from '../../service/cli/samplingOptions.ts';

const settings = (...args: string[]) => withSamplingOptions({}, parseOptions(args).options);

describe('sampling options', () => {
  it('say nothing when nothing is given', () => {
    expect(settings()).toEqual({});
  });

  it('become the request’s settings', () => {
    const args = ['--eta', '0.5', '--s-churn', '3', '--s-tmax', '10', '--s-noise', '1.01'];
    expect(settings(...args)).toEqual({
      samplerOptions: { eta: 0.5, sChurn: 3, sTmax: 10, sNoise: 1.01 },
    });
    expect(settings('--variation-strength', '0.2', '--variation-seed', '7')).toEqual({
      variation: { seed: 7, strength: 0.2 },
    });
    expect(settings('--variation-strength', '0.2')).toEqual({
      variation: { seed: -1, strength: 0.2 },
    });
    const rest = ['--guidance-rescale', '0.7', '--emphasis', 'no-norm', '--noise', 'nv'];
    expect(settings(...rest, '--seed-delta', '-5')).toEqual({
      guidanceRescale: 0.7,
      emphasis: 'no-norm',
      noiseSource: 'nv',
      etaNoiseSeedDelta: -5,
    });
  });

  it('go before what a recipe says, and leave the rest of it', () => {
    const recipe = {
      samplerOptions: { eta: 0.9, sNoise: 1.02 },
      variation: { seed: 3, strength: 0.4 },
      noiseSource: 'nv',
    } as const;
    const { options } = parseOptions(['--eta', '0.1', '--variation-strength', '0.2']);
    expect(withSamplingOptions(recipe, options)).toEqual({
      samplerOptions: { eta: 0.1, sNoise: 1.02 },
      variation: { seed: 3, strength: 0.2 },
      noiseSource: 'nv',
    });
  });

  it('turn soft inpainting on, over what a recipe says of it', () => {
    const usual = {
      scheduleBias: 1,
      preservationStrength: 0.5,
      transitionContrastBoost: 4,
      maskInfluence: 0,
      differenceThreshold: 0.5,
      differenceContrast: 2,
    };
    expect(settings('--soft-inpainting')).toEqual({ advanced: { softInpainting: usual } });
    const values = ['--soft-bias', '2', '--soft-preservation', '0.7', '--soft-contrast', '8'];
    const others = ['--soft-influence', '0.2', '--soft-threshold', '1', '--soft-sharpness', '3'];
    expect(settings('--soft-inpainting', ...values, ...others)).toEqual({
      advanced: {
        softInpainting: {
          scheduleBias: 2,
          preservationStrength: 0.7,
          transitionContrastBoost: 8,
          maskInfluence: 0.2,
          differenceThreshold: 1,
          differenceContrast: 3,
        },
      },
    });
    const recipe = { advanced: { extraNoise: 0.1, softInpainting: { ...usual, scheduleBias: 3 } } };
    const { options } = parseOptions(['--soft-influence', '0.4']);
    expect(withSamplingOptions(recipe, options)).toEqual({
      advanced: {
        extraNoise: 0.1,
        softInpainting: { ...usual, scheduleBias: 3, maskInfluence: 0.4 },
      },
    });
  });

  it.each([
    [['--soft-bias', '1'], 'E_USAGE'],
    [['--soft-inpainting', '--soft-contrast', '0'], 'E_PARAM'],
    [['--eta', '2'], 'E_PARAM'],
    [['--s-churn', 'lots'], 'E_PARAM'],
    [['--emphasis', 'loud'], 'E_PARAM'],
    [['--variation-seed', '7'], 'E_USAGE'],
  ])('are refused as %j', (args, code) => {
    expect(() => settings(...args)).toThrow(expect.objectContaining({ code }));
  });
});

describe('the list of samplers', () => {
  const lines = catalogueLines(samplingCatalogue());

  it('marks the good ones and tells what each takes', () => {
    const euler = lines.findIndex((line) => line.startsWith(' * Euler a'));
    expect(lines[euler]).toContain('Soft and painterly');
    expect(lines[euler + 1]?.trim()).toBe('(Uniform) --eta --s-noise --seed-delta');
    const heun = lines.findIndex((line) => line.startsWith('   Heun'));
    expect(lines[heun + 1]?.trim()).toContain('--s-churn --s-tmin --s-tmax --s-noise');
    expect(lines.find((line) => line.startsWith(' * karras'))).toContain('More steps');
  });
});
