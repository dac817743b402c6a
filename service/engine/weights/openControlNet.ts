import { basename } from 'node:path';
import { PentimentoError } from '../../../shared/errors.ts';
import { collectWeights } from './collectWeights.ts';
import { detectModel } from './detectModel.ts';
import { builtFamily } from './families.ts';
import { shown } from './headerJson.ts';
import { checkUnetConfig, controlNetConfigFromShapes } from './networkConfigs.ts';
import { controlNetShapes } from './networkShapes.ts';
import { readTensorFile } from './readTensorFile.ts';
import { describeModel } from './refuseModel.ts';
import { controlNetSource } from './tensorSource.ts';
import type { BuiltFamily, ControlNetConfig, FileStamp, NetworkWeights } from './types.ts';

export interface OpenedControlNet {
  /** Of the models that it fits. */
  readonly family: BuiltFamily;
  readonly config: ControlNetConfig;
  readonly weights: NetworkWeights;
  /** State of the file, for assertUnchanged (modelFile.ts). */
  readonly files: readonly FileStamp[];
}

/**
 * Opens a ControlNet, in its authors' naming or in diffusers': reads the header only. Throws
 * E_MODEL_KIND for another kind of file, E_MODEL_FAMILY for families that are not built, and what
 * readTensorFile and collectWeights throw.
 */
export async function openControlNet(path: string): Promise<OpenedControlNet> {
  const { tensors, metadata, ...stamp } = await readTensorFile(path);
  const found = detectModel({ tensors, metadata });
  const source = found.component === 'controlnet' ? controlNetSource(tensors) : undefined;
  if (!source) {
    const what = `${shown(basename(path))} is ${describeModel(found)}.`;
    throw new PentimentoError('E_MODEL_KIND', what);
  }
  const family = builtFamily(found.family);
  if (!family) {
    throw new PentimentoError('E_MODEL_FAMILY', `${shown(basename(path))} is for another family.`);
  }
  const config = controlNetConfigFromShapes(source);
  const weights = collectWeights('ControlNet', source, controlNetShapes(config));
  checkUnetConfig(config.trunk);
  const { file, sizeBytes, mtimeMs } = stamp;
  return { family, config, weights, files: [{ file, sizeBytes, mtimeMs }] };
}
