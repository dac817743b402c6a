import { join } from 'node:path';
import { PentimentoError } from '../../../shared/errors.ts';
import type { ModelFiles } from '../../messages.ts';
import { collectWeights } from './collectWeights.ts';
import {
  schedulerFacts,
  withTextJson,
  withUnetJson,
  withVaeJson,
  type SchedulerFacts,
} from './diffusersConfig.ts';
import { readComponent, readConfigJson } from './diffusersFolder.ts';
import { detectModel } from './detectModel.ts';
import {
  checkDivisible,
  checkUnetConfig,
  clipTextConfigFromShapes,
  unetConfigFromShapes,
  vaeConfigFromShapes,
} from './networkConfigs.ts';
import { clipTextShapes, unetShapes, vaeShapes } from './networkShapes.ts';
import { refuseModel } from './refuseModel.ts';
import { readSafetensors } from './safetensors.ts';
import {
  clipTextSource,
  unetSource,
  vaeSource,
  type Tensors,
  type TensorSource,
} from './tensorSource.ts';
import type { FileStamp, OpenedCheckpoint } from './types.ts';

/** CLIP-L pads a prompt with its end token. */
const clipPadId = 49_407;
const sd1NativeSide = 512;
const sd1Noise: Pick<SchedulerFacts, 'betaStart' | 'betaEnd' | 'zeroTerminalSnr'> = {
  betaStart: 0.00085,
  betaEnd: 0.012,
  zeroTerminalSnr: false,
};

/** The tensors of each part and what config.json says of it; `json` is undefined for a single file. */
interface Part {
  readonly tensors: Tensors;
  readonly json?: unknown;
}

interface Parts {
  readonly unet: Part;
  readonly vae: Part;
  readonly text: Part;
  readonly noise: SchedulerFacts;
  readonly files: readonly FileStamp[];
}

/**
 * Opens a Stable Diffusion 1 model: reads headers and configurations only, brings every tensor under
 * its diffusers name and checks that all of them are there in the right shape. Throws
 * E_MODEL_FAMILY, E_MODEL_KIND, E_MODEL_MISSING_PART, E_MODEL_DAMAGED, E_MODEL_NOT_SAFETENSORS, E_FILE.
 */
export async function openCheckpoint(files: ModelFiles): Promise<OpenedCheckpoint> {
  const own = files.layout === 'single' ? await singleFileParts(files) : await folderParts(files);
  const parts = files.vaePath === undefined ? own : await withOtherVae(own, files.vaePath);
  const { unet, nativeSide } = openUnet(parts.unet);
  return {
    family: 'sd1',
    prediction: parts.noise.prediction,
    padId: clipPadId,
    betaStart: parts.noise.betaStart,
    betaEnd: parts.noise.betaEnd,
    unet,
    vae: openVae(parts.vae),
    textEncoder: openText(parts.text),
    nativeSide: nativeSide ?? sd1NativeSide,
    zeroTerminalSnr: parts.noise.zeroTerminalSnr,
    files: parts.files,
  };
}

async function singleFileParts(files: ModelFiles): Promise<Parts> {
  const file = await readSafetensors(files.path);
  const found = detectModel(file);
  const refusal = refuseModel(found);
  if (refusal) throw refusal;
  const part: Part = { tensors: file.tensors };
  return {
    unet: part,
    vae: part,
    text: part,
    noise: { ...sd1Noise, prediction: found.prediction === 'v' ? 'v' : 'epsilon' },
    files: [stampOf(file)],
  };
}

async function folderParts(files: ModelFiles): Promise<Parts> {
  const unet = await readComponent(join(files.path, 'unet'), 'UNet');
  const found = detectModel({ tensors: unet.tensors, metadata: new Map() });
  const refusal = refuseModel(found);
  if (refusal) throw refusal;
  const text = await readComponent(join(files.path, 'text_encoder'), 'text encoder');
  const vae =
    files.vaePath === undefined ? await readComponent(join(files.path, 'vae'), 'VAE') : undefined;
  const scheduler = await readConfigJson(join(files.path, 'scheduler', 'scheduler_config.json'));
  return {
    unet: { tensors: unet.tensors, json: unet.config },
    vae: vae ? { tensors: vae.tensors, json: vae.config } : { tensors: new Map() },
    text: { tensors: text.tensors, json: text.config },
    noise: schedulerFacts(scheduler ?? {}),
    files: [unet, text, ...(vae ? [vae] : [])].flatMap((part) => part.files),
  };
}

async function withOtherVae(parts: Parts, vaePath: string): Promise<Parts> {
  const file = await readSafetensors(vaePath);
  return { ...parts, vae: { tensors: file.tensors }, files: [...parts.files, stampOf(file)] };
}

function stampOf({ file, sizeBytes, mtimeMs }: FileStamp): FileStamp {
  return { file, sizeBytes, mtimeMs };
}

function need(source: TensorSource | undefined, part: string): TensorSource {
  if (!source)
    throw new PentimentoError('E_MODEL_MISSING_PART', `The ${part} is not in this model.`);
  return source;
}

function openUnet(part: Part): { unet: OpenedCheckpoint['unet']; nativeSide?: number } {
  const source = need(unetSource(part.tensors), 'UNet');
  const shapes = unetConfigFromShapes(source);
  const { config, nativeSide } =
    part.json === undefined
      ? { config: shapes, nativeSide: undefined }
      : withUnetJson(shapes, part.json);
  const weights = collectWeights('UNet', source, unetShapes(config));
  checkUnetConfig(config);
  return { unet: { config, weights }, ...(nativeSide === undefined ? {} : { nativeSide }) };
}

function openVae(part: Part): OpenedCheckpoint['vae'] {
  const source = need(vaeSource(part.tensors), 'VAE');
  const shapes = vaeConfigFromShapes(source);
  const config = part.json === undefined ? shapes : withVaeJson(shapes, part.json);
  const weights = collectWeights('VAE', source, vaeShapes(config));
  if (config.latentChannels !== 4) {
    throw new PentimentoError(
      'E_MODEL_FAMILY',
      `The VAE has ${config.latentChannels} latent channels.`,
    );
  }
  checkDivisible('VAE', config.blockOutChannels, [config.normGroups]);
  return { config, weights };
}

function openText(part: Part): OpenedCheckpoint['textEncoder'] {
  const source = need(clipTextSource(part.tensors), 'text encoder');
  const shapes = clipTextConfigFromShapes(source);
  const config = part.json === undefined ? shapes : withTextJson(shapes, part.json);
  const weights = collectWeights('text encoder', source, clipTextShapes(config));
  checkDivisible('text encoder', [config.hiddenSize], [config.heads]);
  return { config, weights };
}
