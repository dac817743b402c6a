/** A recipe that was read, as what the artist may take over from it. Pure. */
import type { ModelInfo } from '../../shared/api.ts';
import type { ReadRecipe, RecipeRemark } from '../../shared/readRecipe.ts';
import { parametersText, type Recipe } from '../../shared/recipe.ts';
import type { Settings } from './settings.ts';
import { refinementsOf, settingsOfRequest } from './settingsOfRequest.ts';

export interface RecipeOffer {
  /** The file, or the layer. */
  readonly title: string;
  /** Which program wrote it, and where it stood. */
  readonly origin: string;
  /** Everything that can be taken over. */
  readonly change: Partial<Settings>;
  readonly notUsed: readonly RecipeRemark[];
  /** The model it was made with, when that is not at hand. */
  readonly missingModel: string | undefined;
  /** The whole recipe, to copy. */
  readonly text: string;
}

/** How much of it: everything, everything but the seed, or one thing alone. */
export type RecipePart = 'all' | 'all-but-seed' | 'prompt' | 'seed';

export function offerOfFile(
  title: string,
  read: ReadRecipe,
  models: readonly ModelInfo[],
): RecipeOffer {
  const {
    workingSize,
    variation: _variation,
    samplerOptions: _options,
    refiner: _refiner,
    ...settings
  } = read.settings;
  const made = read.recipes.at(-1);
  const whole = made ? settingsOfRequest(made.request, made) : refinementsOf(read.settings, 0);
  const size: RecipeRemark[] = workingSize
    ? [
        {
          name: 'Size',
          value: `${workingSize.width} × ${workingSize.height}`,
          why: 'The size follows from the document and the selection.',
        },
      ]
    : [];
  const { seed } = settings;
  return withKnownModel(
    {
      title,
      origin: `${read.program}, ${read.place}`,
      change: {
        ...whole,
        ...known(settings),
        ...(seed === undefined ? {} : { isSeedFixed: seed >= 0, seed: Math.max(0, seed) }),
      },
      notUsed: [...size, ...read.notUsed],
      missingModel: read.model && modelName(read.model),
      text: read.text,
    },
    models,
  );
}

export function offerOfLayer(
  title: string,
  recipe: Recipe,
  models: readonly ModelInfo[],
): RecipeOffer {
  return withKnownModel(
    {
      title,
      origin: recipe.made,
      change: settingsOfRequest(recipe.request, recipe),
      notUsed: [],
      missingModel: recipe.model && modelName(recipe.model),
      text: parametersText(recipe),
    },
    models,
  );
}

/** A model or its parts that are not there are not taken over; the present ones stay. */
function withKnownModel(offer: RecipeOffer, models: readonly ModelInfo[]): RecipeOffer {
  const { model, vae, partsFrom, ...change } = offer.change;
  const isUsable = (id: string, kind: ModelInfo['kind']) =>
    models.some((m) => m.id === id && m.kind === kind && m.usable);
  const hasModel = model !== undefined && isUsable(model, 'checkpoint');
  const hasVae = vae !== undefined && (vae === '' || isUsable(vae, 'vae'));
  const hasLender =
    partsFrom !== undefined && (partsFrom === '' || isUsable(partsFrom, 'checkpoint'));
  const lost: RecipeRemark[] = [
    ...(vae === undefined || hasVae ? [] : [missing('VAE', vae)]),
    ...(partsFrom === undefined || hasLender ? [] : [missing('Parts of', partsFrom)]),
  ];
  return {
    ...offer,
    change: {
      ...change,
      ...(hasModel ? { model } : {}),
      ...(hasVae ? { vae } : {}),
      ...(hasLender ? { partsFrom } : {}),
    },
    // The missing model is told apart.
    notUsed: [...offer.notUsed.filter(({ name }) => name !== 'Model'), ...lost],
    missingModel: hasModel ? undefined : (offer.missingModel ?? model),
  };
}

function missing(name: string, value: string): RecipeRemark {
  return { name, value, why: 'It is not in your library.' };
}

function modelName(model: {
  readonly name?: string | undefined;
  readonly hash?: string | undefined;
}): string | undefined {
  const { name, hash } = model;
  const words = [name, hash === undefined ? undefined : `[${hash}]`];
  return words.filter((word) => word !== undefined).join(' ') || undefined;
}

/** Without what is not set. */
function known<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

const promptNames = ['prompt', 'negativePrompt'] as const;
/** What makes the same noise again. */
const seedNames = [
  'seed',
  'isSeedFixed',
  'variationSeed',
  'variationStrength',
  'noiseSource',
  'etaNoiseSeedDelta',
] as const;

/** What a choice changes; empty when the recipe has nothing of the kind. */
export function changeOfPart(offer: RecipeOffer, part: RecipePart): Partial<Settings> {
  const named = (names: readonly string[], isWanted: boolean) =>
    Object.fromEntries(
      Object.entries(offer.change).filter(([name]) => names.includes(name) === isWanted),
    ) as Partial<Settings>;
  switch (part) {
    case 'all':
      return offer.change;
    case 'all-but-seed':
      return named(seedNames, false);
    case 'prompt':
      return named(promptNames, true);
    case 'seed':
      return offer.change.seed === undefined ? {} : named(seedNames, true);
  }
}
