/**
 * A recipe is stored with every result and on its layer: enough to make the same pixels again.
 * `request` has its seed fixed; `index` says which variant this is.
 */
import { z } from 'zod';
import { advancedFields, softInpaintingFields } from './advancedText.ts';
import { controlFields } from './controlText.ts';
import { Rect, Size } from './geometry.ts';
import { printFields, printInfotext } from './infotext.ts';
import { hiresFields, refinerFields, upscaleFields } from './stagesText.ts';
import {
  GenerateRequest,
  needsModel,
  type DiffusionRequest,
  type Emphasis,
  type InpaintRequest,
} from './request.ts';

export const ModelReference = z.strictObject({
  id: z.string(),
  name: z.string(),
  family: z.string(),
  /** First ten hex digits of the file's SHA-256, when known. */
  hash: z.string().optional(),
});
export type ModelReference = z.infer<typeof ModelReference>;

/** Colour difference (CIEDE2000, mean) between result and original on known pixels at the seam. */
export const ColorReport = z.strictObject({ before: z.number(), after: z.number() });
export type ColorReport = z.infer<typeof ColorReport>;

/** Standard deviation of the noise (levels of 255) around what was painted, and in it. */
export const GrainReport = z.strictObject({
  around: z.number(),
  before: z.number(),
  after: z.number(),
});
export type GrainReport = z.infer<typeof GrainReport>;

export const Recipe = z.strictObject({
  version: z.literal(1),
  /** Program and version, "pentimento 0.1.0". */
  made: z.string(),
  request: GenerateRequest,
  index: z.number().int().min(0),
  /** The seed of this very picture. */
  seed: z.number().int().min(0),
  model: ModelReference.optional(),
  /** Where the model is a UNet alone: the one whose text encoders and VAE it ran with. */
  parts: ModelReference.optional(),
  /** The LoRA files that took part and whose hash is known (twelve hex digits, over the tensors alone). */
  loras: z.array(z.strictObject({ name: z.string(), hash: z.string() })).optional(),
  /** The embeddings that its words named and whose hash is known (twelve hex digits of the file's). */
  embeddings: z.array(z.strictObject({ name: z.string(), hash: z.string() })).optional(),
  /** Names of the request's ControlNets, in its order. */
  controls: z.array(z.string()).optional(),
  refiner: ModelReference.optional(),
  /** Names of the upscaler networks, in the request's order. */
  upscalers: z.array(z.string()).optional(),
  /** What the request's names stood for: AUTOMATIC1111's names, "automatic" looked up. */
  sampling: z.strictObject({ sampler: z.string(), schedule: z.string() }).optional(),
  context: Rect,
  workingSize: Size,
  color: ColorReport.optional(),
  grain: GrainReport.optional(),
  /** SHA-256 (hex) of the frame that the run started from. */
  inputSha256: z.string().optional(),
});
export type Recipe = z.infer<typeof Recipe>;

/**
 * The recipe as AUTOMATIC1111's `parameters` text, which image programs and model sites read: its own names,
 * in its own order (modules/processing.py create_infotext). What has no name there is in the XMP only.
 */
export function parametersText(recipe: Recipe): string {
  const r = recipe.request;
  if (r.kind === 'upscale') {
    const own: Fields = [...upscaleFields(r, recipe.upscalers ?? []), ['Version', recipe.made]];
    return printFields(writtenFields(own));
  }
  if (!needsModel(r)) {
    const what = r.kind === 'expand-patches' ? 'Expanded' : 'Remove';
    return `${what} without a model\nSeed: ${recipe.seed}, Version: ${recipe.made}`;
  }
  return printInfotext(r, writtenFields(paintedFields(recipe, r)));
}

function paintedFields(recipe: Recipe, r: DiffusionRequest): Fields {
  const { width, height } = recipe.workingSize;
  const { advanced = {} } = r;
  const { seedSize } = advanced;
  return [
    ['Steps', r.steps],
    ['Sampler', recipe.sampling?.sampler ?? r.sampler],
    ['Schedule type', recipe.sampling?.schedule ?? r.schedule],
    ['CFG scale', r.cfgScale],
    ['Image CFG scale', advanced.imageCfgScale],
    ['Seed', recipe.seed],
    ['Size', `${width}x${height}`],
    ['Model hash', recipe.model?.hash],
    ['Model', recipe.model?.name],
    ['VAE', r.vae],
    ...variationFields(recipe, r),
    ['Seed resize from', seedSize && `${seedSize.width}x${seedSize.height}`],
    ['Denoising strength', r.kind === 'text' ? r.hires?.strength : r.strength],
    ['Conditional mask weight', advanced.maskedPictureWeight],
    ['Clip skip', r.clipSkip > 1 ? r.clipSkip : undefined],
    ['ENSD', r.etaNoiseSeedDelta || undefined],
    ['RNG', r.noiseSource === 'nv' ? 'NV' : 'CPU'],
    ...(r.kind === 'inpaint' ? maskFields(r) : []),
    ...stageFields(recipe, r),
    ['Noise multiplier', advanced.noiseMultiplier],
    ['Lora hashes', hashList(recipe.loras)],
    ['TI hashes', hashList(recipe.embeddings)],
    ['Emphasis', r.emphasis === undefined ? undefined : emphasisNames[r.emphasis]],
    ...advancedFields(advanced),
    ...samplerFields(recipe, r),
    ...controlFields(r.controls ?? [], recipe.controls ?? []),
    ['Version', recipe.made],
  ];
}

function stageFields({ upscalers = [], refiner }: Recipe, r: DiffusionRequest): Fields {
  return [...(r.kind === 'text' ? hiresFields(r, upscalers) : []), ...refinerFields(r, refiner)];
}

function writtenFields(fields: Fields): Array<[name: string, value: string]> {
  const written = fields.filter(([, value]) => value !== undefined);
  return written.map(([name, value]) => [name, String(value)]);
}

type Fields = Array<readonly [name: string, value: string | number | undefined]>;

const emphasisNames = {
  original: undefined,
  'no-norm': 'No norm',
  ignore: 'Ignore',
  none: 'None',
} as const satisfies Record<Emphasis, string | undefined>;

/** Variant i of a run with a variation uses the variation seed + i. */
function variationFields({ index }: Recipe, { variation }: DiffusionRequest): Fields {
  if (variation === undefined || variation.strength === 0) return [];
  return [
    ['Variation seed', variation.seed + index],
    ['Variation seed strength', variation.strength],
  ];
}

/** extensions-builtin/Lora/extra_networks_lora.py, modules/sd_hijack_clip.py: their separators are taken out of names. */
function hashList(files: Recipe['loras'] = []): string | undefined {
  const texts = files.map(({ name, hash }) => `${name.replaceAll(/[:,]/g, '')}: ${hash}`);
  return texts.length > 0 ? texts.join(', ') : undefined;
}

function maskFields(r: InpaintRequest): Fields {
  const { featherPx, area, paddingPx, maskedContent, advanced } = r;
  const soft = advanced?.softInpainting;
  return [
    ...(soft ? softInpaintingFields(soft) : []),
    ['Mask blur', featherPx > 0 ? featherPx : undefined],
    ['Inpaint area', area === 'whole' ? undefined : 'Only masked'],
    ['Masked area padding', area === 'masked' ? paddingPx : undefined],
    ['Masked content', maskedContent === 'original' ? undefined : maskedContent.replace('-', ' ')],
  ];
}

function samplerFields({ sampling }: Recipe, { samplerOptions }: DiffusionRequest): Fields {
  const { eta, sChurn, sTmin, sTmax, sNoise } = samplerOptions ?? {};
  return [
    [sampling?.sampler === 'DDIM' ? 'Eta DDIM' : 'Eta', eta],
    ['Sigma churn', sChurn],
    ['Sigma tmin', sTmin],
    ['Sigma tmax', sTmax],
    ['Sigma noise', sNoise],
  ];
}
