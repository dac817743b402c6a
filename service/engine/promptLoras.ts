/** The LoRA files that a prompt names with `<lora:name:0.8>`. */
import { nearestNames } from '../../shared/nearest.ts';
import type { AdapterFile } from './networks/openAdapters.ts';
import type { PipelineOptions } from './plan/pipelineOptions.ts';
import { blockWeightsOf } from './prompt/blockWeights.ts';
import { loraOf, takeNetworkTags } from './prompt/extraNetworks.ts';
import type { EmbeddingFile } from './promptEmbeddings.ts';
import { bundledEmbeddings } from './weights/openEmbedding.ts';
import { loraOfOtherFamily } from './weights/refuseModel.ts';

/** A LoRA in the library. */
export interface LoraFile {
  /** The word that calls it: its file name without ending. */
  readonly name: string;
  /** Other words that call it: its place below the folder, its trainer's name for it. */
  readonly aliases?: readonly string[] | undefined;
  readonly path: string;
  /** 'sd1', 'sdxl', ...; 'unknown' when its header does not say. */
  readonly family: string;
}

export interface NamedLoras {
  readonly adapters: readonly AdapterFile[];
  /** What is named and not used, and why. */
  readonly notes: readonly string[];
}

const loraTypes = new Set(['lora', 'lyco']);

/**
 * In the order of the tags; the same file may be named twice. Throws E_MODEL_FAMILY for a file that was
 * made for another family than the model's. diffusers' own language knows no tags.
 */
export function namedLoras(
  prompt: string,
  files: readonly LoraFile[],
  {
    family,
    language,
  }: { readonly family: string; readonly language: PipelineOptions['promptLanguage'] },
): NamedLoras {
  const adapters: AdapterFile[] = [];
  if (language === 'plain') return { adapters, notes: [] };
  const [missing, unreadable, unranked, unblocked, unstepped] = Array.from(
    { length: 5 },
    () => new Set<string>(),
  );
  for (const { type, items } of takeNetworkTags(prompt).tags) {
    if (!loraTypes.has(type.toLowerCase())) continue;
    const tag = loraOf(items);
    const file = tag && fileNamed(tag.name, files);
    if (!tag || !Number.isFinite(tag.textWeight) || !Number.isFinite(tag.unetWeight)) {
      unreadable.add(items[0] ?? '');
    } else if (!file) missing.add(tag.name);
    else {
      refuseOtherFamily(file, family);
      const { dynamicRank: rank, blockWeights, unknown } = tag;
      const blocks = blockWeights === undefined ? undefined : blockWeightsOf(blockWeights, family);
      if (rank !== undefined && rank < 1) unranked.add(tag.name);
      else if (blockWeights !== undefined && !blocks) unblocked.add(tag.name);
      else {
        if (unknown.length > 0) unstepped.add(tag.name);
        const { textWeight: text, unetWeight: unet } = tag;
        adapters.push({ path: file.path, text, unet, rank, blocks });
      }
    }
  }
  const notes = [
    ...note(missing, (names) => `There is no LoRA called ${names}; it is left out.`),
    ...nearMissing([...missing], files),
    ...note(
      unreadable,
      (names) => `The strength of the LoRA ${names} is no number; it is left out.`,
    ),
    ...note(
      unranked,
      (names) => `The rank of the LoRA ${names} ("dyn") must be 1 or more; it is left out.`,
    ),
    ...note(
      unblocked,
      (names) =>
        `The block weights of the LoRA ${names} ("lbw") are neither ${forms(family)} numbers nor a known name; it is left out.`,
    ),
    ...note(
      unstepped,
      (names) =>
        `The LoRA ${names} counts alike in all steps ("start", "stop", "step" and "lbwe" are not supported).`,
    ),
  ];
  return { adapters, notes };
}

function forms(family: string): string {
  return family.startsWith('sdxl') ? '12, 20 or 26' : '17 or 26';
}

/** The embeddings that travel in these LoRA files. Throws what reading a model file throws. */
export async function embeddingsIn(
  adapters: readonly Pick<AdapterFile, 'path'>[],
): Promise<readonly EmbeddingFile[]> {
  const found: EmbeddingFile[] = [];
  for (const path of new Set(adapters.map((adapter) => adapter.path))) {
    const names = await bundledEmbeddings(path);
    found.push(...names.map((name) => ({ name, path, inside: name })));
  }
  return found;
}

const mostNames = 6;

/** One sentence about a few names, however many there are. */
function note(names: ReadonlySet<string>, say: (names: string) => string): string[] {
  if (names.size === 0) return [];
  const few = [...names].slice(0, mostNames).map((name) => `"${shown(name)}"`);
  return [say(names.size > mostNames ? `${few.join(', ')} and others` : few.join(', '))];
}

function nearMissing([name]: readonly string[], files: readonly LoraFile[]): string[] {
  if (name === undefined) return [];
  const names = files.map((file) => file.name);
  const near = nearestNames(name, names, 2);
  return near.length > 0 ? [`Did you mean ${near.join(' or ')}?`] : [];
}

/**
 * By name, by place ('styles/ink') or by what its trainer called it, exactly before without regard to
 * case; a folder that is not there may stand before a name.
 */
function fileNamed(name: string, files: readonly LoraFile[]): LoraFile | undefined {
  const whole = name.replaceAll('\\', '/');
  const bare = whole.split('/').at(-1) ?? whole;
  const called = (word: string) => (file: LoraFile) =>
    file.name === word || (file.aliases?.includes(word) ?? false);
  const lower = (file: LoraFile) =>
    [file.name, ...(file.aliases ?? [])].map((w) => w.toLowerCase());
  return (
    files.find((file) => file.name === whole) ??
    files.find(called(whole)) ??
    files.find((file) => lower(file).some((word) => sameEnd(word, whole.toLowerCase()))) ??
    files.find(called(bare)) ??
    files.find((file) => lower(file).includes(bare.toLowerCase()))
  );
}

/** The whole place, or its last folders and name. */
function sameEnd(place: string, asked: string): boolean {
  return place === asked || place.endsWith(`/${asked}`);
}

function refuseOtherFamily(file: LoraFile, family: string): void {
  if (file.family === 'unknown' || file.family === family || sameWeights(file.family, family))
    return;
  throw loraOfOtherFamily(shown(file.name), file.family, family);
}

/** SDXL's refiner has other layers: what fits it shows when they are looked for. */
function sameWeights(made: string, model: string): boolean {
  return made.startsWith('sdxl') && model.startsWith('sdxl');
}

function shown(text: string): string {
  return text.slice(0, 60);
}
