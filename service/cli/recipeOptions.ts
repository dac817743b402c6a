/** --recipe FILE: a picture's recipe as the defaults of a run. Options that are given go before it. */
import type { ReadRecipe, ReusableSettings } from '../../shared/readRecipe.ts';
import { withLibraryModels } from '../recipes/libraryModels.ts';
import type { ServiceClient } from './client.ts';
import type { PreparedRun } from './generate.ts';
import type { Options } from './options.ts';

/** The options by the settings that they stand for; what has no option of its own is in `unflagged`. */
const flagOf = {
  prompt: 'prompt',
  negativePrompt: 'avoid',
  sampler: 'sampler',
  schedule: 'schedule',
  steps: 'steps',
  cfgScale: 'cfg',
  clipSkip: 'clip-skip',
  dialect: 'dialect',
  seed: 'seed',
  strength: 'strength',
  featherPx: 'feather',
  growPx: 'grow',
  colorMatch: 'color-match',
  grainMatch: 'grain-match',
  maskedContent: 'content',
  area: 'area',
  paddingPx: 'padding',
} as const satisfies Partial<Record<keyof ReusableSettings, keyof Options>>;

const unflaggedNames = [
  'samplerOptions',
  'guidanceRescale',
  'emphasis',
  'noiseSource',
  'etaNoiseSeedDelta',
  'variation',
  'advanced',
  'refiner',
  'hires',
] as const;
export type UnflaggedSettings = Pick<ReusableSettings, (typeof unflaggedNames)[number]>;

/** The options with what the recipe says where nothing is given. */
export function withRecipeOptions(options: Options, { settings }: ReadRecipe): Options {
  const filled: Record<string, unknown> = { ...options };
  for (const [setting, flag] of Object.entries(flagOf)) {
    const value = settings[setting as keyof typeof flagOf];
    if (options[flag] === undefined && value !== undefined) filled[flag] = String(value);
  }
  return filled as Options;
}

/** Text to image has no picture whose size it would take. */
export function withRecipeSize(options: Options, { settings }: ReadRecipe): Options {
  const { workingSize: size } = settings;
  if (!size || options.width !== undefined || options.height !== undefined) return options;
  return { ...options, width: String(size.width), height: String(size.height) };
}

/** The recipe's settings that no option names. */
export function unflaggedSettings({ settings }: ReadRecipe): UnflaggedSettings {
  const entries = unflaggedNames.map((name) => [name, settings[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** How far two shapes may differ to count as the same. */
const shapeTolerance = 0.02;

/**
 * The run with the recipe's checkpoint and VAE where the library has them, and its working size where
 * the whole picture is worked over and has that shape. Answers what could not be taken over as well.
 */
export async function withRecipeModels(
  run: PreparedRun,
  recipe: ReadRecipe,
  client: ServiceClient,
): Promise<{ run: PreparedRun; notes: string[] }> {
  const { settings, notUsed } = withLibraryModels(recipe, (await client.models()).models);
  const { options } = run;
  const model = options.model ?? settings.model;
  const vae = options.vae ?? settings.vae;
  // A model that is named here need not be a UNet alone.
  const lender = options['parts-from'] ?? (options.model === undefined ? settings.partsFrom : '');
  const parts = lender ? { 'parts-from': lender } : {};
  const size = settings.workingSize;
  const takesSize = size && run.settings.workingSize === undefined && hasShape(run, size);
  return {
    run: {
      ...run,
      options: { ...options, ...(model ? { model } : {}), ...(vae ? { vae } : {}), ...parts },
      unflagged: withFoundStages(run, settings),
      settings: takesSize ? { ...run.settings, workingSize: size } : run.settings,
    },
    notes: notUsed.map(({ name, why }) => `not taken from the recipe: ${name}. ${why}`),
  };
}

/** What a recipe's further stages are made with, by the names of this library; what is not there is left out. */
function withFoundStages(
  { unflagged, options }: PreparedRun,
  found: ReusableSettings,
): UnflaggedSettings {
  const { refiner, hires, ...others } = unflagged;
  const model = options.refiner === undefined ? found.refiner : refiner;
  const upscaler = options['hires-upscaler'] ?? found.hires?.upscaler;
  return {
    ...others,
    ...(refiner && model ? { refiner: { ...refiner, model: model.model } } : {}),
    ...(hires ? { hires: { ...hires, ...(upscaler ? { upscaler } : {}) } } : {}),
  };
}

function hasShape(
  { picture, settings, kind }: PreparedRun,
  size: { width: number; height: number },
): boolean {
  if (kind === 'remove' || (kind === 'inpaint' && settings.area !== 'whole')) return false;
  const { width, height } = picture.raster;
  return Math.abs((size.width * height) / (size.height * width) - 1) < shapeTolerance;
}
