/** The LoRA files that a prompt names with `<lora:name:0.8>`. */
import { PentimentoError } from '../../shared/errors.ts';
import { nearestNames } from '../../shared/nearest.ts';
import type { AdapterFile } from './networks/openAdapters.ts';
import type { PipelineOptions } from './plan/pipelineOptions.ts';
import { loraOf, takeNetworkTags } from './prompt/extraNetworks.ts';

/** A LoRA in the library. */
export interface LoraFile {
  /** The word that calls it: its file name without ending. */
  readonly name: string;
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
const familyNames: Readonly<Record<string, string>> = {
  sd1: 'Stable Diffusion 1',
  sd2: 'Stable Diffusion 2',
  sdxl: 'Stable Diffusion XL',
};

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
  const [missing, unreadable, shortened] = [
    new Set<string>(),
    new Set<string>(),
    new Set<string>(),
  ];
  for (const { type, items } of takeNetworkTags(prompt).tags) {
    if (!loraTypes.has(type.toLowerCase())) continue;
    const tag = loraOf(items);
    const file = tag && fileNamed(tag.name, files);
    if (!tag || !Number.isFinite(tag.textWeight) || !Number.isFinite(tag.unetWeight)) {
      unreadable.add(items[0] ?? '');
    } else if (!file) missing.add(tag.name);
    else {
      refuseOtherFamily(file, family);
      if (tag.dynamicRank !== undefined) shortened.add(tag.name);
      adapters.push({ path: file.path, text: tag.textWeight, unet: tag.unetWeight });
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
      shortened,
      (names) => `The LoRA ${names} is used with its whole rank ("dyn" is not supported).`,
    ),
  ];
  return { adapters, notes };
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

/** By exact name, else without regard to case; a folder may stand before it. */
function fileNamed(name: string, files: readonly LoraFile[]): LoraFile | undefined {
  const bare = name.split(/[\\/]/).at(-1) ?? name;
  const lower = bare.toLowerCase();
  return (
    files.find((file) => file.name === bare) ??
    files.find((file) => file.name.toLowerCase() === lower)
  );
}

function refuseOtherFamily(file: LoraFile, family: string): void {
  const [made, model] = [familyNames[file.family], familyNames[family]];
  if (made === undefined || model === undefined || made === model) return;
  const detail = `The LoRA "${shown(file.name)}" was made for ${made}; this model is ${model}.`;
  throw new PentimentoError('E_MODEL_FAMILY', detail);
}

function shown(text: string): string {
  return text.slice(0, 60);
}
