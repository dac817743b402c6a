/** Finds model files and diffusers folders below a folder, in any program's layout. */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, relative, sep } from 'node:path';

export interface FoundModel {
  readonly layout: 'single' | 'diffusers' | 'pickle';
  /** As found; `realPath` is without links. */
  readonly path: string;
  readonly realPath: string;
  /** Below the scanned folder, with forward slashes. */
  readonly relativePath: string;
}

const maxDepth = 8;
const maxFound = 20_000;
const pickleEndings = new Set(['.ckpt', '.pt', '.pth']);
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

/**
 * Everything that may be a model, sorted by path. The folder may be a plain one, AUTOMATIC1111's or
 * Forge's (models/Stable-diffusion, embeddings), ComfyUI's (models/checkpoints), a models folder of
 * either, or hold diffusers folders. Links are followed, loops are not; what cannot be read is left out.
 */
export async function scanFolder(folder: string): Promise<FoundModel[]> {
  const found: FoundModel[] = [];
  const visited = new Set<string>();
  for (const start of await startFolders(folder)) {
    await walk(start, { root: folder, depth: 0, found, visited });
  }
  return found.sort((a, b) => (a.relativePath < b.relativePath ? -1 : 1));
}

/** In a program's own folder only the parts that hold models. */
async function startFolders(folder: string): Promise<readonly string[]> {
  const models = join(folder, 'models');
  for (const known of ['Stable-diffusion', 'checkpoints']) {
    if (await isFolder(join(models, known))) return [models, join(folder, 'embeddings')];
  }
  return [folder];
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

interface Walk {
  readonly root: string;
  readonly depth: number;
  readonly found: FoundModel[];
  /** Real paths of folders and files seen. */
  readonly visited: Set<string>;
}

async function walk(folder: string, state: Walk): Promise<void> {
  if (state.depth > maxDepth || state.found.length >= maxFound) return;
  const realPath = await realpath(folder).catch(() => undefined);
  if (realPath === undefined || state.visited.has(realPath)) return;
  state.visited.add(realPath);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (await isDiffusersFolder(folder, entries)) {
    state.found.push(foundAt(folder, { layout: 'diffusers', realPath, root: state.root }));
    return;
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.') || state.found.length >= maxFound) continue;
    const path = join(folder, entry.name);
    const kind = await kindOf(entry, path);
    if (kind === 'folder' && !skippedFolders.has(entry.name.toLowerCase())) {
      await walk(path, { ...state, depth: state.depth + 1 });
    } else if (kind === 'file') await addFile(path, state);
  }
}

/** Looks through links; pipes, sockets and devices are neither. */
async function kindOf(entry: Dirent, path: string): Promise<'folder' | 'file' | 'other'> {
  const info = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
  if (info?.isDirectory()) return 'folder';
  return info?.isFile() ? 'file' : 'other';
}

async function isDiffusersFolder(folder: string, entries: readonly Dirent[]): Promise<boolean> {
  const names = new Set(entries.map((entry) => entry.name));
  if (names.has('model_index.json')) return true;
  return names.has('unet') && (await isFile(join(folder, 'unet', 'config.json')));
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

async function addFile(path: string, { root, found, visited }: Walk): Promise<void> {
  const ending = extname(path).toLowerCase();
  const layout = ending === '.safetensors' || ending === '.sft' ? 'single' : 'pickle';
  if (layout === 'pickle' && !pickleEndings.has(ending)) return;
  const realPath = await realpath(path).catch(() => undefined);
  if (realPath === undefined || visited.has(realPath)) return;
  visited.add(realPath);
  found.push(foundAt(path, { layout, realPath, root }));
}

function foundAt(
  path: string,
  { layout, realPath, root }: { layout: FoundModel['layout']; realPath: string; root: string },
): FoundModel {
  const relativePath = relative(root, path).split(sep).join('/');
  return {
    layout,
    path,
    realPath,
    relativePath: relativePath === '' ? basename(path) : relativePath,
  };
}
