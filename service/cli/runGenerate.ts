/** inpaint, remove, img2img, variants: options, recipe and styles put together, then run. */
import { PentimentoError } from '../../shared/errors.ts';
import type { ServiceClient } from './client.ts';
import {
  generate,
  prepareRun,
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
import { readStyles, withStyles } from './styleOptions.ts';
import { expandRun, generateVariants, isExpanded } from './variants.ts';

type WithService = (work: (client: ServiceClient) => Promise<void>) => Promise<void>;

/** Everything that can be refused is refused before the service is asked. Throws PentimentoErrors. */
export async function runGenerate(
  command: GenerateCommand,
  file: string,
  options: Options,
  { withService, ...tools }: RunTools & { readonly withService: WithService },
): Promise<void> {
  const several = isExpanded(options);
  if (several && command !== 'variants') {
    throw new PentimentoError(
      'E_USAGE',
      '--vary, --matrix, --prompts and --loopback belong to "pentimento variants".',
    );
  }
  const styles = await readStyles(options);
  const recipe = options.recipe === undefined ? undefined : await recipeIn(options.recipe);
  const filled = recipe ? withRecipeOptions(options, recipe) : options;
  const sized = recipe && command === 'txt2img' ? withRecipeSize(filled, recipe) : filled;
  const own = several ? sized : withStyles(sized, styles);
  const prepared = await prepareRun(command, file, own, recipe ? unflaggedSettings(recipe) : {});
  const work = async (client: ServiceClient, asked: PreparedRun) => {
    const run = await suited(client, command, asked, tools);
    return several
      ? generateVariants(client, await expandRun(run, styles), tools)
      : generate(client, run, tools);
  };
  if (!recipe) {
    // Told before a service is started.
    if (several) await expandRun(prepared, styles);
    return withService((client) => work(client, prepared));
  }
  return withService(async (client) => {
    const { run, notes } = await withRecipeModels(prepared, recipe, client);
    for (const note of notes) tools.terminal.note(note);
    return work(client, run);
  });
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
