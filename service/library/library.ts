import type { ModelInfo } from '../../shared/api.ts';
import { errorOfProblem, PentimentoError } from '../../shared/errors.ts';
import { nearestNames } from '../../shared/nearest.ts';
import { openModel } from '../engine/weights/openModel.ts';
import type { Detection } from '../engine/weights/detection.ts';
import {
  controlOfOtherFamily,
  describeModel,
  refuseRefiner,
} from '../engine/weights/refuseModel.ts';
import type { AskedParts, ModelFiles, UpscalerFile } from '../messages.ts';
import type { FileHashes } from './fileHashes.ts';
import { fileName, findEntry } from './findEntry.ts';
import type { InspectedModels } from './inspectedModels.ts';
import { callName, modelIds } from './modelNames.ts';
import { lentParts, withLentParts } from './lentParts.ts';
import { openLibraryParts, type LibraryOptions, type LibraryParts } from './libraryParts.ts';
import { readPreview, type PreviewPicture } from './readPreview.ts';
import { scanFolders, type FoundModel } from './scanFolder.ts';
import { watchFolders } from './watchFolders.ts';

export interface Library {
  /** Every model file found, usable or not, in the folders' order; scans the first time. */
  list(): Promise<ModelInfo[]>;
  /**
   * Where the parts of a model lie, with what is asked for beside it. `id`, and what names the parts, may
   * also be a name or file name. Throws E_MODEL_NONE (no checkpoint at all), E_MODEL_UNKNOWN (with the
   * nearest names), or what makes the file unusable: E_MODEL_FAMILY, E_MODEL_KIND, E_MODEL_MISSING_PART, ...
   */
  files(id: string, parts?: AskedParts): Promise<ModelFiles>;
  /**
   * A checkpoint that goes on with what one of `family` began. Throws what files() throws, and
   * E_MODEL_FAMILY where its latents are other ones.
   */
  refiner(id: string, family: string, vaeId?: string): Promise<ModelFiles>;
  /** A network that enlarges pictures. Throws E_MODEL_UNKNOWN, E_MODEL_KIND and what makes it unusable. */
  upscaler(id: string): Promise<UpscalerFile>;
  /** Looks again; files that have not changed are not read again. */
  rescan(): Promise<ModelInfo[]>;
  /** The picture beside a model. Throws E_NOT_FOUND, E_TOO_LARGE, E_IMAGE_TYPE. */
  preview(id: string): Promise<PreviewPicture>;
  /** Models with their files, as the last scan found them; for looking into the files themselves. */
  entries(): Promise<readonly LibraryEntry[]>;
  /** Settles when every hash is known that can be; at once without hashing. */
  hashed(): Promise<void>;
  /** Ends watching and hashing. */
  close(): Promise<void>;
}

export interface LibraryEntry {
  readonly found: FoundModel;
  readonly info: ModelInfo;
  /** SHA-256 of the file, hex, when known. */
  readonly sha256?: string;
}

interface Entry extends LibraryEntry {
  readonly ownVae: string | undefined;
  readonly isUnetAlone?: boolean | undefined;
  /** Of a UNet alone: the id of the model that lends the rest unless another is named. */
  readonly lender?: string;
  readonly trainedAs: string | undefined;
  readonly mtimeMs: number;
}

/** Changes come in swarms: a rescan waits until this long after the last. */
const quietMs = 500;

/** The model files below some folders; reads headers only, but for the hashes. */
export function openLibrary(options: LibraryOptions): Library {
  let parts: Promise<LibraryParts> | undefined;
  let current: Promise<Entry[]> | undefined;
  let isStale = false;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const watch = watchFolders(() => {
    isStale = true;
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(() => void latest().catch(() => undefined), quietMs).unref();
  });
  const open = () => (parts ??= openLibraryParts(options));

  const scanNow = async (): Promise<Entry[]> => {
    const { inspected, hashes } = await open();
    let { models, folders } = await scanFolders(options.folders, options.environment);
    // What came between looking and watching is seen by looking once more.
    if (options.watch === true && !isClosed && watch.follow(folders)) {
      ({ models, folders } = await scanFolders(options.folders, options.environment));
    }
    const entries = withLentParts(await inspectAll(models, inspected));
    await inspected.keep(models);
    if (!isClosed) hashes?.want(hashingOrder(entries));
    return entries;
  };
  const scan = (): Promise<Entry[]> => {
    isStale = false;
    current = scanNow();
    return current;
  };
  const latest = () => (current === undefined || isStale ? scan() : current);
  const hashed = async (entries: readonly Entry[]): Promise<Entry[]> => {
    const { hashes } = await open();
    return hashes ? entries.map((entry) => withHash(entry, hashes)) : [...entries];
  };
  const infos = async (entries: readonly Entry[]) =>
    (await hashed(entries)).map(({ info }) => info);

  const files: Library['files'] = async (id, parts = {}) => {
    const entries = await hashed(await latest());
    // A file that was put there or changed a moment ago counts as well.
    const now = await freshEntry(findEntry(entries, id, 'checkpoint'), (await open()).inspected);
    const newest = !now || missesAny(entries, parts) ? await hashed(await scan()) : entries;
    return filesOf(newest, id, parts);
  };

  return {
    list: async () => infos(await latest()),
    rescan: async () => infos(await scan()),
    files,
    async refiner(id, family, vaeId) {
      const found = await files(id, { vae: vaeId });
      const refusal = refuseRefiner(found.reference, family);
      if (refusal) throw refusal;
      return found;
    },
    async upscaler(id) {
      const entries = await latest();
      const now = await freshEntry(findEntry(entries, id, 'upscaler'), (await open()).inspected);
      const { found, info } = partOf(now ? entries : await scan(), id, 'upscaler');
      return { id: info.id, name: info.name, path: found.path };
    },
    async preview(id) {
      const entry = (await latest()).find(({ info }) => info.id === id);
      return readPreview(entry?.found.companions.preview);
    },
    entries: async () => hashed(await latest()),
    hashed: async () => {
      await latest();
      await (await open()).hashes?.settled();
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      watch.close();
      await (await parts)?.hashes?.close();
    },
  };
}

/** What runs may need first: checkpoints after the small files, the smallest of each first. */
function hashingOrder(entries: readonly Entry[]): string[] {
  return entries
    .filter(({ found, info }) => found.layout === 'single' && info.kind !== 'unknown')
    .toSorted((a, b) => a.info.sizeBytes - b.info.sizeBytes)
    .map(({ found }) => found.realPath);
}

/** As AUTOMATIC1111 shortens them (modules/sd_models.py, extensions-builtin/Lora/network.py). */
function withHash(entry: Entry, hashes: FileHashes): Entry {
  const known = hashes.known(entry.found.realPath, entry.mtimeMs);
  if (!known) return entry;
  const { sha256, tensorsSha256 = sha256 } = known;
  const lora = entry.info.kind === 'lora' ? { loraHash: tensorsSha256.slice(0, 12) } : {};
  return { ...entry, sha256, info: { ...entry.info, hash: sha256.slice(0, 10), ...lora } };
}

/** The entry, unless its file has changed since. */
async function freshEntry(
  entry: Entry | undefined,
  inspected: InspectedModels,
): Promise<Entry | undefined> {
  if (!entry) return undefined;
  const { name, usable, family } = await inspected.inspect(entry.found);
  const { info } = entry;
  const sameUse = usable === info.usable || entry.lender !== undefined;
  return name === info.name && sameUse && family === info.family ? entry : undefined;
}

/** Files that are read at the same time. */
const atOnce = 16;

async function inspectAll(
  models: readonly FoundModel[],
  inspected: InspectedModels,
): Promise<Entry[]> {
  const ids = modelIds(models);
  const entries: Entry[] = [];
  const next = models.entries();
  const reader = async (): Promise<void> => {
    for (const [i, found] of next) {
      const { ownVae, trainedAs, isUnetAlone, mtimeMs, ...info } = await inspected.inspect(found);
      entries[i] = {
        found,
        info: { id: ids[i], ...info },
        ownVae,
        trainedAs,
        isUnetAlone,
        mtimeMs,
      };
    }
  };
  await Promise.all(Array.from({ length: atOnce }, reader));
  return entries;
}

function missesAny(entries: readonly Entry[], parts: AskedParts): boolean {
  const { vae, controls = [], partsFrom } = parts;
  const misses = (name: string | undefined, kind: ModelInfo['kind']) =>
    name !== undefined && !findEntry(entries, name, kind);
  const missesPart = misses(vae, 'vae') || misses(partsFrom, 'checkpoint');
  return missesPart || controls.some((name) => misses(name, 'controlnet'));
}

async function filesOf(
  entries: readonly Entry[],
  id: string,
  { vae, controls = [], partsFrom }: AskedParts,
): Promise<ModelFiles> {
  const entry = findEntry(entries, id, 'checkpoint');
  if (!entry) {
    const checkpoints = entries.filter(({ info }) => info.kind === 'checkpoint');
    if (checkpoints.length === 0) throw new PentimentoError('E_MODEL_NONE');
    throw unknownModel(id, checkpoints);
  }
  const { found, info } = entry;
  if (info.kind !== 'checkpoint') throw notOfKind(entry, 'checkpoint');
  const vaePath = vae === undefined ? entry.ownVae : partOf(entries, vae, 'vae').found.path;
  const asked = partsFrom === undefined ? undefined : partOf(entries, partsFrom, 'checkpoint');
  const taesdPath = previewDecoder(entries, info.family);
  const files: ModelFiles = {
    reference: {
      id: info.id,
      name: info.name,
      family: info.family,
      ...(info.hash === undefined ? {} : { hash: info.hash }),
    },
    layout: found.layout,
    path: found.path,
    ...lentParts(entry, asked, entries),
    ...(vaePath === undefined ? {} : { vaePath }),
    ...(taesdPath === undefined ? {} : { taesdPath }),
    ...embeddingsOf(entries),
    ...lorasOf(entries),
    ...controlsOf(entries, controls, info.family),
  };
  // A model that lacks its VAE, or a VAE that does not fit, shows only now.
  if (!info.usable && (vae === undefined || info.problem?.code !== 'E_MODEL_MISSING_PART'))
    throw problemOfEntry(entry);
  if (vae !== undefined || partsFrom !== undefined) await openModel(files);
  return files;
}

function unknownModel(name: string, candidates: readonly Entry[]): PentimentoError {
  const near = nearestNames(
    name,
    candidates.map(({ info }) => info.name),
  );
  // Of several names in a request (model, VAE, refiner, ControlNets) it tells which; never a folder.
  const asked = `"${name.split(/[\\/]/).at(-1)?.slice(0, 60)}" was asked for.`;
  const hint = near.length > 0 ? ` The nearest: ${near.join(', ')}.` : '';
  return new PentimentoError('E_MODEL_UNKNOWN', asked + hint);
}

function problemOfEntry({ info }: Entry): PentimentoError {
  return info.problem
    ? errorOfProblem(info.problem)
    : new PentimentoError('E_MODEL_KIND', `"${info.name}" is ${describeKind(info)}.`);
}

function describeKind({ kind, family }: Pick<ModelInfo, 'kind' | 'family'>): string {
  return describeModel({ component: kind, family: family as Detection['family'] });
}

/** What a file is, and what it is not: "sdxl" is an SDXL model, not a VAE; or why it cannot be told. */
function notOfKind(entry: Entry, wanted: ModelInfo['kind']): PentimentoError {
  const { info } = entry;
  const isTold = !info.problem || /^E_MODEL_(?:KIND|FAMILY)$/.test(info.problem.code);
  if (!isTold) return problemOfEntry(entry);
  const what =
    wanted === 'checkpoint' ? 'a full model' : describeKind({ kind: wanted, family: '' });
  const known = info.kind === 'unknown' ? info.problem?.detail : undefined;
  const is = known?.replace(/^This is (.*)\.$/, '$1') ?? describeKind(info);
  return new PentimentoError('E_MODEL_KIND', `"${info.name}" is ${is}, not ${what}.`);
}

/** A file of that kind. Throws what is wrong with it. */
function partOf(entries: readonly Entry[], id: string, kind: ModelInfo['kind']): Entry {
  const entry = findEntry(entries, id, kind);
  if (!entry)
    throw unknownModel(
      id,
      entries.filter(({ info }) => info.kind === kind),
    );
  if (entry.info.kind !== kind) throw notOfKind(entry, kind);
  if (!entry.info.usable) throw problemOfEntry(entry);
  return entry;
}

/** In the order asked for. Throws E_MODEL_FAMILY for one of another family than the model's. */
function controlsOf(
  entries: readonly Entry[],
  ids: readonly string[],
  family: string,
): Pick<ModelFiles, 'controls'> {
  const controls = ids.map((id) => {
    const { found, info } = partOf(entries, id, 'controlnet');
    if (info.family !== family) throw controlOfOtherFamily(info.name, info.family, family);
    return { id: info.id, name: info.name, path: found.path };
  });
  return controls.length > 0 ? { controls } : {};
}

/** TAESD for a family: a usable decoder whose name does not say that it is for another one. */
function previewDecoder(entries: readonly Entry[], family: string): string | undefined {
  const isXl = family.startsWith('sdxl');
  const decoders = entries.filter(
    ({ info, found }) =>
      info.kind === 'taesd' &&
      info.usable &&
      !/sd3|flux|f1/i.test(fileName(found)) &&
      /xl/i.test(fileName(found)) === isXl,
  );
  return decoders[0]?.found.path;
}

/** Of AUTOMATIC1111's "TI hashes" (modules/textual_inversion/textual_inversion.py). */
const embeddingHashDigits = 12;

/** AUTOMATIC1111 calls them by their file names, whatever folder they lie in. */
function embeddingsOf(entries: readonly Entry[]): Pick<ModelFiles, 'embeddings'> {
  const embeddings = entries
    .filter(({ info }) => info.kind === 'embedding' && info.usable)
    .map(({ found, sha256 }) => ({
      name: callName(found),
      path: found.path,
      ...(sha256 === undefined ? {} : { hash: sha256.slice(0, embeddingHashDigits) }),
    }));
  return embeddings.length > 0 ? { embeddings } : {};
}

/** By file name, as prompts call them; those of families that are not built too, to say so. */
function lorasOf(entries: readonly Entry[]): Pick<ModelFiles, 'loras'> {
  const loras = entries
    .filter(({ info }) => info.kind === 'lora' && (info.usable || info.family !== 'unknown'))
    .map(({ found, info, trainedAs }) => {
      const name = callName(found);
      const words = [found.relativePath.replace(/\.[^./]+$/, ''), trainedAs];
      const aliases = words.flatMap((word) => (word === undefined || word === name ? [] : [word]));
      const hash = info.loraHash === undefined ? {} : { hash: info.loraHash };
      const more = aliases.length > 0 ? { aliases } : {};
      return { name, ...more, path: found.path, family: info.family, ...hash };
    });
  return loras.length > 0 ? { loras } : {};
}
