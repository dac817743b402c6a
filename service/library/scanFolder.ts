/** Finds model files and diffusers folders below a folder, in any program's layout. */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, relative, sep } from 'node:path';
import type { ModelInfo } from '../../shared/api.ts';
import { onnxGraphName } from '../engine/weights/onnx/openOnnxFolder.ts';
import type { ModelFiles } from '../messages.ts';
import { companionsOf, type Companions } from './companions.ts';
import { programFolders, type Environment } from './programFolders.ts';

export interface FoundModel {
  readonly layout: ModelFiles['layout'];
  /** As found; `realPath` is without links. */
  readonly path: string;
  readonly realPath: string;
  /** Below the scanned folder, with forward slashes. */
  readonly relativePath: string;
  /** What a program's settings say that its folder holds. */
  readonly folderKind?: ModelInfo['kind'];
  /** Files of its name beside it; a folder has none. */
  readonly companions: Companions;
}

export interface ScannedFolder {
  /** Of one folder sorted by path. */
  readonly models: FoundModel[];
  /** Every folder that was looked in. */
  readonly folders: string[];
}

const maxDepth = 8;
const maxFound = 20_000;
const maxFolders = 20_000;
/** safetensors, and what PyTorch writes. */
export const modelEndings: ReadonlySet<string> = new Set([
  '.safetensors',
  '.sft',
  '.ckpt',
  '.pt',
  '.pth',
  '.bin',
]);
/** Of models that are never read: listed, so that they are told apart from what is not there. */
const refusedEndings: ReadonlySet<string> = new Set(['.gguf']);
/** Folders of programs, caches and environments: no models for us, but many files. */
const skippedFolders = new Set([
  'node_modules',
  'venv',
  'env',
  'site-packages',
  '__pycache__',
  '__macosx',
  'blobs',
]);

/** All of `scanFolder`, each file once, however many folders lead to it. */
export async function scanFolders(
  folders: readonly string[],
  environment: Environment = {},
): Promise<ScannedFolder> {
  const seen = new Set<string>();
  const all: ScannedFolder = { models: [], folders: [] };
  for (const folder of folders) {
    const scanned = await scanFolder(folder, environment);
    all.folders.push(...scanned.folders);
    for (const model of scanned.models) {
      if (seen.has(model.realPath)) continue;
      seen.add(model.realPath);
      all.models.push(model);
    }
  }
  return all;
}

/**
 * Everything that may be a model. The folder may be a plain one, AUTOMATIC1111's, Forge's, ComfyUI's,
 * Fooocus's or InvokeAI's, a models folder of one of them, hold such folders, or hold diffusers folders.
 * Links are followed, loops are not; what cannot be read is left out.
 */
async function scanFolder(folder: string, environment: Environment): Promise<ScannedFolder> {
  const walked: Walked = { models: [], folders: [], visited: new Set(), environment };
  await walk(folder, { root: folder, prefix: '', depth: 0, walked });
  walked.models.sort((a, b) => (a.relativePath < b.relativePath ? -1 : 1));
  return walked;
}

interface Walked extends ScannedFolder {
  /** Real paths of folders and files seen. */
  readonly visited: Set<string>;
  readonly environment: Environment;
}

interface Place {
  /** What a model's path is told from, and what stands before that. */
  readonly root: string;
  readonly prefix: string;
  readonly kind?: ModelInfo['kind'];
  readonly depth: number;
  readonly walked: Walked;
}

async function walk(folder: string, place: Place): Promise<void> {
  const { walked, depth } = place;
  if (depth > maxDepth || isFull(walked)) return;
  const realPath = await realpath(folder).catch(() => undefined);
  if (realPath === undefined || walked.visited.has(realPath)) return;
  walked.visited.add(realPath);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return;
  walked.folders.push(folder);
  const names = new Set(entries.map((entry) => entry.name));
  const layout = await layoutOfFolder(folder, names);
  if (layout !== undefined) {
    walked.models.push({
      ...foundAt(folder, realPath, place),
      layout,
      companions: {},
    });
    return;
  }
  const starts = await programFolders(folder, names, walked.environment);
  for (const { path, prefix, kind } of starts ?? []) {
    const own = prefixed(place, folder, prefix);
    await walk(path, {
      root: path,
      prefix: own,
      ...(kind ? { kind } : {}),
      depth: depth + 1,
      walked,
    });
  }
  if (starts) return;
  for (const entry of entries) {
    if (entry.name.startsWith('.') || isFull(walked)) continue;
    const path = join(folder, entry.name);
    const kind = await kindOf(entry, path);
    if (kind === 'folder' && !skippedFolders.has(entry.name.toLowerCase())) {
      await walk(path, { ...place, depth: depth + 1 });
    } else if (kind === 'file') {
      const real = entry.isSymbolicLink()
        ? await realpath(path).catch(() => undefined)
        : join(realPath, entry.name);
      if (real !== undefined) addFile(path, real, names, place);
    }
  }
}

function isFull({ models, folders }: Walked): boolean {
  return models.length >= maxFound || folders.length >= maxFolders;
}

/** Looks through links; pipes, sockets and devices are neither. */
async function kindOf(entry: Dirent, path: string): Promise<'folder' | 'file' | 'other'> {
  const info = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
  if (info?.isDirectory()) return 'folder';
  return info?.isFile() ? 'file' : 'other';
}

/** Graphs are used only where a folder has no weights beside them; undefined: no model's folder. */
async function layoutOfFolder(
  folder: string,
  names: ReadonlySet<string>,
): Promise<'diffusers' | 'onnx' | undefined> {
  if (!names.has('unet') && !names.has('model_index.json')) return undefined;
  const unet = await readdir(join(folder, 'unet')).catch((): string[] => []);
  const hasWeights = unet.some((name) => /\.(?:safetensors|bin)$/.test(name));
  if (!hasWeights && onnxGraphName(unet) !== undefined) return 'onnx';
  return names.has('model_index.json') || unet.includes('config.json') ? 'diffusers' : undefined;
}

function addFile(path: string, realPath: string, names: ReadonlySet<string>, place: Place): void {
  const { models, visited } = place.walked;
  const ending = extname(path).toLowerCase();
  const isListed = modelEndings.has(ending) || refusedEndings.has(ending);
  if (!isListed || visited.has(realPath)) return;
  visited.add(realPath);
  const companions = companionsOf(path, names);
  models.push({ ...foundAt(path, realPath, place), layout: 'single', companions });
}

function foundAt(
  path: string,
  realPath: string,
  place: Place,
): Omit<FoundModel, 'layout' | 'companions'> {
  const own = slashed(relative(place.root, path)) || basename(path);
  const relativePath = place.prefix === '' ? own : `${place.prefix}/${own}`;
  return { path, realPath, relativePath, ...(place.kind ? { folderKind: place.kind } : {}) };
}

/** The prefix of a program's part, below where the program itself was found. */
function prefixed({ root, prefix }: Place, folder: string, part: string): string {
  return [prefix, slashed(relative(root, folder)), part].filter((p) => p !== '').join('/');
}

function slashed(path: string): string {
  return path.split(sep).join('/');
}
