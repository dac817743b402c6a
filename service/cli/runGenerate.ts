/** inpaint, remove, img2img, variants: options, recipe and styles put together, then run. */
import { PentimentoError } from '../../shared/errors.ts';
import type { ServiceClient } from './client.ts';
import { beginDocument } from './documentFile.ts';
import {
  generate,
  openRun,
  prepareOpened,
  withCanvasFor,
  withOptions,
  type GenerateCommand,
  type PreparedRun,
  type RunTools,
} from './generate.ts';
import { nativeSideOf, withModelDefaults } from './modelDefaults.ts';
import type { Options } from './options.ts';
import {
  unflaggedSettings,
  withRecipeModels,
  withRecipeOptions,
  withRecipeSize,
} from './recipeOptions.ts';

type WithService = (work: (client: ServiceClient) => Promise<void>) => Promise<void>;

/** Whether the options ask for more than seeds in a row. */
function isExpanded({ vary, matrix, prompts, loopback }: Options): boolean {
  return [vary, matrix, prompts, loopback].some((option) => option !== undefined);
}

/**
 * Everything that can be refused is refused before the service is asked; what few commands need is loaded where it
 * is asked for. Throws PentimentoErrors.
 */
export async function runGenerate(
  command: GenerateCommand,
  file: string,
  options: Options,
  { withService, ...tools }: RunTools & { readonly withService: WithService },
): Promise<void> {
  const several = isExpanded(options) ? await import('./variants.ts') : undefined;
  if (several && command !== 'variants') {
    throw new PentimentoError(
      'E_USAGE',
      '--vary, --matrix, --prompts and --loopback belong to "pentimento variants".',
    );
  }
  const isStyled = (options.style ?? options.styles) !== undefined;
  const styling = isStyled ? await import('./styleOptions.ts') : undefined;
  const styles = (await styling?.readStyles(options)) ?? [];
  const recipe = options.recipe === undefined ? undefined : await recipeIn(options.recipe);
  const filled = recipe ? withRecipeOptions(options, recipe) : options;
  const sized = recipe && command === 'txt2img' ? withRecipeSize(filled, recipe) : filled;
  const own = several || !styling ? sized : styling.withStyles(sized, styles);
  const opened = await openRun(command, file, own, recipe ? unflaggedSettings(recipe) : {});
  // What lies below the results of an expansion moves as soon as they are there.
  const isEarly = !several && command !== 'expand';
  const begun = isEarly
    ? beginDocument(opened.out, opened.picture, opened.settings.count)
    : undefined;
  try {
    const prepared = { ...(await prepareOpened(opened)), begun };
    const work = async (client: ServiceClient, asked: PreparedRun) => {
      const run = await suited(client, command, asked, tools);
      if (!several) return generate(client, run, tools);
      return several.generateVariants(client, await several.expandRun(run, styles), tools);
    };
    // Told before a service is started.
    if (!recipe) await several?.expandRun(prepared, styles);
    await withService(async (client) => {
      if (!recipe) return work(client, prepared);
      const { run, notes } = await withRecipeModels(prepared, recipe, client);
      for (const note of notes) tools.terminal.note(note);
      return work(client, run);
    });
  } finally {
    await begun?.discard();
  }
}

/** The readers of other programs' recipes are loaded where one is asked for. */
async function recipeIn(picture: string) {
  const { openRecipe } = await import('./recipe.ts');
  return openRecipe(picture);
}

/** The run with what its model was made for; the tools say so. */
async function suited(
  client: ServiceClient,
  command: GenerateCommand,
  run: PreparedRun,
  { terminal }: RunTools,
): Promise<PreparedRun> {
  if (run.kind === 'remove' || run.kind === 'expand-patches') return run;
  const { models } = await client.models();
  const { options, note } = withModelDefaults(run.options, models);
  const sized = run.kind === 'text' ? withCanvasFor(run, nativeSideOf(run.options, models)) : run;
  if (note === undefined) return sized;
  terminal.note(note);
  return withOptions(sized, command, { options, unflagged: run.unflagged });
}
