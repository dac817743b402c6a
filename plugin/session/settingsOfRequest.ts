import type { Recipe } from '../../shared/recipe.ts';
import { needsModel, type DiffusionRequest, type GenerateRequest } from '../../shared/request.ts';
import { controlSettingsOf } from './controls.ts';
import { expandSettingsOf } from './expansion.ts';
import { defaultSettings, type Settings } from './settings.ts';

type RequestRefinements = Partial<
  Pick<
    DiffusionRequest,
    | 'vae'
    | 'partsFrom'
    | 'variation'
    | 'samplerOptions'
    | 'guidanceRescale'
    | 'emphasis'
    | 'noiseSource'
    | 'etaNoiseSeedDelta'
    | 'advanced'
    | 'refiner'
    | 'controls'
  >
>;

/**
 * The settings that one picture was made with, however many it was made among: for "use its settings"
 * and for a recipe on a layer.
 */
export function settingsOfRequest(
  request: GenerateRequest,
  picture: Pick<Recipe, 'seed' | 'index'>,
): Partial<Settings> {
  const fixed = { seed: picture.seed, isSeedFixed: true };
  if (request.kind === 'remove') {
    const { featherPx, growPx, colorMatch, grainMatch = 0 } = request;
    return { mode: 'remove', ...fixed, featherPx, growPx, colorMatch, grainMatch };
  }
  if (request.kind === 'expand-patches') {
    const { colorMatch } = request;
    return { mode: 'expand', ...fixed, colorMatch, expand: expandSettingsOf(request, 'patches') };
  }
  if (!needsModel(request)) return {};
  const { prompt, negativePrompt, sampler, schedule, steps, cfgScale, model, clipSkip, dialect } =
    request;
  const shared = {
    ...fixed,
    prompt,
    negativePrompt,
    sampler,
    schedule,
    steps,
    cfgScale,
    model,
    clipSkip,
    dialect,
    ...refinementsOf(request, picture.index),
  };
  if (request.kind === 'text') {
    return { ...shared, mode: 'fill', strength: 1, hires: request.hires };
  }
  const { strength, colorMatch } = request;
  if (request.kind === 'image') {
    const { grainMatch = 0 } = request;
    return { ...shared, mode: 'refine', strength, colorMatch, grainMatch };
  }
  if (request.kind === 'expand') {
    const expand = expandSettingsOf(request, 'model');
    return { ...shared, mode: 'expand', strength, colorMatch, expand };
  }
  const { featherPx, growPx, maskedContent, area, paddingPx, grainMatch = 0 } = request;
  return {
    ...shared,
    mode: 'fill',
    strength,
    colorMatch,
    grainMatch,
    featherPx,
    growPx,
    maskedContent,
    area,
    paddingPx,
  };
}

/** What few requests have, with what its absence means; variant `index` has a variation seed of its own. */
export function refinementsOf(request: RequestRefinements, index: number): Partial<Settings> {
  const { variation, samplerOptions = {} } = request;
  const { sChurn, sTmin, sTmax, sNoise } = defaultSettings;
  return {
    vae: request.vae ?? '',
    partsFrom: request.partsFrom ?? '',
    variationSeed: variation && variation.seed >= 0 ? variation.seed + index : -1,
    variationStrength: variation?.strength ?? defaultSettings.variationStrength,
    eta: samplerOptions.eta,
    sChurn: samplerOptions.sChurn ?? sChurn,
    sTmin: samplerOptions.sTmin ?? sTmin,
    sTmax: samplerOptions.sTmax ?? sTmax,
    sNoise: samplerOptions.sNoise ?? sNoise,
    etaNoiseSeedDelta: request.etaNoiseSeedDelta ?? 0,
    guidanceRescale: request.guidanceRescale ?? defaultSettings.guidanceRescale,
    ...refinerSettings(request),
    // Only text to image has one.
    hires: undefined,
    emphasis: request.emphasis ?? 'original',
    noiseSource: request.noiseSource ?? 'cpu',
    advanced: request.advanced ?? {},
    controls: controlSettingsOf(request.controls ?? []),
  };
}

function refinerSettings({ refiner }: RequestRefinements): Partial<Settings> {
  const { refinerModel, refinerSwitch } = defaultSettings;
  return {
    refinerModel: refiner?.model ?? refinerModel,
    refinerSwitch: refiner?.switchAt ?? refinerSwitch,
  };
}
