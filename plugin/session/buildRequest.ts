import type { Rect } from '../../shared/geometry.ts';
import type {
  DiffusionRequest,
  DocumentInfo,
  GenerateRequest,
  InpaintRequest,
} from '../../shared/request.ts';
import type { Settings } from './settings.ts';

export interface RequestParts {
  readonly kind: GenerateRequest['kind'];
  readonly settings: Settings;
  readonly document: DocumentInfo;
  /** What was captured, document pixels. */
  readonly region: Rect;
  /** Id of the model that runs; ignored by 'remove'. */
  readonly model: string;
}

/** The request for what was captured: everything that decides the picture, nothing else. */
export function buildRequest(parts: RequestParts): GenerateRequest {
  const { kind, settings, document, region } = parts;
  const place = { document, region };
  const output = { seed: settings.isSeedFixed ? settings.seed : -1, count: settings.count };
  const { strength, colorMatch } = settings;
  if (kind === 'remove') return { kind, ...place, ...output, ...masking(settings) };
  const common = { ...place, ...output, ...sampling(parts) };
  if (kind === 'text') return { kind, ...common };
  if (kind === 'image') return { kind, ...common, strength, colorMatch };
  const { maskedContent, area, paddingPx } = settings;
  return { kind, ...common, ...masking(settings), strength, maskedContent, area, paddingPx };
}

function masking(settings: Settings): Pick<InpaintRequest, 'featherPx' | 'growPx' | 'colorMatch'> {
  const { featherPx, growPx, colorMatch } = settings;
  return { featherPx, growPx, colorMatch };
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
  const { prompt, negativePrompt, sampler, schedule, steps, cfgScale } = settings;
  return {
    model,
    prompt,
    negativePrompt,
    sampler,
    schedule,
    steps,
    cfgScale,
    clipSkip: 1,
    dialect: 'pentimento',
  };
}

/** The settings that a recipe was made with: for "more like this" and "edit and run again". */
export function settingsOfRequest(request: GenerateRequest, seed: number): Partial<Settings> {
  const { count } = request;
  const fixed = { seed, isSeedFixed: true, count };
  if (request.kind === 'remove') {
    const { featherPx, growPx, colorMatch } = request;
    return { mode: 'remove', ...fixed, featherPx, growPx, colorMatch };
  }
  const { prompt, negativePrompt, sampler, schedule, steps, cfgScale, model } = request;
  const shared = {
    ...fixed,
    prompt,
    negativePrompt,
    sampler,
    schedule,
    steps,
    cfgScale,
    model,
  };
  if (request.kind === 'text') return { ...shared, mode: 'fill', strength: 1 };
  const { strength, colorMatch } = request;
  if (request.kind === 'image') return { ...shared, mode: 'refine', strength, colorMatch };
  const { featherPx, growPx, maskedContent, area, paddingPx } = request;
  return {
    ...shared,
    mode: 'fill',
    strength,
    colorMatch,
    featherPx,
    growPx,
    maskedContent,
    area,
    paddingPx,
  };
}
