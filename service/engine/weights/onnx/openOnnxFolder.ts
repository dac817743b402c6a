/** A folder of ONNX networks, as optimum and diffusers export Stable Diffusion: used as they are. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PentimentoError } from '../../../../shared/errors.ts';
import type { ModelFiles } from '../../../messages.ts';
import { schedulerFacts, zeroEmptyNegativeOf } from '../diffusersConfig.ts';
import { readConfigJson } from '../diffusersFolder.ts';
import { familyFacts, type TextEncoderPlace } from '../families.ts';
import { openVae } from '../openVae.ts';
import { readTensorFile } from '../readTensorFile.ts';
import type { BuiltFamily, CheckpointFacts, FileStamp, OpenedCheckpoint } from '../types.ts';
import {
  onnxTextWidth,
  onnxUnetConfig,
  onnxVaeConfig,
  type OnnxUnetConfig,
  type OnnxVaeConfig,
} from './onnxConfigs.ts';
import { assertTakes } from './assertTakes.ts';
import { readOnnx, type OnnxFile } from './readOnnx.ts';

export interface OnnxTextEncoder extends Pick<TextEncoderPlace, 'padId' | 'state' | 'pooled'> {
  readonly file: OnnxFile;
  /** Of its states, channels. */
  readonly width: number;
}

export interface OnnxUnet extends OnnxFile {
  /** Sides of latents that are multiples of it meet no odd sizes on their way through the network. */
  readonly multiple: number;
}

export interface OnnxVae {
  readonly encoder: OnnxFile;
  readonly decoder: OnnxFile;
  readonly config: OnnxVaeConfig & { readonly scalingFactor: number };
}

/** An opened folder: facts and networks whose graphs the files hold. */
export interface OpenedOnnxFolder extends CheckpointFacts {
  readonly layout: 'onnx';
  readonly inChannels: number;
  readonly contextWidth: number;
  readonly unet: OnnxUnet;
  readonly textEncoders: readonly OnnxTextEncoder[];
  /** Its own, or one from a file of weights. */
  readonly vae: OnnxVae | OpenedCheckpoint['vae'];
}

/**
 * Reads headers and configurations only. Throws E_MODEL_FAMILY for networks that ask for more than
 * Stable Diffusion 1, 2 and XL do, E_MODEL_MISSING_PART, E_MODEL_DAMAGED, E_FILE.
 */
export async function openOnnxFolder(files: ModelFiles): Promise<OpenedOnnxFolder> {
  const { path } = files;
  const unet = await openComponent(path, 'unet', 'UNet');
  assertTakes('UNet', unet.file, 'unet');
  const config = onnxUnetConfig(unet.json);
  const contextWidth = contextWidthOf(unet.file, config);
  const family = await familyOf(path, unet.file, { ...config, contextWidth });
  const facts = familyFacts[family];
  const scheduler = await readConfigJson(join(path, 'scheduler', 'scheduler_config.json'));
  const { prediction, ...noise } = schedulerFacts(scheduler ?? {});
  const textEncoders = await openTextEncoders(path, family);
  const vae = await vaeOf(files, facts.scalingFactor);
  const { config: vaeConfig } = vae.opened;
  const index = await readConfigJson(join(path, 'model_index.json'));
  const downscale = 2 ** (vaeConfig.blockOutChannels.length - 1);
  return {
    layout: 'onnx',
    family,
    prediction,
    ...noise,
    ...(isJsonObject(scheduler) ? { scheduler } : {}),
    zeroEmptyNegative: zeroEmptyNegativeOf(index ?? {}) ?? facts.zeroEmptyNegative,
    nativeSide:
      config.latentSide === undefined
        ? facts.nativeSide[prediction]
        : downscale * config.latentSide,
    inChannels: inChannelsOf(unet.file, config),
    contextWidth,
    unet: { ...unet.file, multiple: 2 ** (config.levels - 1) },
    textEncoders,
    vae: vae.opened,
    files: [unet.file, ...textEncoders.map(({ file }) => file)]
      .flatMap((file) => file.files)
      .concat(vae.files),
  };
}

interface Component {
  readonly file: OnnxFile;
  /** Undefined where there is no config.json. */
  readonly json: unknown;
}

/** Names of the graph, the likelier first. */
const graphNames = ['model.onnx', 'model_optimized.onnx', 'model_quantized.onnx'];

/** The graph of a component's folder among its file names; undefined when there is none. */
export function onnxGraphName(names: Iterable<string>): string | undefined {
  const found = [...names].filter((name) => name.endsWith('.onnx'));
  return (
    graphNames.find((name) => found.includes(name)) ?? (found.length === 1 ? found[0] : undefined)
  );
}

async function openComponent(path: string, name: string, component: string): Promise<Component> {
  const folder = join(path, name);
  const graph = onnxGraphName(await readdir(folder).catch(() => []));
  if (graph === undefined) {
    const what = `The ${component} cannot be found: there is no ${name}/model.onnx.`;
    throw new PentimentoError('E_MODEL_MISSING_PART', what);
  }
  const json = await readConfigJson(join(folder, 'config.json'));
  return { file: await readOnnx(join(folder, graph)), json };
}

function inChannelsOf(unet: OnnxFile, { inChannels }: OnnxUnetConfig): number {
  const [, first] = unet.weights.get('conv_in.weight')?.shape ?? [];
  return inChannels ?? sideOf(unet, 'sample', 1) ?? first ?? 4;
}

function contextWidthOf(unet: OnnxFile, { contextWidth }: OnnxUnetConfig): number {
  const width = contextWidth ?? sideOf(unet, 'encoder_hidden_states', 2);
  if (width !== undefined) return width;
  const what = 'The width of its text cannot be told: unet/config.json is not there.';
  throw new PentimentoError('E_MODEL_MISSING_PART', what);
}

/** A fixed side of an input. */
function sideOf({ inputs }: OnnxFile, input: string, axis: number): number | undefined {
  return inputs.find(({ name }) => name === input)?.shape?.[axis];
}

/** By what its UNet is told besides the text, and by which text encoders stand beside it. */
async function familyOf(
  path: string,
  unet: OnnxFile,
  { contextWidth, linearProjection }: OnnxUnetConfig,
): Promise<BuiltFamily> {
  const sd2Width = 1024;
  if (!unet.inputs.some(({ name }) => name === 'text_embeds')) {
    return linearProjection || contextWidth === sd2Width ? 'sd2' : 'sd1';
  }
  const first = onnxGraphName(await readdir(join(path, 'text_encoder')).catch(() => []));
  return first === undefined ? 'sdxl-refiner' : 'sdxl';
}

async function openTextEncoders(path: string, family: BuiltFamily): Promise<OnnxTextEncoder[]> {
  const encoders: OnnxTextEncoder[] = [];
  for (const { folder, padId, state, pooled } of familyFacts[family].textEncoders) {
    const { file, json } = await openComponent(path, folder, 'text encoder');
    assertTakes('text encoder', file, 'text_encoder');
    assertAnswers(file, { state, pooled });
    const width = onnxTextWidth(json) ?? file.outputs.find(isState)?.shape?.[2] ?? 0;
    encoders.push({ file, padId, state, pooled, width });
  }
  return encoders;
}

/** Throws E_MODEL_FAMILY where an encoder was exported without what its family reads. */
function assertAnswers(
  { outputs }: OnnxFile,
  { state, pooled }: Pick<OnnxTextEncoder, 'state' | 'pooled'>,
): void {
  if (pooled && !outputs.some(({ name }) => name === 'text_embeds')) {
    throw new PentimentoError('E_MODEL_FAMILY', 'Its text encoder has no output "text_embeds".');
  }
  if (state === 'penultimate' && !outputs.some(({ name }) => hiddenStatePattern.test(name))) {
    const what = 'Its text encoder was exported without the states of its layers.';
    throw new PentimentoError('E_MODEL_FAMILY', what);
  }
}

/** Output of a text encoder between two layers: 0 enters the first one. */
export const hiddenStatePattern = /^hidden_states[._](\d+)$/;

function isState({ name }: { readonly name: string }): boolean {
  return name.startsWith('last_hidden_state');
}

interface FoundVae {
  readonly opened: OpenedOnnxFolder['vae'];
  readonly files: readonly FileStamp[];
}

async function vaeOf({ path, vaePath }: ModelFiles, scalingFactor: number): Promise<FoundVae> {
  if (vaePath !== undefined) {
    const { tensors, file, sizeBytes, mtimeMs } = await readTensorFile(vaePath);
    const opened = openVae({ tensors }, scalingFactor);
    return { opened, files: [{ file, sizeBytes, mtimeMs }] };
  }
  const encoder = await openComponent(path, 'vae_encoder', 'VAE encoder');
  const decoder = await openComponent(path, 'vae_decoder', 'VAE decoder');
  assertTakes('VAE encoder', encoder.file, 'vae_encoder');
  assertTakes('VAE decoder', decoder.file, 'vae_decoder');
  const config = onnxVaeConfig(decoder.json ?? encoder.json);
  return {
    opened: {
      encoder: encoder.file,
      decoder: decoder.file,
      config: { ...config, scalingFactor: config.scalingFactor ?? scalingFactor },
    },
    files: [...encoder.file.files, ...decoder.file.files],
  };
}

function isJsonObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
