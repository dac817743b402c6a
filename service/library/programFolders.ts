/**
 * Where a program's own folder keeps its models: AUTOMATIC1111 and Forge, ComfyUI (with
 * extra_model_paths.yaml), Fooocus (with config.txt), InvokeAI (with invokeai.yaml).
 */
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import type { ModelInfo } from '../../shared/api.ts';
import { readSections } from './simpleYaml.ts';
import { jsonOf, readSmallFile } from './smallFiles.ts';

export interface StartFolder {
  readonly path: string;
  /** What stands before a model's path in its id, forward slashes; '' for nothing. */
  readonly prefix: string;
  /** What its files are meant to be, where a settings file says so. */
  readonly kind?: ModelInfo['kind'];
}

/** Variables that settings may name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const longestSettings = 256 * 1024;

/** ComfyUI's names of kinds (folder_paths.py), of which only these hold models that can be used. */
const comfyKinds: Readonly<Record<string, ModelInfo['kind']>> = {
  checkpoints: 'checkpoint',
  unet: 'checkpoint',
  diffusion_models: 'checkpoint',
  vae: 'vae',
  vae_approx: 'taesd',
  loras: 'lora',
  embeddings: 'embedding',
  controlnet: 'controlnet',
  upscale_models: 'upscaler',
};

/** The folders to look in when `folder` belongs to a program; undefined when it is any other folder. */
export async function programFolders(
  folder: string,
  names: ReadonlySet<string>,
  environment: Environment,
): Promise<StartFolder[] | undefined> {
  if (names.has('invokeai.yaml')) return invokeFolders(folder, environment);
  if (!names.has('models')) return undefined;
  const models = join(folder, 'models');
  const isWebui = await isFolder(join(models, 'Stable-diffusion'));
  if (!isWebui && !(await isFolder(join(models, 'checkpoints')))) return undefined;
  const own = ['models', 'embeddings', 'extensions/sd-webui-controlnet/models'];
  return [
    ...own.map((path) => inside(folder, path)),
    ...(names.has('extra_model_paths.yaml') ? await comfyExtras(folder, environment) : []),
    ...(names.has('config.txt') ? await fooocusFolders(folder) : []),
  ];
}

function inside(folder: string, path: string): StartFolder {
  return { path: join(folder, path), prefix: path };
}

/** utils/extra_config.py: each section has a base_path, and a line or more of folders for each kind. */
async function comfyExtras(folder: string, environment: Environment): Promise<StartFolder[]> {
  const text = await readSettings(join(folder, 'extra_model_paths.yaml'));
  const starts: StartFolder[] = [];
  for (const [section, keys] of readSections(text)) {
    const base = resolve(folder, expanded(keys.get('base_path') ?? '', environment));
    for (const [name, paths] of keys) {
      const kind = comfyKinds[name];
      if (kind === undefined || section === '') continue;
      for (const path of paths.split('\n').filter(Boolean)) {
        starts.push({
          path: resolve(base, expanded(path, environment)),
          prefix: `${section}/${name}`,
          kind,
        });
      }
    }
  }
  return starts;
}

/** A folder below the user's own, and variables of the environment: $NAME, ${NAME}, %NAME%. */
function expanded(path: string, environment: Environment): string {
  const named = path.replaceAll(
    /\$\{(\w+)\}|\$(\w+)|%(\w+)%/g,
    (whole: string, ...names: ReadonlyArray<string | undefined>) => {
      const name = names.slice(0, 3).find((n) => n !== undefined);
      return (name === undefined ? undefined : environment[name]) ?? whole;
    },
  );
  return named === '~' || /^~[\\/]/.test(named) ? join(homedir(), named.slice(1)) : named;
}

const FooocusConfig = z.record(z.string(), z.unknown());
const OnePath = z.union([z.string(), z.array(z.string())]);

/** modules/config.py: "path_checkpoints": "..." or a list of folders. */
async function fooocusFolders(folder: string): Promise<StartFolder[]> {
  const config = FooocusConfig.safeParse(jsonOf(await readSettings(join(folder, 'config.txt'))));
  if (!config.success) return [];
  return Object.entries(comfyKinds).flatMap(([name, kind]) => {
    const paths = OnePath.safeParse(config.data[`path_${name}`]);
    if (!paths.success) return [];
    return [paths.data].flat().map((path) => {
      const full = resolve(folder, path);
      return { path: full, prefix: prefixOf(folder, full, name), kind };
    });
  });
}

/** Folders inside the program's own keep the names they have there. */
function prefixOf(folder: string, path: string, name: string): string {
  const way = relative(folder, path);
  return way.startsWith('..') || isAbsolute(way) ? name : way.split(sep).join('/');
}

/** `models_dir` moves the folder of models (invokeai_config.py); version 3 has autoimport beside it. */
async function invokeFolders(folder: string, environment: Environment): Promise<StartFolder[]> {
  const top = readSections(await readSettings(join(folder, 'invokeai.yaml'))).get('');
  const moved = top?.get('models_dir');
  const models = {
    path: resolve(folder, expanded(moved ?? 'models', environment)),
    prefix: 'models',
  };
  return [models, inside(folder, 'autoimport')];
}

/** A settings file's text; '' when it cannot be read or is no settings file by its size. */
async function readSettings(path: string): Promise<string> {
  return (await readSmallFile(path, longestSettings))?.toString('utf8') ?? '';
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
