/** The options that say how a sampler goes about it, over what a recipe says. */
import { PentimentoError } from '../../shared/errors.ts';
import { ResizeMode, type SoftInpainting } from '../../shared/advanced.ts';
import { limits, maxSeed, softInpaintingLimits, type Range } from '../../shared/limits.ts';
import { Emphasis, NoiseSource, type SamplerSettings } from '../../shared/request.ts';
import { choiceOption, numberOption, wholeOption, type Options } from './options.ts';
import type { UnflaggedSettings } from './recipeOptions.ts';

/** The recipe's settings with the options that were given. Throws E_PARAM, E_USAGE. */
export function withSamplingOptions(
  recipe: UnflaggedSettings,
  options: Options,
): UnflaggedSettings {
  const samplerOptions = { ...recipe.samplerOptions, ...samplerSettings(options) };
  const variation = variationOf(options, recipe.variation);
  const advanced = withSwitches(withSoftInpainting(recipe.advanced, options), options);
  const rescale = given(options, 'guidance-rescale', limits.guidanceRescale);
  const { emphasis, noise } = options;
  return {
    ...recipe,
    ...(Object.keys(samplerOptions).length === 0 ? {} : { samplerOptions }),
    ...(rescale === undefined ? {} : { guidanceRescale: rescale }),
    ...(emphasis === undefined
      ? {}
      : { emphasis: choiceOption(options, 'emphasis', Emphasis.options, 'original') }),
    ...(noise === undefined
      ? {}
      : { noiseSource: choiceOption(options, 'noise', NoiseSource.options, 'cpu') }),
    ...(options['seed-delta'] === undefined
      ? {}
      : { etaNoiseSeedDelta: wholeOption(options, 'seed-delta', anySeed) }),
    ...(variation ? { variation } : {}),
    ...(advanced ? { advanced } : {}),
  };
}

const anySeed: Range = { min: -maxSeed, max: maxSeed, default: 0 };

function samplerSettings(options: Options): SamplerSettings {
  const all = {
    eta: given(options, 'eta', limits.eta),
    sChurn: given(options, 's-churn', limits.sChurn),
    sTmin: given(options, 's-tmin', limits.sTmin),
    sTmax: given(options, 's-tmax', limits.sTmax),
    sNoise: given(options, 's-noise', limits.sNoise),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Undefined without a strength above 0: then there is nothing to vary. */
function variationOf(
  options: Options,
  recipe: UnflaggedSettings['variation'],
): UnflaggedSettings['variation'] {
  const strength =
    given(options, 'variation-strength', limits.variationStrength) ?? recipe?.strength;
  if (options['variation-seed'] !== undefined && strength === undefined) {
    throw new PentimentoError('E_USAGE', '--variation-seed needs --variation-strength as well.');
  }
  if (strength === undefined) return undefined;
  const range = { min: -1, max: maxSeed, default: recipe?.seed ?? -1 };
  return { seed: wholeOption(options, 'variation-seed', range), strength };
}

const softFlags = {
  scheduleBias: 'soft-bias',
  preservationStrength: 'soft-preservation',
  transitionContrastBoost: 'soft-contrast',
  maskInfluence: 'soft-influence',
  differenceThreshold: 'soft-threshold',
  differenceContrast: 'soft-sharpness',
} as const satisfies Record<keyof SoftInpainting, keyof Options>;

/** On by its option or by the recipe; its values need one of the two. */
function withSoftInpainting(
  advanced: UnflaggedSettings['advanced'],
  options: Options,
): UnflaggedSettings['advanced'] {
  const recipe = advanced?.softInpainting;
  const value = (key: keyof SoftInpainting) => {
    const range = softInpaintingLimits[key];
    return given(options, softFlags[key], range) ?? recipe?.[key] ?? range.default;
  };
  const flag = Object.values(softFlags).find((name) => options[name] !== undefined);
  if (options['soft-inpainting'] !== true && !recipe) {
    if (flag === undefined) return advanced;
    throw new PentimentoError('E_USAGE', `--${flag} needs --soft-inpainting as well.`);
  }
  const softInpainting = {
    scheduleBias: value('scheduleBias'),
    preservationStrength: value('preservationStrength'),
    transitionContrastBoost: value('transitionContrastBoost'),
    maskInfluence: value('maskInfluence'),
    differenceThreshold: value('differenceThreshold'),
    differenceContrast: value('differenceContrast'),
  };
  return { ...advanced, softInpainting };
}

function withSwitches(
  advanced: UnflaggedSettings['advanced'],
  options: Options,
): UnflaggedSettings['advanced'] {
  const switched = {
    ...(options['fast-decode'] === true && { tinyDecoder: true }),
    ...(options['color-correction'] === true && { colorCorrection: true }),
    ...(options['resize-mode'] !== undefined && {
      resizeMode: choiceOption(options, 'resize-mode', ResizeMode.options, 'stretch'),
    }),
  };
  return Object.keys(switched).length > 0 ? { ...advanced, ...switched } : advanced;
}

function given(options: Options, name: keyof Options, range: Range): number | undefined {
  return options[name] === undefined ? undefined : numberOption(options, name, range);
}
