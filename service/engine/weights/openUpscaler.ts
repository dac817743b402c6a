import { basename } from 'node:path';
import { PentimentoError } from '../../../shared/errors.ts';
import { collectWeights } from './collectWeights.ts';
import { detectModel } from './detectModel.ts';
import { shown } from './headerJson.ts';
import { upscalerShapes } from './networkShapes.ts';
import { describeModel } from './refuseModel.ts';
import { readTensorFile } from './readTensorFile.ts';
import { countTensors, type Tensors, type TensorSource } from './tensorSource.ts';
import type { FileStamp, NetworkWeights, UpscalerConfig } from './types.ts';
import { upscalerNamings } from './upscalerNames.ts';

export interface OpenedUpscaler {
  readonly config: UpscalerConfig;
  readonly weights: NetworkWeights;
  /** State of the file, for assertUnchanged (modelFile.ts). */
  readonly files: readonly FileStamp[];
}

/**
 * Opens an upscaler (ESRGAN in its three namings, or Real-ESRGAN's compact network): reads the header
 * only. Throws E_MODEL_KIND for another file, and what readTensorFile and collectWeights throw.
 */
export async function openUpscaler(path: string): Promise<OpenedUpscaler> {
  const { tensors, metadata, file, sizeBytes, mtimeMs } = await readTensorFile(path);
  const found = detectModel({ tensors, metadata });
  const network = found.component === 'upscaler' ? upscalerOf(tensors) : undefined;
  if (!network || !found.recognized || !scales.includes(network.config.scale)) {
    const what = `${shown(basename(path))} is ${describeModel(found)}.`;
    throw new PentimentoError('E_MODEL_KIND', what);
  }
  const { config, source } = network;
  const weights = collectWeights('upscaler', source, upscalerShapes(config));
  return { config, weights, files: [{ file, sizeBytes, mtimeMs }] };
}

/** Of published networks; 1 cleans a picture up. */
const scales: readonly number[] = [1, 2, 3, 4, 8];

interface FoundNetwork {
  readonly config: UpscalerConfig;
  readonly source: TensorSource;
}

/** The network whose first layers are there, in any naming, with or without the trainer's prefix. */
function upscalerOf(tensors: Tensors): FoundNetwork | undefined {
  for (const prefix of ['', 'params_ema.', 'params.']) {
    const found = compactOf(tensors, prefix) ?? esrganOf(tensors, prefix);
    if (found) return found;
  }
  return undefined;
}

function esrganOf(tensors: Tensors, prefix: string): FoundNetwork | undefined {
  for (const { name } of upscalerNamings) {
    const layer = (path: string, counts = { blocks: 0, doublings: 0 }) =>
      tensors.get(`${prefix}${name(path, counts)}.weight`);
    const has = (path: string): boolean => layer(path) !== undefined;
    if (!has('conv_first') || !has('body.0.rdb1.conv1')) continue;
    const blocks = countTensors(has, (i) => `body.${i}.rdb1.conv1`);
    const doublings = countTensors(has, (i) => `conv_up${i + 1}`);
    const [features = 0, inputs = 0] = layer('conv_first')?.shape ?? [];
    const folding = Math.sqrt(inputs / 3);
    const [growth = 0] = layer('body.0.rdb1.conv1')?.shape ?? [];
    const scale = 2 ** doublings / folding;
    return {
      config: { kind: 'esrgan', blocks, features, growth, folding, doublings, scale },
      source: (wanted) => {
        const [, path = '', part = ''] = /^(.+)\.(weight|bias)$/.exec(wanted) ?? [];
        return tensors.get(`${prefix}${name(path, { blocks, doublings })}.${part}`);
      },
    };
  }
  return undefined;
}

function compactOf(tensors: Tensors, prefix: string): FoundNetwork | undefined {
  const shape = (index: number) => tensors.get(`${prefix}body.${index}.weight`)?.shape ?? [];
  // Convolutions with an activation's slopes after each but the last.
  if (shape(0).length !== 4 || shape(1).length !== 1) return undefined;
  const layers = countTensors(
    (name) => tensors.has(name),
    (i) => `${prefix}body.${i}.weight`,
  );
  const scale = Math.sqrt((shape(layers - 1)[0] ?? 0) / 3);
  return {
    config: { kind: 'compact', convolutions: (layers - 3) / 2, features: shape(0)[0] ?? 0, scale },
    source: (wanted) => tensors.get(prefix + wanted),
  };
}
