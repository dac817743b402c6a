import type { SamplerInfo } from '../../shared/api.ts';
import { canvasOfSides } from '../../shared/expand.ts';
import type { Rect } from '../../shared/geometry.ts';
import { limits } from '../../shared/limits.ts';
import type { PlanRequest } from '../../shared/plan.ts';
import type {
  DiffusionRequest,
  DocumentInfo,
  ExpandRequest,
  GenerateRequest,
  InpaintRequest,
  SamplerSettings,
} from '../../shared/request.ts';
import { expandFillOf } from './expansion.ts';
import { controlUnits } from './controls.ts';
import { hiresOf } from './hires.ts';
import { refinerOf } from './refiner.ts';
import type { Settings } from './settings.ts';

export interface RequestParts {
  readonly kind: PlanRequest['kind'];
  readonly settings: Settings;
  readonly document: DocumentInfo;
  /** What was captured, document pixels. */
  readonly region: Rect;
  /** Id of the model that runs; ignored by 'remove'. */
  readonly model: string;
  /** Id of the model whose text encoder and VAE go with it (its own). */
  readonly partsFrom?: string;
  /** What the service tells of the sampler: what it has no use for is left out. */
  readonly sampler: SamplerInfo | undefined;
}

/** The request for what was captured: everything that decides the picture, nothing else. */
export function buildRequest(parts: RequestParts): GenerateRequest {
  const { kind, settings, document, region } = parts;
  const place = { document, region };
  const output = { seed: settings.isSeedFixed ? settings.seed : -1, count: settings.count };
  const { strength, colorMatch } = settings;
  if (kind === 'remove') return { kind, ...place, ...output, ...masking(settings) };
  if (kind === 'expand-patches') {
    return { kind, ...place, ...output, ...expanding(settings, document) };
  }
  const common = { ...place, ...output, ...sampling(parts), ...refinements(parts) };
  if (kind === 'text') return { kind, ...common, ...hiresOf(kind, settings) };
  if (kind === 'image') return { kind, ...common, strength, colorMatch, ...grain(settings) };
  if (kind === 'expand') {
    const fill = expandFillOf(settings);
    return { kind, ...common, ...expanding(settings, document), strength, fill };
  }
  const { maskedContent, area, paddingPx } = settings;
  return { kind, ...common, ...masking(settings), strength, maskedContent, area, paddingPx };
}

function expanding(
  { expand, colorMatch }: Settings,
  document: DocumentInfo,
): Pick<ExpandRequest, 'canvas' | 'overlapPx' | 'colorMatch'> {
  const canvas = canvasOfSides(document, expand.sides);
  return { canvas, overlapPx: expand.overlapPx, colorMatch };
}

function masking(
  settings: Settings,
): Pick<InpaintRequest, 'featherPx' | 'growPx' | 'colorMatch' | 'grainMatch'> {
  const { featherPx, growPx, colorMatch } = settings;
  return { featherPx, growPx, colorMatch, ...grain(settings) };
}

function grain({ grainMatch }: Settings): Pick<InpaintRequest, 'grainMatch'> {
  return grainMatch > 0 ? { grainMatch } : {};
}

type Sampling = Pick<
  DiffusionRequest,
  | 'model'
  | 'prompt'
  | 'negativePrompt'
  | 'sampler'
  | 'schedule'
  | 'steps'
  | 'cfgScale'
  | 'clipSkip'
  | 'dialect'
>;

function sampling({ settings, model }: RequestParts): Sampling {
  const { prompt, negativePrompt, sampler, schedule, steps, cfgScale, clipSkip, dialect } =
    settings;
  return {
    model,
    prompt,
    negativePrompt,
    sampler,
    schedule,
    steps,
    cfgScale,
    clipSkip,
    dialect,
  };
}

type Refinements = Pick<
  DiffusionRequest,
  | 'vae'
  | 'partsFrom'
  | 'samplerOptions'
  | 'guidanceRescale'
  | 'emphasis'
  | 'noiseSource'
  | 'etaNoiseSeedDelta'
  | 'variation'
  | 'advanced'
  | 'controls'
  | 'refiner'
>;

/** What few runs need: only what differs from its absence. */
function refinements({ settings, sampler, partsFrom }: RequestParts): Refinements {
  const { vae, guidanceRescale, emphasis, noiseSource, etaNoiseSeedDelta, advanced } = settings;
  const samplerOptions = samplerSettings(settings, sampler);
  const usesDelta = sampler?.options.hasSeedDelta ?? true;
  return {
    ...(vae === '' ? {} : { vae }),
    ...(partsFrom === undefined ? {} : { partsFrom }),
    ...(Object.keys(samplerOptions).length === 0 ? {} : { samplerOptions }),
    ...(guidanceRescale === limits.guidanceRescale.default ? {} : { guidanceRescale }),
    ...(emphasis === 'original' ? {} : { emphasis }),
    ...(noiseSource === 'cpu' ? {} : { noiseSource }),
    ...(etaNoiseSeedDelta === 0 || !usesDelta ? {} : { etaNoiseSeedDelta }),
    ...(settings.variationStrength === 0
      ? {}
      : { variation: { seed: settings.variationSeed, strength: settings.variationStrength } }),
    ...(Object.keys(advanced).length === 0 ? {} : { advanced }),
    ...refinerOf(settings),
    ...(settings.controls.length === 0 ? {} : { controls: controlUnits(settings.controls) }),
  };
}

function samplerSettings(settings: Settings, sampler: SamplerInfo | undefined): SamplerSettings {
  const { eta, sChurn, sTmin, sTmax, sNoise } = settings;
  const options = sampler?.options;
  const hasEta = options === undefined || options.eta !== undefined;
  const hasChurn = options?.hasChurn ?? true;
  const hasNoise = options?.hasNoise ?? true;
  return {
    ...(eta !== undefined && hasEta ? { eta } : {}),
    ...(sChurn !== limits.sChurn.default && hasChurn ? { sChurn } : {}),
    ...(sTmin !== limits.sTmin.default && hasChurn ? { sTmin } : {}),
    ...(sTmax !== limits.sTmax.default && hasChurn ? { sTmax } : {}),
    ...(sNoise !== limits.sNoise.default && hasNoise ? { sNoise } : {}),
  };
}
