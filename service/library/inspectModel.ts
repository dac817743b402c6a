/** Tells what a found file or folder is, from headers and configurations alone. Never throws. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ModelInfo } from '../../shared/api.ts';
import { PentimentoError, toProblem, type Problem } from '../../shared/errors.ts';
import type { Component, Detection } from '../engine/weights/detection.ts';
import { detectModel } from '../engine/weights/detectModel.ts';
import { readComponent, readConfigJson } from '../engine/weights/diffusersFolder.ts';
import { openCheckpoint } from '../engine/weights/openCheckpoint.ts';
import { openTaesd } from '../engine/weights/openTaesd.ts';
import { describeModel } from '../engine/weights/refuseModel.ts';
import { readSafetensors } from '../engine/weights/safetensors.ts';
import type { ModelFiles } from '../messages.ts';
import { kindOfFolder, modelName } from './modelNames.ts';
import type { FoundModel } from './scanFolder.ts';

/** Everything of ModelInfo but its id. */
export interface InspectedModel extends Omit<ModelInfo, 'id'> {
  /** A VAE file that lies beside the checkpoint under its name (`name.vae.safetensors`). */
  readonly ownVae?: string;
}

const kinds: Readonly<Partial<Record<Component, ModelInfo['kind']>>> = {
  checkpoint: 'checkpoint',
  unet: 'checkpoint',
  vae: 'vae',
  taesd: 'taesd',
  lora: 'lora',
  controlnet: 'controlnet',
  embedding: 'embedding',
  upscaler: 'upscaler',
};

export async function inspectModel(found: FoundModel): Promise<InspectedModel> {
  const { sizeBytes } = await modelState(found);
  const unread: InspectedModel = {
    name: modelName(found),
    kind: found.layout === 'diffusers' ? 'checkpoint' : kindOfFolder(found),
    family: 'unknown',
    variant: 'base',
    prediction: 'unknown',
    sizeBytes,
    usable: false,
  };
  try {
    switch (found.layout) {
      case 'pickle':
        return { ...unread, problem: pickleProblem(found) };
      case 'diffusers':
        return await inspectFolder(found, unread);
      case 'single':
        return await inspectFile(found, unread);
    }
  } catch (error) {
    return { ...unread, problem: toProblem(error) };
  }
}

function pickleProblem({ path }: FoundModel): Problem {
  const what = 'it is a Python pickle, which can run any program when it is opened';
  return toProblem(new PentimentoError('E_MODEL_NOT_SAFETENSORS', `"${basename(path)}": ${what}.`));
}

async function inspectFile(found: FoundModel, unread: InspectedModel): Promise<InspectedModel> {
  const file = await readSafetensors(found.path);
  const detection = detectModel(file);
  const info = withDetection(unread, detection);
  if (detection.component === 'checkpoint' || detection.component === 'unet') {
    const ownVae = await vaeBeside(found.path);
    const own = ownVae === undefined ? {} : { ownVae };
    return { ...info, ...own, ...(await tryOpen({ found, detection, vaePath: ownVae })) };
  }
  if (detection.component === 'vae') {
    if (detection.recognized) return { ...info, usable: true };
    return refused(info, 'E_MODEL_FAMILY', `This VAE has ${detection.channels} latent channels.`);
  }
  if (detection.component === 'taesd') {
    await openTaesd(found.path);
    return { ...info, usable: true };
  }
  return refused(info, 'E_MODEL_KIND', `This is ${describeModel(detection)}.`);
}

function withDetection(unread: InspectedModel, detection: Detection): InspectedModel {
  return {
    ...unread,
    kind: kinds[detection.component] ?? 'unknown',
    family: detection.family === 'ambiguous' ? 'unknown' : detection.family,
    variant: detection.variant,
    prediction: detection.prediction,
  };
}

function refused(
  info: InspectedModel,
  code: PentimentoError['code'],
  detail: string,
): InspectedModel {
  return { ...info, usable: false, problem: toProblem(new PentimentoError(code, detail)) };
}

/** Whether the engine will be able to open it: by opening it, which reads headers only. */
async function tryOpen(options: {
  found: FoundModel;
  detection: Detection;
  vaePath: string | undefined;
}): Promise<
  Pick<InspectedModel, 'usable'> &
    Partial<Pick<InspectedModel, 'problem' | 'prediction' | 'nativeSide'>>
> {
  const { found, detection, vaePath } = options;
  try {
    const { prediction, nativeSide } = await openCheckpoint(modelFilesOf(found, vaePath));
    if (detection.variant === 'edit') {
      throw new PentimentoError(
        'E_MODEL_FAMILY',
        'This is an instruction-following model (InstructPix2Pix).',
      );
    }
    return { usable: true, prediction, ...(nativeSide === undefined ? {} : { nativeSide }) };
  } catch (error) {
    return { usable: false, problem: toProblem(error) };
  }
}

function modelFilesOf(found: FoundModel, vaePath: string | undefined): ModelFiles {
  return {
    reference: { id: '', name: '', family: '' },
    layout: found.layout === 'diffusers' ? 'diffusers' : 'single',
    path: found.path,
    ...(vaePath === undefined ? {} : { vaePath }),
  };
}

async function vaeBeside(path: string): Promise<string | undefined> {
  const beside = path.replace(/\.[^.]+$/, '.vae.safetensors');
  const info = beside === path ? undefined : await stat(beside).catch(() => undefined);
  return info?.isFile() ? beside : undefined;
}

/** Pipelines of other families, by the class their model_index.json names. */
const pipelineFamilies: ReadonlyArray<readonly [name: RegExp, family: Detection['family']]> = [
  [/^Flux/, 'flux'],
  [/^StableDiffusion3/, 'sd3'],
];

async function inspectFolder(found: FoundModel, unread: InspectedModel): Promise<InspectedModel> {
  const index = await readConfigJson(join(found.path, 'model_index.json'));
  const className = (index as { _class_name?: unknown } | null | undefined)?._class_name;
  if (typeof className === 'string') {
    const family = pipelineFamilies.find(([name]) => name.test(className))?.[1];
    if (family !== undefined) {
      return refused(
        { ...unread, family },
        'E_MODEL_FAMILY',
        `This is ${describeModel({ component: 'checkpoint', family })}.`,
      );
    }
  }
  const unet = await readComponent(join(found.path, 'unet'), 'UNet');
  const detection = detectModel({ tensors: unet.tensors, metadata: new Map() });
  const info = { ...withDetection(unread, detection), kind: 'checkpoint' as const };
  return { ...info, ...(await tryOpen({ found, detection, vaePath: undefined })) };
}

/** Size of all its weights, and a text that changes when one of its files does. */
export async function modelState(found: FoundModel): Promise<{ sizeBytes: number; key: string }> {
  const paths =
    found.layout === 'diffusers' ? await folderFiles(found.path) : await besideFiles(found.path);
  let sizeBytes = 0;
  const parts: string[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) continue;
    if (path.endsWith('.safetensors') || paths.length === 1) sizeBytes += info.size;
    parts.push(`${path}\0${info.size}\0${info.mtimeMs}`);
  }
  return { sizeBytes, key: parts.join('\n') };
}

async function besideFiles(path: string): Promise<string[]> {
  const beside = await vaeBeside(path);
  return beside === undefined ? [path] : [path, beside];
}

async function folderFiles(folder: string): Promise<string[]> {
  const files = [join(folder, 'model_index.json')];
  for (const part of ['unet', 'vae', 'text_encoder', 'scheduler']) {
    const names = await readdir(join(folder, part)).catch(() => []);
    for (const name of names.toSorted((a, b) => (a < b ? -1 : 1)))
      if (/\.(?:safetensors|json)$/.test(name)) files.push(join(folder, part, name));
  }
  return files;
}
