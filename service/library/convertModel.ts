/** A PyTorch model file as .safetensors beside it. */
import { extname } from 'node:path';
import { convertTorchFile, type Converted } from '../engine/weights/pickle/convertTorchFile.ts';

/** Where a converted file goes unless told otherwise: beside the source, under its name. */
export function convertedName(path: string): string {
  return `${path.slice(0, path.length - extname(path).length)}.safetensors`;
}

/** Writes `to`; throws what convertTorchFile throws. */
export function convertModel(path: string, to: string, signal: AbortSignal): Promise<Converted> {
  return convertTorchFile(path, to, { signal });
}
