/**
 * A recipe read from a picture, whichever program wrote it. POST /v1/recipes takes the file's bytes (a
 * picture, or a text or JSON file that holds such a recipe) and answers with a ReadRecipe.
 */
import { z } from 'zod';
import { Recipe } from './recipe.ts';
import { InpaintRequest } from './request.ts';
import { HiresFix } from './stages.ts';

/** The part of a request that a picture's recipe can fill in; every field is optional and in range. */
export const ReusableSettings = InpaintRequest.pick({
  model: true,
  vae: true,
  partsFrom: true,
  prompt: true,
  negativePrompt: true,
  sampler: true,
  schedule: true,
  steps: true,
  cfgScale: true,
  clipSkip: true,
  dialect: true,
  samplerOptions: true,
  guidanceRescale: true,
  emphasis: true,
  noiseSource: true,
  etaNoiseSeedDelta: true,
  variation: true,
  advanced: true,
  refiner: true,
  workingSize: true,
  seed: true,
  strength: true,
  featherPx: true,
  growPx: true,
  colorMatch: true,
  grainMatch: true,
  maskedContent: true,
  area: true,
  paddingPx: true,
})
  .extend({ hires: HiresFix })
  .partial();
export type ReusableSettings = z.infer<typeof ReusableSettings>;

/** The programs whose recipes are understood; many others write AUTOMATIC1111's form. */
export const RecipeSource = z.enum([
  'pentimento',
  'a1111',
  'comfyui',
  'novelai',
  'invokeai',
  'fooocus',
]);
export type RecipeSource = z.infer<typeof RecipeSource>;

/** One line of a recipe as its program wrote it. */
export const RecipeField = z.strictObject({ name: z.string(), value: z.string() });
export type RecipeField = z.infer<typeof RecipeField>;

/** Something in the recipe that `settings` does not hold, and why, in a sentence. */
export const RecipeRemark = z.strictObject({
  name: z.string(),
  value: z.string(),
  why: z.string(),
});
export type RecipeRemark = z.infer<typeof RecipeRemark>;

export const ReadRecipe = z.strictObject({
  source: RecipeSource,
  /** Name and version as far as the file tells: "AUTOMATIC1111 v1.10.1". */
  program: z.string(),
  /** Where in the file it stood: "PNG text parameters", "Exif comment", "XMP". */
  place: z.string(),
  /** The whole recipe as text to show or copy: AUTOMATIC1111's form where there is one. */
  text: z.string(),
  /** Every field found, in the file's order, prompts left out. */
  fields: z.array(RecipeField),
  /** What a new request can take over. */
  settings: ReusableSettings,
  /** The checkpoint as the file names it; `settings.model` is set only when the library has it. */
  model: z.strictObject({ name: z.string().optional(), hash: z.string().optional() }).optional(),
  notUsed: z.array(RecipeRemark),
  /** Pentimento's own recipes in the file, whole, bottom layer first; empty for other programs. */
  recipes: z.array(Recipe),
});
export type ReadRecipe = z.infer<typeof ReadRecipe>;
