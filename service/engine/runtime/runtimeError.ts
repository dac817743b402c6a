/** onnxruntime's failures in the product's words. Its messages hold paths: they stay in `cause`. */
import { PentimentoError, type ErrorCode } from '../../../shared/errors.ts';
import type { DeviceName } from './device.ts';

const memory = /bad_alloc|out ?of ?memory|failed to allocate|not enough memory|E_OUTOFMEMORY/i;
const weights =
  /external (data|initializer)|mmap|mapping file|ReadFileIntoBuffer|file_size|out of bounds/i;
const device =
  /execution provider|\bEP\b|webgpu|vulkan|adapter|device (lost|removed|hung)|cuda|cudnn|dml|d3d12/i;

/** `error` as a PentimentoError with a code and no text of its own. */
export function runtimeError(
  error: unknown,
  on: DeviceName,
  during: 'load' | 'run',
): PentimentoError {
  if (error instanceof PentimentoError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new PentimentoError(codeOf(message, on, during), undefined, { cause: error });
}

function codeOf(message: string, on: DeviceName, during: 'load' | 'run'): ErrorCode {
  if (memory.test(message)) return 'E_MEMORY';
  if (during === 'load' && weights.test(message)) return 'E_MODEL_DAMAGED';
  if (on !== 'cpu' && device.test(message)) return 'E_DEVICE';
  return 'E_INTERNAL';
}
