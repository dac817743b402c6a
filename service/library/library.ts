import type { ModelInfo } from '../../shared/api.ts';
import { errorOfProblem, PentimentoError } from '../../shared/errors.ts';
import { nearestNames } from '../../shared/nearest.ts';
import { openCheckpoint } from '../engine/weights/openCheckpoint.ts';
import type { ModelFiles } from '../messages.ts';
import { inspectModel, modelState, type InspectedModel } from './inspectModel.ts';
import { modelIds } from './modelNames.ts';
import { scanFolder, type FoundModel } from './scanFolder.ts';

export interface LibraryOptions {
  /** Folders to look in, in order; one that does not exist is taken as empty. */
  readonly folders: readonly string[];
}

export interface Library {
  /** Every model file found, usable or not, in the folders' order; scans the first time. */
  list(): Promise<ModelInfo[]>;
  /**
   * Where the parts of a model lie. `id` may also be a name or file name; `vaeId` names a VAE to use in
   * place of the model's own. Throws E_MODEL_NONE (no checkpoint at all), E_MODEL_UNKNOWN (with the
   * nearest names), or what makes the file unusable: E_MODEL_FAMILY, E_MODEL_KIND, E_MODEL_MISSING_PART, ...
   */
  files(id: string, vaeId?: string): Promise<ModelFiles>;
  /** Looks again; files that have not changed are not read again. */
  rescan(): Promise<ModelInfo[]>;
}

interface Entry {
  readonly found: FoundModel;
  readonly info: ModelInfo;
  readonly ownVae: string | undefined;
}

/** The model files below some folders; reads headers only, and keeps what it learned in memory. */
export function openLibrary(options: LibraryOptions): Library {
  const known = new Map<string, { key: string; inspected: InspectedModel }>();
  let current: Promise<Entry[]> | undefined;

  const inspect = async (found: FoundModel): Promise<InspectedModel> => {
    const { key } = await modelState(found);
    const before = known.get(found.path);
    if (before?.key === key) return before.inspected;
    const inspected = await inspectModel(found);
    known.set(found.path, { key, inspected });
    return inspected;
  };
  const scan = (): Promise<Entry[]> => {
    const running = scanAll(options.folders, inspect).then((entries) => {
      const paths = new Set(entries.map(({ found }) => found.path));
      for (const path of known.keys()) if (!paths.has(path)) known.delete(path);
      return entries;
    });
    current = running;
    return running;
  };
  const infos = (entries: readonly Entry[]): ModelInfo[] => entries.map(({ info }) => info);

  return {
    list: async () => infos(await (current ?? scan())),
    rescan: async () => infos(await scan()),
    async files(id, vaeId) {
      let entries = await (current ?? scan());
      // A file that was put there or changed a moment ago counts as well.
      const now = await freshEntry(findEntry(entries, id, 'checkpoint'), inspect);
      if (!now || (vaeId !== undefined && !findEntry(entries, vaeId, 'vae')))
        entries = await scan();
      return filesOf(entries, { id, vaeId });
    },
  };
}

/** The entry, unless its file has changed since. */
async function freshEntry(
  entry: Entry | undefined,
  inspect: (found: FoundModel) => Promise<InspectedModel>,
): Promise<Entry | undefined> {
  if (!entry) return undefined;
  const { name, usable, family } = await inspect(entry.found);
  const { info } = entry;
  return name === info.name && usable === info.usable && family === info.family ? entry : undefined;
}

async function scanAll(
  folders: readonly string[],
  inspect: (found: FoundModel) => Promise<InspectedModel>,
): Promise<Entry[]> {
  const seen = new Set<string>();
  const found: FoundModel[] = [];
  for (const folder of folders) {
    for (const model of await scanFolder(folder)) {
      if (seen.has(model.realPath)) continue;
      seen.add(model.realPath);
      found.push(model);
    }
  }
  const ids = modelIds(found);
  const entries: Entry[] = [];
  for (const [i, model] of found.entries()) {
    const { ownVae, ...info } = await inspect(model);
    entries.push({ found: model, info: { id: ids[i], ...info }, ownVae });
  }
  return entries;
}

/** By id, then by name, then by file name; those of the wanted kind first, usable ones before others. */
function findEntry(
  entries: readonly Entry[],
  wanted: string,
  kind: ModelInfo['kind'],
): Entry | undefined {
  const lower = wanted.toLowerCase();
  const tests: ReadonlyArray<(entry: Entry) => boolean> = [
    ({ info }) => info.id === wanted,
    ({ info }) => info.name === wanted,
    ({ info }) => info.id === lower || info.name.toLowerCase() === lower,
    ({ found }) =>
      found.relativePath === wanted ||
      (found.relativePath.split('/').at(-1) ?? '').toLowerCase() === lower,
  ];
  for (const test of tests) {
    const matching = entries.filter(test);
    const best = matching.toSorted((a, b) => score(b, kind) - score(a, kind))[0];
    if (best) return best;
  }
  return undefined;
}

function score({ info }: Entry, kind: ModelInfo['kind']): number {
  return (info.kind === kind ? 2 : 0) + (info.usable ? 1 : 0);
}

async function filesOf(
  entries: readonly Entry[],
  { id, vaeId }: { id: string; vaeId: string | undefined },
): Promise<ModelFiles> {
  const entry = findEntry(entries, id, 'checkpoint');
  if (!entry) {
    const checkpoints = entries.filter(({ info }) => info.kind === 'checkpoint');
    if (checkpoints.length === 0) throw new PentimentoError('E_MODEL_NONE');
    throw unknownModel(id, checkpoints);
  }
  const { found, info } = entry;
  if (info.kind !== 'checkpoint') throw problemOfEntry(entry);
  const vaePath = vaeId === undefined ? entry.ownVae : vaeFile(entries, vaeId);
  const taesdPath = previewDecoder(entries);
  const files: ModelFiles = {
    reference: { id: info.id, name: info.name, family: info.family },
    layout: found.layout === 'diffusers' ? 'diffusers' : 'single',
    path: found.path,
    ...(vaePath === undefined ? {} : { vaePath }),
    ...(taesdPath === undefined ? {} : { taesdPath }),
  };
  // A model that lacks its VAE, or a VAE that does not fit, shows only now.
  if (!info.usable && (vaeId === undefined || info.problem?.code !== 'E_MODEL_MISSING_PART'))
    throw problemOfEntry(entry);
  if (vaeId !== undefined) await openCheckpoint(files);
  return files;
}

function unknownModel(name: string, candidates: readonly Entry[]): PentimentoError {
  const near = nearestNames(
    name,
    candidates.map(({ info }) => info.name),
  );
  return new PentimentoError(
    'E_MODEL_UNKNOWN',
    near.length > 0 ? `The nearest: ${near.join(', ')}.` : undefined,
  );
}

function problemOfEntry({ info }: Entry): PentimentoError {
  return info.problem
    ? errorOfProblem(info.problem)
    : new PentimentoError('E_MODEL_KIND', `This is a ${info.kind} file.`);
}

function vaeFile(entries: readonly Entry[], vaeId: string): string {
  const entry = findEntry(entries, vaeId, 'vae');
  if (!entry)
    throw unknownModel(
      vaeId,
      entries.filter(({ info }) => info.kind === 'vae'),
    );
  if (entry.info.kind !== 'vae')
    throw new PentimentoError('E_MODEL_KIND', `"${entry.info.name}" is not a VAE.`);
  if (!entry.info.usable) throw problemOfEntry(entry);
  return entry.found.path;
}

/** TAESD for this family: a usable decoder whose name does not say that it is for another one. */
function previewDecoder(entries: readonly Entry[]): string | undefined {
  const decoders = entries.filter(
    ({ info, found }) =>
      info.kind === 'taesd' &&
      info.usable &&
      !/xl|sd3|flux|f1/i.test(found.relativePath.split('/').at(-1) ?? ''),
  );
  return decoders[0]?.found.path;
}
