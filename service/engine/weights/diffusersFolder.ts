/** Finds and reads the files of a diffusers folder: config.json, plain, half-precision or sharded weights. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PentimentoError } from '../../../shared/errors.ts';
import { fileError } from './modelFile.ts';
import { readTensorFile } from './readTensorFile.ts';
import type { Tensors } from './tensorSource.ts';
import type { FileStamp, StoredTensor } from './types.ts';

const maxConfigBytes = 8 * 1024 * 1024;
const maxShards = 100;

/** The JSON document, or undefined when there is no such file. Throws E_MODEL_DAMAGED when it cannot be read. */
export async function readConfigJson(path: string): Promise<unknown> {
  try {
    const info = await stat(path);
    if (!info.isFile() || info.size > maxConfigBytes) {
      throw fileError('E_MODEL_DAMAGED', path, 'it is not a configuration file');
    }
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === 'ENOENT' ||
      (error as NodeJS.ErrnoException).code === 'ENOTDIR'
    ) {
      return undefined;
    }
    if (error instanceof PentimentoError) throw error;
    throw fileError('E_MODEL_DAMAGED', path, 'it cannot be read as JSON', error);
  }
}

export interface ComponentFiles {
  readonly config: unknown;
  readonly tensors: Tensors;
  readonly files: readonly FileStamp[];
}

/**
 * A component folder (`unet`, `vae`, `text_encoder`): its config.json and its tensors, from one file or
 * from shards. Weights in full precision are preferred to a half-precision variant beside them.
 * Throws E_MODEL_MISSING_PART when the folder or its weights are not there.
 */
export async function readComponent(folder: string, component: string): Promise<ComponentFiles> {
  const entries = await readdir(folder).catch(() => undefined);
  if (!entries) throw missing(component, 'its folder is not there');
  const config = await readConfigJson(join(folder, 'config.json'));
  if (config === undefined) throw missing(component, 'its config.json is not there');
  const names = await weightFiles(folder, entries, component);
  const tensors = new Map<string, StoredTensor>();
  const files: FileStamp[] = [];
  for (const name of names) {
    const read = await readTensorFile(join(folder, name));
    files.push({ file: read.file, sizeBytes: read.sizeBytes, mtimeMs: read.mtimeMs });
    for (const [key, tensor] of read.tensors) tensors.set(key, tensor);
  }
  return { config, tensors, files };
}

function missing(component: string, what: string): PentimentoError {
  return new PentimentoError('E_MODEL_MISSING_PART', `The ${component} cannot be found: ${what}.`);
}

const weightPattern =
  /^(?:diffusion_pytorch_model|model|pytorch_model)(\.[\w-]+)?\.(?:safetensors|bin)(\.index(\.[\w-]+)?\.json)?$/;
const shardPattern = /-\d{5}-of-\d{5}/;

/** Names of the files that together hold the weights. */
async function weightFiles(
  folder: string,
  entries: readonly string[],
  component: string,
): Promise<readonly string[]> {
  const found = entries
    .filter((name) => weightPattern.test(name) && !shardPattern.test(name))
    .map((name) => ({ name, rank: rankOf(name) }))
    .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1));
  const best = found[0]?.name;
  if (best === undefined) throw missing(component, 'it has no .safetensors file');
  return best.endsWith('.json') ? shardsOf(join(folder, best)) : [best];
}

/** safetensors before PyTorch's own form, plain before named variants, one file before shards. */
function rankOf(name: string): number {
  const variant = name.includes('.fp16.')
    ? 1
    : /model\.(?:safetensors|bin)/.test(name) && !/\.index\.[\w-]+\.json$/.test(name)
      ? 0
      : 2;
  return (name.includes('.bin') ? 6 : 0) + 2 * variant + (name.endsWith('.json') ? 1 : 0);
}

async function shardsOf(indexPath: string): Promise<readonly string[]> {
  const index = await readConfigJson(indexPath);
  const map = (index as { weight_map?: unknown } | null | undefined)?.weight_map;
  const names = typeof map === 'object' && map !== null ? [...new Set(Object.values(map))] : [];
  const valid = names.filter(
    // A shard lies beside its index: no path may lead elsewhere.
    (name): name is string =>
      typeof name === 'string' &&
      basename(name) === name &&
      /\.(?:safetensors|bin)$/.test(name) &&
      !name.includes('\\'),
  );
  if (valid.length === 0 || valid.length !== names.length || valid.length > maxShards) {
    throw fileError('E_MODEL_DAMAGED', indexPath, 'its list of files is not valid');
  }
  return valid;
}
