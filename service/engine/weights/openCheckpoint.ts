import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PentimentoError } from '../../../shared/errors.ts';
import type { ModelFiles } from '../../messages.ts';
import { collectWeights } from './collectWeights.ts';
import type { Detection } from './detection.ts';
import {
  schedulerFacts,
  withUnetJson,
  zeroEmptyNegativeOf,
  type SchedulerFacts,
} from './diffusersConfig.ts';
import { readComponent, readConfigJson } from './diffusersFolder.ts';
import { detectModel } from './detectModel.ts';
import { builtFamily, familyFacts } from './families.ts';
import { checkUnetConfig, unetConfigFromShapes } from './networkConfigs.ts';
import { unetShapes } from './networkShapes.ts';
import { openTextEncoder } from './openTextEncoder.ts';
import { needPart, openVae, type Part } from './openVae.ts';
import { predictionBeside, predictionOfWeights } from './predictionOf.ts';
import { describeModel, refuseModel } from './refuseModel.ts';
import { readTensorFile } from './readTensorFile.ts';
import { unetSource, type Tensors } from './tensorSource.ts';
import type { BuiltFamily, FileStamp, OpenedCheckpoint, OpenedTextEncoder } from './types.ts';

const publishedNoise: Omit<SchedulerFacts, 'prediction'> = {
  betaStart: 0.00085,
  betaEnd: 0.012,
  betaSchedule: 'scaled_linear',
  zeroTerminalSnr: false,
};

interface Parts {
  readonly family: BuiltFamily;
  readonly unet: Part;
  readonly vae: Part;
  readonly textEncoders: readonly OpenedTextEncoder[];
  readonly noise: Omit<SchedulerFacts, 'prediction'>;
  /** scheduler_config.json of a folder. */
  readonly scheduler?: unknown;
  /** Undefined where only the weights can tell. */
  readonly prediction: SchedulerFacts['prediction'] | undefined;
  readonly zeroEmptyNegative: boolean | undefined;
  readonly files: readonly FileStamp[];
}

/**
 * Opens a Stable Diffusion 1, 2 or XL model: reads headers and configurations only, brings every tensor
 * under its diffusers name and checks that all of them are there in the right shape. Throws
 * E_MODEL_FAMILY, E_MODEL_KIND, E_MODEL_MISSING_PART, E_MODEL_DAMAGED, E_MODEL_NOT_SAFETENSORS, E_FILE.
 */
export async function openCheckpoint(files: ModelFiles): Promise<OpenedCheckpoint> {
  const own = files.rest ? await borrowingParts(files, files.rest) : await ownParts(files);
  const parts = files.vaePath === undefined ? own : await withOtherVae(own, files.vaePath);
  const facts = familyFacts[parts.family];
  const { unet, nativeSide } = openUnet(parts.unet);
  const prediction = parts.prediction ?? (await predictionOfWeights(unet.weights));
  const { betaStart, betaEnd, betaSchedule, zeroTerminalSnr } = parts.noise;
  return {
    family: parts.family,
    prediction,
    betaStart,
    betaEnd,
    betaSchedule,
    zeroTerminalSnr,
    ...(isJsonObject(parts.scheduler) ? { scheduler: parts.scheduler } : {}),
    unet,
    vae: openVae(parts.vae, facts.scalingFactor),
    textEncoders: parts.textEncoders,
    zeroEmptyNegative: parts.zeroEmptyNegative ?? facts.zeroEmptyNegative,
    nativeSide: nativeSide ?? facts.nativeSide[prediction],
    files: parts.files,
  };
}

function isJsonObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** The family of what was found, or throws why it cannot be opened. */
function familyOf(found: Detection): BuiltFamily {
  const refusal = refuseModel(found);
  const family = builtFamily(found.family);
  if (refusal || !family) throw refusal ?? new PentimentoError('E_MODEL_FAMILY');
  return family;
}

function ownParts(files: ModelFiles): Promise<Parts> {
  return files.layout === 'single' ? singleFileParts(files) : folderParts(files);
}

/** A UNet alone, with what another model of its family lends it. Throws E_MODEL_FAMILY for one of another. */
async function borrowingParts(
  files: ModelFiles,
  rest: NonNullable<ModelFiles['rest']>,
): Promise<Parts> {
  const file = await readTensorFile(files.path);
  const found = detectModel(file);
  const family = familyOf(found);
  const lent = await ownParts({ ...files, ...rest });
  if (lent.family !== family) {
    const what = `Its text encoder and VAE are those of a model of another family (${lent.family}).`;
    throw new PentimentoError('E_MODEL_FAMILY', what);
  }
  return {
    ...lent,
    unet: { tensors: file.tensors, ...configOf(lent.unet, file.tensors) },
    ...trainedAs(file, lent),
    prediction: found.prediction === 'v' ? 'v' : await lentPrediction(files.path, lent),
    scheduler: undefined,
    files: [stampOf(file), ...lent.files],
  };
}

/** The lender's, where its network has the same shapes: they do not tell group norms and heads. */
function configOf({ tensors, json }: Part, own: Tensors): Pick<Part, 'json'> {
  const [lenders, ours] = [unetSource(tensors), unetSource(own)];
  if (json === undefined || !lenders || !ours) return {};
  const isSame = isDeepStrictEqual(unetConfigFromShapes(lenders), unetConfigFromShapes(ours));
  return isSame ? { json } : {};
}

/** The file beside it says; else it was made from a model like the lender. */
async function lentPrediction(path: string, lent: Parts): Promise<Parts['prediction']> {
  return (await predictionBeside(path)) ?? lent.prediction;
}

function trainedAs(
  { tensors }: { readonly tensors: Tensors },
  { noise }: Parts,
): Pick<Parts, 'noise'> {
  return { noise: tensors.has('ztsnr') ? { ...noise, zeroTerminalSnr: true } : noise };
}

/** What a single file says of the noise it was trained on. */
function noiseOf({ tensors }: { readonly tensors: Tensors }): Pick<Parts, 'noise'> {
  return { noise: { ...publishedNoise, zeroTerminalSnr: tensors.has('ztsnr') } };
}

/** Undefined where only the weights can tell. */
async function predictionOf(path: string, { prediction }: Detection): Promise<Parts['prediction']> {
  return prediction === 'unknown' ? predictionBeside(path) : prediction;
}

async function singleFileParts(files: ModelFiles): Promise<Parts> {
  const file = await readTensorFile(files.path);
  const found = detectModel(file);
  const family = familyOf(found);
  if (found.component === 'unet') {
    const what = `This is ${describeModel(found)}: text encoder and VAE are not in the file.`;
    throw new PentimentoError('E_MODEL_MISSING_PART', what);
  }
  const part: Part = { tensors: file.tensors };
  return {
    family,
    unet: part,
    vae: part,
    textEncoders: familyFacts[family].textEncoders.map((place) => openTextEncoder(part, place)),
    ...noiseOf(file),
    prediction: await predictionOf(files.path, found),
    zeroEmptyNegative: undefined,
    files: [stampOf(file)],
  };
}

async function folderParts(files: ModelFiles): Promise<Parts> {
  const unet = await readComponent(join(files.path, 'unet'), 'UNet');
  const family = familyOf(detectModel({ tensors: unet.tensors, metadata: new Map() }));
  const stamps = [...unet.files];
  const textEncoders: OpenedTextEncoder[] = [];
  for (const place of familyFacts[family].textEncoders) {
    const text = await readComponent(join(files.path, place.folder), 'text encoder');
    stamps.push(...text.files);
    textEncoders.push(openTextEncoder({ tensors: text.tensors, json: text.config }, place));
  }
  const vae =
    files.vaePath === undefined ? await readComponent(join(files.path, 'vae'), 'VAE') : undefined;
  const scheduler = await readConfigJson(join(files.path, 'scheduler', 'scheduler_config.json'));
  const { prediction, ...noise } = schedulerFacts(scheduler ?? {});
  const index = await readConfigJson(join(files.path, 'model_index.json'));
  return {
    family,
    unet: { tensors: unet.tensors, json: unet.config },
    vae: vae ? { tensors: vae.tensors, json: vae.config } : { tensors: new Map() },
    textEncoders,
    noise,
    scheduler,
    prediction,
    zeroEmptyNegative: zeroEmptyNegativeOf(index ?? {}),
    files: [...stamps, ...(vae?.files ?? [])],
  };
}

async function withOtherVae(parts: Parts, vaePath: string): Promise<Parts> {
  const file = await readTensorFile(vaePath);
  return { ...parts, vae: { tensors: file.tensors }, files: [...parts.files, stampOf(file)] };
}

function stampOf({ file, sizeBytes, mtimeMs }: FileStamp): FileStamp {
  return { file, sizeBytes, mtimeMs };
}

function openUnet(part: Part): { unet: OpenedCheckpoint['unet']; nativeSide?: number } {
  const source = needPart(unetSource(part.tensors), 'UNet');
  const shapes = unetConfigFromShapes(source);
  const { config, nativeSide } =
    part.json === undefined
      ? { config: shapes, nativeSide: undefined }
      : withUnetJson(shapes, part.json);
  const weights = collectWeights('UNet', source, unetShapes(config));
  checkUnetConfig(config);
  return { unet: { config, weights }, ...(nativeSide === undefined ? {} : { nativeSide }) };
}
