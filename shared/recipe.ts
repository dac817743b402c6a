/**
 * A recipe is stored with every result and on its layer: enough to make the same pixels again.
 * `request` has its seed fixed; `index` says which variant this is.
 */
import { z } from 'zod';
import { Rect, Size } from './geometry.ts';
import { GenerateRequest, needsModel } from './request.ts';

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

export const Recipe = z.strictObject({
  version: z.literal(1),
  /** Program and version, "pentimento 0.1.0". */
  made: z.string(),
  request: GenerateRequest,
  index: z.number().int().min(0),
  /** The seed of this very picture. */
  seed: z.number().int().min(0),
  model: ModelReference.optional(),
  /** What the request's names stood for: AUTOMATIC1111's names, "automatic" looked up. */
  sampling: z.strictObject({ sampler: z.string(), schedule: z.string() }).optional(),
  context: Rect,
  workingSize: Size,
  color: ColorReport.optional(),
  /** SHA-256 (hex) of the frame that the run started from. */
  inputSha256: z.string().optional(),
});
export type Recipe = z.infer<typeof Recipe>;

/** The recipe as AUTOMATIC1111's `parameters` text, which image programs and model sites read. */
export function parametersText(recipe: Recipe): string {
  const r = recipe.request;
  if (!needsModel(r)) {
    return `Remove without a model\nSeed: ${recipe.seed}, Version: ${recipe.made}`;
  }
  const fields: Array<[string, string | number]> = [
    ['Steps', r.steps],
    ['Sampler', recipe.sampling?.sampler ?? r.sampler],
    ['Schedule type', recipe.sampling?.schedule ?? r.schedule],
    ['CFG scale', r.cfgScale],
    ['Seed', recipe.seed],
    ['Size', `${recipe.workingSize.width}x${recipe.workingSize.height}`],
  ];
  if (recipe.model?.hash) fields.push(['Model hash', recipe.model.hash]);
  if (recipe.model) fields.push(['Model', quoted(recipe.model.name)]);
  if (r.kind !== 'text') fields.push(['Denoising strength', r.strength]);
  if (r.clipSkip > 1) fields.push(['Clip skip', r.clipSkip]);
  fields.push(['RNG', 'CPU']);
  if (r.kind === 'inpaint') {
    if (r.featherPx > 0) fields.push(['Mask blur', r.featherPx]);
    if (r.maskedContent !== 'original')
      fields.push(['Masked content', r.maskedContent.replace('-', ' ')]);
    if (r.area !== 'whole') fields.push(['Inpaint area', 'Only masked']);
    if (r.area === 'masked') fields.push(['Masked area padding', r.paddingPx]);
  }
  fields.push(['Version', recipe.made]);
  const head = r.negativePrompt ? `${r.prompt}\nNegative prompt: ${r.negativePrompt}` : r.prompt;
  return `${head}\n${fields.map(([k, v]) => `${k}: ${v}`).join(', ')}`;
}

/** Values that hold a separator are quoted as JSON, as the format asks. */
function quoted(text: string): string {
  return /[,:\n]/.test(text) ? JSON.stringify(text) : text;
}
