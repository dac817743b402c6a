/** Tells what a found file or folder is, from headers and configurations alone. Never throws. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelInfo } from '../../shared/api.ts';
import { PentimentoError, toProblem } from '../../shared/errors.ts';
import type { Component, Detection } from '../engine/weights/detection.ts';
import { detectModel } from '../engine/weights/detectModel.ts';
import { variantOf } from '../engine/weights/detectUnet.ts';
import { readComponent, readConfigJson } from '../engine/weights/diffusersFolder.ts';
import { builtFamily } from '../engine/weights/families.ts';
import { openOnnxFolder } from '../engine/weights/onnx/openOnnxFolder.ts';
import { openCheckpoint } from '../engine/weights/openCheckpoint.ts';
import { openControlNet } from '../engine/weights/openControlNet.ts';
import { openTaesd } from '../engine/weights/openTaesd.ts';
import { openUpscaler } from '../engine/weights/openUpscaler.ts';
import { shown } from '../engine/weights/headerJson.ts';
import { describeModel } from '../engine/weights/refuseModel.ts';
import { readTensorFile } from '../engine/weights/readTensorFile.ts';
import type { ModelFiles } from '../messages.ts';
import { kindOfFolder, modelName } from './modelNames.ts';
import { readNotes } from './companions.ts';
import type { FoundModel } from './scanFolder.ts';
import { suggestedSettings } from './suggestedSettings.ts';

/** Everything of ModelInfo but its id. */
export interface InspectedModel extends Omit<ModelInfo, 'id'> {
  /** A VAE file that lies beside the checkpoint under its name (`name.vae.safetensors`). */
  readonly ownVae?: string | undefined;
  /** It lacks text encoders and VAE, which another model of its family can lend. */
  readonly isUnetAlone?: boolean | undefined;
  /** What the trainer of a LoRA called it (kohya's ss_output_name). */
  readonly trainedAs?: string | undefined;
  /** Of its file, milliseconds; 0 for a folder. */
  readonly mtimeMs: number;
}

export interface ModelState {
  /** Of all its weights. */
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  /** Changes when one of its files does, or the kind that its folder promises. */
  readonly key: string;
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

const longestAlias = 200;

/** Counts up whenever `inspectModel` answers something else about the same file: kept answers are then dropped. */
export const inspectionVersion = 5;

export async function inspectModel(
  found: FoundModel,
  { sizeBytes, mtimeMs }: Pick<ModelState, 'sizeBytes' | 'mtimeMs'>,
): Promise<InspectedModel> {
  const unread: InspectedModel = {
    name: modelName(found),
    kind: found.layout === 'single' ? kindOfFolder(found) : 'checkpoint',
    family: 'unknown',
    variant: 'base',
    prediction: 'unknown',
    sizeBytes,
    mtimeMs,
    ...(found.companions.preview === undefined ? {} : { hasPreview: true }),
    usable: false,
  };
  try {
    switch (found.layout) {
      case 'diffusers':
      case 'onnx':
        return await inspectFolder(found, unread);
      case 'single':
        return await inspectFile(found, unread);
    }
  } catch (error) {
    return { ...unread, problem: toProblem(error) };
  }
}

async function inspectFile(found: FoundModel, unread: InspectedModel): Promise<InspectedModel> {
  const file = await readTensorFile(found.path);
  const detection = detectModel(file);
  const notes = await readNotes(found.companions, file.metadata);
  const info = { ...withDetection(unread, detection), ...(notes ? { notes } : {}) };
  if (detection.component === 'checkpoint' || detection.component === 'unet') {
    const ownVae = found.companions.vae;
    const own = ownVae === undefined ? {} : { ownVae };
    const alone = detection.component === 'unet' && builtFamily(detection.family);
    const lacking = alone ? { isUnetAlone: true } : {};
    return { ...info, ...own, ...lacking, ...(await tryOpen(found, ownVae)) };
  }
  if (detection.component === 'vae') {
    if (detection.recognized) return { ...info, usable: true };
    return refused(info, 'E_MODEL_FAMILY', `This VAE has ${detection.channels} latent channels.`);
  }
  if (detection.component === 'taesd') {
    await openTaesd(found.path);
    return { ...info, usable: true };
  }
  if (detection.component === 'controlnet') {
    await openControlNet(found.path);
    return { ...info, usable: true };
  }
  if (detection.component === 'upscaler') {
    await openUpscaler(found.path);
    return { ...info, usable: true };
  }
  // Whether its layers fit is asked when a prompt names it; its family is known.
  if (detection.component === 'lora' && detection.recognized) {
    const trainedAs = file.metadata.get('ss_output_name')?.trim().slice(0, longestAlias);
    return { ...info, ...(trainedAs ? { trainedAs } : {}), usable: true };
  }
  // What its vectors fit is asked when a prompt names it.
  if (detection.component === 'embedding') return { ...info, usable: true };
  const isOfOtherFamily = detection.component === 'lora';
  const code = isOfOtherFamily ? 'E_MODEL_FAMILY' : 'E_MODEL_KIND';
  return refused(info, code, `This is ${describeModel(detection)}.`);
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
async function tryOpen(
  found: FoundModel,
  vaePath: string | undefined,
): Promise<
  Pick<InspectedModel, 'usable'> &
    Partial<Pick<InspectedModel, 'problem' | 'prediction' | 'nativeSide' | 'suggested'>>
> {
  try {
    const { prediction, nativeSide } = await openCheckpoint(modelFilesOf(found, vaePath));
    const suggested = suggestedSettings(modelName(found));
    return { usable: true, prediction, nativeSide, ...(suggested ? { suggested } : {}) };
  } catch (error) {
    return { usable: false, problem: toProblem(error) };
  }
}

function modelFilesOf(found: FoundModel, vaePath: string | undefined): ModelFiles {
  return {
    reference: { id: '', name: '', family: '' },
    layout: found.layout,
    path: found.path,
    ...(vaePath === undefined ? {} : { vaePath }),
  };
}

/** Pipelines of other families, by the class their model_index.json names. */
const pipelineFamilies: ReadonlyArray<readonly [name: RegExp, family: Detection['family']]> = [
  [/^Flux2/, 'flux2'],
  [/^Flux/, 'flux'],
  [/^StableDiffusion3/, 'sd3'],
  [/^QwenImage/, 'qwen-image'],
  [/^Wan/, 'wan'],
  [/^PixArt/, 'pixart'],
  [/^HunyuanDiT/, 'hunyuan-dit'],
  [/^HunyuanVideo/, 'hunyuan-video'],
  [/^AuraFlow/, 'auraflow'],
  [/^(?:Lumina|ZImage)/, 'lumina'],
  [/^HiDream/, 'hidream'],
  [/^StableCascade/, 'cascade'],
  [/^Cosmos/, 'cosmos'],
  [/^Mochi/, 'mochi'],
  [/^LTX/, 'ltx-video'],
  [/^Chroma/, 'chroma'],
];
/** Further ones, whose UNet is another one in spite of its name. */
const otherPipelines = /^(?:StableVideo|Kandinsky|IF|Kolors|AnimateDiff|StableUnCLIP|UnCLIP)/;

async function inspectFolder(found: FoundModel, unread: InspectedModel): Promise<InspectedModel> {
  const index = await readConfigJson(join(found.path, 'model_index.json'));
  const className = (index as { _class_name?: unknown } | null | undefined)?._class_name;
  if (typeof className === 'string') {
    const family = pipelineFamilies.find(([name]) => name.test(className))?.[1];
    const what = family && describeModel({ component: 'checkpoint', family });
    if (what) return refused({ ...unread, family }, 'E_MODEL_FAMILY', `This is ${what}.`);
    if (otherPipelines.test(className) || !(await isFolder(join(found.path, 'unet')))) {
      return refused(unread, 'E_MODEL_FAMILY', `It is made for ${shown(className)}.`);
    }
  }
  if (found.layout === 'onnx') return inspectOnnx(found, unread);
  const unet = await readComponent(join(found.path, 'unet'), 'UNet');
  const detection = detectModel({ tensors: unet.tensors, metadata: new Map() });
  const info = { ...withDetection(unread, detection), kind: 'checkpoint' as const };
  return { ...info, ...(await tryOpen(found, undefined)) };
}

async function inspectOnnx(found: FoundModel, unread: InspectedModel): Promise<InspectedModel> {
  const opened = await openOnnxFolder(modelFilesOf(found, undefined));
  const { family, prediction, nativeSide, inChannels } = opened;
  const suggested = suggestedSettings(modelName(found));
  return {
    ...unread,
    family,
    variant: variantOf(inChannels),
    prediction,
    nativeSide,
    usable: true,
    ...(suggested ? { suggested } : {}),
  };
}

/** By file names, sizes and times alone; a file that is gone counts as nothing. */
export async function modelState(found: FoundModel): Promise<ModelState> {
  const { companions, path } = found;
  const isFolder = found.layout !== 'single';
  const paths = isFolder ? await folderFiles(path) : [path, ...Object.values(companions)];
  let sizeBytes = 0;
  let mtimeMs = 0;
  const parts: string[] = [found.relativePath];
  for (const file of paths) {
    const info = await stat(file).catch(() => undefined);
    if (!info?.isFile()) continue;
    const isWeights = isFolder ? !file.endsWith('.json') : [path, companions.vae].includes(file);
    if (isWeights) sizeBytes += info.size;
    if (file === path) mtimeMs = info.mtimeMs;
    parts.push(`${file}\0${info.size}\0${info.mtimeMs}`);
  }
  return { sizeBytes, mtimeMs, key: parts.join('\n') };
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

const folderParts = [
  'unet',
  'vae',
  'vae_encoder',
  'vae_decoder',
  'text_encoder',
  'text_encoder_2',
  'scheduler',
];

async function folderFiles(folder: string): Promise<string[]> {
  const files = [join(folder, 'model_index.json')];
  for (const part of folderParts) {
    const names = await readdir(join(folder, part)).catch(() => []);
    for (const name of names.toSorted((a, b) => (a < b ? -1 : 1)))
      if (/\.(?:safetensors|bin|json|onnx|onnx_data|pb|data)$/.test(name))
        files.push(join(folder, part, name));
  }
  return files;
}
