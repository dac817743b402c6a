/** The models that a recipe names, looked up among those of this computer. Pure. */
import type { ModelInfo } from '../../shared/api.ts';
import type { ReadRecipe, RecipeRemark } from '../../shared/readRecipe.ts';
import { isUpscalerNetwork } from '../../shared/stages.ts';
import { fileStem } from './foundRecipe.ts';

/** The same recipe with the ids of its checkpoint and of its parts, or a remark for each that is not there. */
export function withLibraryModels(read: ReadRecipe, models: readonly ModelInfo[]): ReadRecipe {
  const { model: modelId, vae: vaeId, partsFrom: lenderId, ...others } = read.settings;
  const { refiner, hires, ...settings } = others;
  const notUsed: RecipeRemark[] = [...read.notUsed];
  const idOf = (
    kind: ModelInfo['kind'],
    names: ReadonlyArray<string | undefined>,
    label: string,
  ) => {
    const named = names.filter((name): name is string => name !== undefined && name !== '');
    const found = named.map((name) => findModel(models, kind, name)).find((id) => id !== undefined);
    const value = named.at(-1);
    if (found === undefined && value !== undefined) {
      notUsed.push({ name: label, value, why: 'No usable file of that name is in the library.' });
    }
    return found;
  };
  const written = read.fields.find((field) => field.name === 'VAE')?.value;
  const vaeName = ['none', 'automatic'].includes(written?.toLowerCase() ?? '')
    ? undefined
    : written;
  const byHash = modelOfHash(models, read.model?.hash);
  const model = byHash ?? idOf('checkpoint', [modelId, read.model?.name], 'Model');
  const vae = idOf('vae', [vaeId, vaeName], 'VAE');
  const partsFrom = lenderOf(read, models, (names) =>
    idOf('checkpoint', [lenderId, ...names], 'Text encoder and VAE of'),
  );
  const [refinerName, refinerHash] = titleParts(refiner?.model);
  const refinerId =
    modelOfHash(models, refinerHash) ?? idOf('checkpoint', [refinerName], 'Refiner');
  const upscaler =
    hires && isUpscalerNetwork(hires.upscaler)
      ? idOf('upscaler', [hires.upscaler], 'Hires upscaler')
      : hires?.upscaler;
  return {
    ...read,
    settings: {
      ...settings,
      ...(refiner && refinerId !== undefined ? { refiner: { ...refiner, model: refinerId } } : {}),
      // Without its network the second pass can still be painted.
      ...(hires ? { hires: { ...hires, upscaler: upscaler ?? 'lanczos' } } : {}),
      ...(model === undefined ? {} : { model }),
      ...(vae === undefined ? {} : { vae }),
      ...(partsFrom === undefined ? {} : { partsFrom }),
    },
    notUsed,
  };
}

/** Whose text encoder and VAE a UNet alone ran with: by the file's hash, else by name. */
function lenderOf(
  { recipes }: ReadRecipe,
  models: readonly ModelInfo[],
  named: (names: readonly string[]) => string | undefined,
): string | undefined {
  const lent = recipes.at(-1)?.parts;
  return modelOfHash(models, lent?.hash) ?? named(lent ? [lent.name] : []);
}

/** AUTOMATIC1111's short titles: "name [hash]". */
function titleParts(title: string | undefined): [name: string | undefined, hash?: string] {
  const [, name, hash] = /^(.*?)\s*(?:\[([0-9a-f]{10,64})\])?$/.exec(title ?? '') ?? [];
  return hash === undefined ? [name] : [name, hash];
}

/** A hash names one file, a name may have been given to many; a few digits say too little. */
function modelOfHash(models: readonly ModelInfo[], hash: string | undefined): string | undefined {
  const wanted = hash?.toLowerCase().slice(0, hashDigits);
  if (wanted?.length !== hashDigits) return undefined;
  return models.find((m) => m.kind === 'checkpoint' && m.usable && m.hash === wanted)?.id;
}

const hashDigits = 10;

function findModel(
  models: readonly ModelInfo[],
  kind: ModelInfo['kind'],
  name: string,
): string | undefined {
  const wanted = fileStem(name).toLowerCase();
  const usable = models.filter((m) => m.kind === kind && m.usable);
  return (
    usable.find((m) => m.id === name) ??
    usable.find((m) => fileStem(m.name).toLowerCase() === wanted)
  )?.id;
}
