/** Files that lie beside a model under its name: VAE, preview picture, notes. */
import { dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { ModelNotes } from '../../shared/api.ts';
import { jsonOf, readSmallFile } from './smallFiles.ts';

export interface Companions {
  /** `name.vae.safetensors`: belongs to the checkpoint. */
  readonly vae?: string;
  readonly preview?: string;
  /** AUTOMATIC1111's user metadata. */
  readonly userNotes?: string;
  /** What a model site's helper wrote down. */
  readonly siteNotes?: string;
  readonly description?: string;
}

/** In the order in which AUTOMATIC1111 looks for them (modules/ui_extra_networks.py find_preview). */
const previewEndings = ['png', 'jpg', 'jpeg', 'webp'].flatMap((e) => [`.${e}`, `.preview.${e}`]);

/** The companions of a model file among the names of its folder. */
export function companionsOf(path: string, names: ReadonlySet<string>): Companions {
  const folder = dirname(path);
  const stem = path.slice(folder.length + 1, path.length - extname(path).length);
  const first = (endings: readonly string[]) => {
    const ending = endings.find((e) => names.has(`${stem}${e}`));
    return ending === undefined ? undefined : join(folder, `${stem}${ending}`);
  };
  return withoutUndefined({
    vae: first(['.vae.safetensors', '.vae.pt', '.vae.ckpt']),
    preview: first(previewEndings),
    userNotes: first(['.json']),
    siteNotes: first(['.civitai.info', '.metadata.json', '.cm-info.json']),
    description: first(['.txt', '.description.txt']),
  });
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Present<T> {
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return Object.fromEntries(entries) as Present<T>;
}

const mostNotesBytes = 1024 * 1024;
/** Tag counts of a long training: a few megabytes. */
const mostTagCharacters = 4 * 1024 * 1024;
const mostWords = 20;
const mostTags = 12;
const wordCharacters = 200;
const textCharacters = 1000;

/** modules/ui_extra_networks_user_metadata.py and extensions-builtin/Lora/ui_edit_user_metadata.py. */
const UserNotes = z.object({
  'activation text': z.string().optional().catch(undefined),
  'negative text': z.string().optional().catch(undefined),
  'preferred weight': z.number().optional().catch(undefined),
  'sd version': z.string().optional().catch(undefined),
  notes: z.string().optional().catch(undefined),
  description: z.string().optional().catch(undefined),
});
const optionalText = z.string().nullish().catch(undefined);
const optionalWords = z.array(z.string()).optional().catch(undefined);
const SiteNotes = z.object({
  trainedWords: optionalWords,
  baseModel: optionalText,
  description: optionalText,
});
/** ComfyUI Lora Manager's `name.metadata.json` has the site's answer inside its own. */
const ManagerNotes = z.object({
  base_model: optionalText,
  modelDescription: optionalText,
  notes: optionalText,
  civitai: z.object({ trainedWords: optionalWords }).optional().catch(undefined),
});
/** StabilityMatrix's `name.cm-info.json`. */
const MatrixNotes = z.object({
  TrainedWords: optionalWords,
  BaseModel: optionalText,
  ModelDescription: optionalText,
});
const TagCounts = z.record(z.string(), z.record(z.string(), z.number()));

/**
 * Trigger words and notes from beside the model and from its own metadata, the user's own words first.
 * Undefined when there is nothing. Bounded in every direction; never throws.
 */
export async function readNotes(
  { userNotes, siteNotes, description }: Companions,
  metadata: ReadonlyMap<string, string>,
): Promise<ModelNotes | undefined> {
  const user = UserNotes.safeParse(await jsonFile(userNotes)).data ?? {};
  const site = siteNotesOf(await jsonFile(siteNotes));
  const plain = description && (await readSmallFile(description, mostNotesBytes))?.toString('utf8');
  const triggers =
    splitWords(user['activation text']) ??
    site.trainedWords?.flatMap((words) => splitWords(words) ?? []) ??
    splitWords(metadata.get('modelspec.trigger_phrase'));
  const weight = user['preferred weight'];
  const notes = withoutUndefined({
    triggerWords: triggers && nonEmpty(triggers.slice(0, mostWords)),
    trainingTags: nonEmpty(frequentTags(metadata.get('ss_tag_frequency'))),
    negativePrompt: shortText(user['negative text']),
    preferredWeight:
      weight !== undefined && Number.isFinite(weight) && weight !== 0 ? weight : undefined,
    madeFor:
      knownText(user['sd version']) ??
      shortText(site.baseModel ?? undefined) ??
      shortText(metadata.get('modelspec.architecture')),
    text:
      shortText(user.notes) ??
      shortText(user.description) ??
      shortText(plain) ??
      shortText(withoutTags(site.description ?? undefined)) ??
      shortText(metadata.get('modelspec.description')),
  });
  return Object.keys(notes).length > 0 ? ModelNotes.parse(notes) : undefined;
}

/** Any of the three forms, as the model site's own. */
function siteNotesOf(json: unknown): z.infer<typeof SiteNotes> {
  const own = SiteNotes.safeParse(json).data;
  const manager = ManagerNotes.safeParse(json).data;
  const matrix = MatrixNotes.safeParse(json).data;
  return {
    trainedWords: own?.trainedWords ?? manager?.civitai?.trainedWords ?? matrix?.TrainedWords,
    baseModel: own?.baseModel ?? manager?.base_model ?? matrix?.BaseModel,
    description:
      own?.description ?? (manager?.notes || manager?.modelDescription) ?? matrix?.ModelDescription,
  };
}

async function jsonFile(path: string | undefined): Promise<unknown> {
  const bytes = path === undefined ? undefined : await readSmallFile(path, mostNotesBytes);
  return bytes && jsonOf(bytes.toString('utf8'));
}

function splitWords(text: string | undefined): string[] | undefined {
  const words = text?.split(/[,\n]/).map((word) => word.trim().slice(0, wordCharacters));
  return words && nonEmpty([...new Set(words.filter(Boolean))]);
}

function nonEmpty<T>(list: readonly T[]): T[] | undefined {
  return list.length > 0 ? [...list] : undefined;
}

function shortText(text: string | undefined): string | undefined {
  return text?.trim().slice(0, textCharacters) || undefined;
}

/** AUTOMATIC1111 writes a word where nothing was chosen. */
function knownText(text: string | undefined): string | undefined {
  return text === 'Unknown' ? undefined : shortText(text);
}

/** Model sites keep their descriptions as HTML. */
function withoutTags(html: string | undefined): string | undefined {
  const entities: Readonly<Record<string, string>> = {
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#39;': "'",
    '&nbsp;': ' ',
    '&amp;': '&',
  };
  return html
    ?.replaceAll(/<\/(?:p|li|h\d|div)>|<br\s*\/?>/gi, '\n')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(?:lt|gt|quot|#39|nbsp|amp);/g, (entity) => entities[entity] ?? entity)
    .replaceAll(/\n\s*\n+/g, '\n');
}

/** What a LoRA's pictures were tagged with most often (kohya-ss ss_tag_frequency). */
function frequentTags(text: string | undefined): string[] {
  if (text === undefined || text.length > mostTagCharacters) return [];
  const counts = TagCounts.safeParse(jsonOf(text));
  const sums = new Map<string, number>();
  for (const tags of Object.values(counts.data ?? {})) {
    for (const [tag, count] of Object.entries(tags)) {
      const name = tag.trim().slice(0, wordCharacters);
      if (name) sums.set(name, (sums.get(name) ?? 0) + count);
    }
  }
  const sorted = [...sums].toSorted(([, a], [, b]) => b - a);
  return sorted.slice(0, mostTags).map(([tag]) => tag);
}
