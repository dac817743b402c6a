/** Pentimento's own recipes, as they stand in a file's XMP packet. Pure. */
import { type ReadRecipe, type RecipeField, ReusableSettings } from '../../shared/readRecipe.ts';
import { parametersText, type Recipe } from '../../shared/recipe.ts';
import { needsModel } from '../../shared/request.ts';
import { controlReason } from './reusableSettings.ts';

/** The settings of the last one (the top layer's) with the seed of that very picture; at least one is needed. */
export function ownRecipe(recipes: readonly Recipe[]): ReadRecipe {
  const recipe = recipes[recipes.length - 1];
  const { request, model } = recipe;
  const reusable = Object.keys(ReusableSettings.shape);
  const settings = ReusableSettings.parse({
    ...Object.fromEntries(Object.entries(request).filter(([name]) => reusable.includes(name))),
    ...(needsModel(request) ? { model: model?.id ?? request.model } : {}),
    seed: recipe.seed,
  });
  return {
    source: 'pentimento',
    program: recipe.made,
    place: 'XMP',
    text: parametersText(recipe),
    fields: Object.entries(request).flatMap(([name, value]) => fieldOf(name, value)),
    settings,
    ...(model === undefined ? {} : { model: modelOf(model) }),
    notUsed: controlRemarks(recipe),
    recipes: [...recipes],
  };
}

/** What a ControlNet looked at is not in the recipe. */
function controlRemarks({ request, controls = [] }: Recipe): ReadRecipe['notUsed'] {
  if (!needsModel(request) || !request.controls) return [];
  const names = request.controls.map(({ model }, i) => controls[i] ?? model);
  return [{ name: 'ControlNet', value: names.join(', '), why: controlReason }];
}

function modelOf(model: NonNullable<Recipe['model']>): NonNullable<ReadRecipe['model']> {
  return { name: model.name, ...(model.hash === undefined ? {} : { hash: model.hash }) };
}

const shownElsewhere = ['prompt', 'negativePrompt', 'document', 'region'];

function fieldOf(name: string, value: unknown): RecipeField[] {
  if (shownElsewhere.includes(name) || value === undefined) return [];
  return [{ name, value: typeof value === 'string' ? value : JSON.stringify(value) }];
}
