/** Where a downloaded file belongs: in a program's own folder, the part for its kind. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelInfo } from '../../../shared/api.ts';
import { PentimentoError } from '../../../shared/errors.ts';

/** AUTOMATIC1111's and Forge's name, then ComfyUI's and Fooocus's. */
const partsOf: Readonly<Partial<Record<ModelInfo['kind'], readonly string[]>>> = {
  checkpoint: ['Stable-diffusion', 'checkpoints'],
  vae: ['VAE', 'vae'],
  taesd: ['VAE-approx', 'vae_approx'],
  lora: ['Lora', 'loras'],
  embedding: ['../embeddings', 'embeddings'],
  controlnet: ['ControlNet', 'controlnet'],
  upscaler: ['ESRGAN', 'upscale_models'],
};

/** Where the part file lies until it is known what it is. Throws E_FILE when there is no such folder. */
export async function stagingFolder(folder: string): Promise<string> {
  if (!(await isFolder(folder))) {
    throw new PentimentoError('E_FILE', 'The folder to download to does not exist.');
  }
  return homeFolder(folder, 'checkpoint');
}

/** The first part of the folder that is there, else the folder itself. */
export async function homeFolder(folder: string, kind: ModelInfo['kind']): Promise<string> {
  const models = join(folder, 'models');
  for (const base of [models, folder]) {
    for (const part of partsOf[kind] ?? []) {
      const isOutside = base === folder && part.startsWith('..');
      if (!isOutside && (await isFolder(join(base, part)))) return join(base, part);
    }
  }
  return (await isFolder(join(models, 'checkpoints'))) ? models : folder;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
