import type { ModelFiles } from '../../messages.ts';
import { openOnnxFolder, type OpenedOnnxFolder } from './onnx/openOnnxFolder.ts';
import { openCheckpoint } from './openCheckpoint.ts';
import type { OpenedCheckpoint } from './types.ts';

/** A checkpoint whose graphs we build, or a folder of graphs. */
export type OpenedModel = OpenedCheckpoint | OpenedOnnxFolder;

/** Throws what openCheckpoint and openOnnxFolder throw. */
export function openModel(files: ModelFiles): Promise<OpenedModel> {
  return files.layout === 'onnx' ? openOnnxFolder(files) : openCheckpoint(files);
}

export function isOnnxFolder(model: OpenedModel): model is OpenedOnnxFolder {
  return 'layout' in model;
}
