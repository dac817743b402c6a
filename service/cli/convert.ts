/** convert: a PyTorch checkpoint (.ckpt, .pt, .pth, .bin) as safetensors, without running anything in it. */
import { extname } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { convertedName, convertModel } from '../library/convertModel.ts';
import type { Options } from './options.ts';
import type { Terminal } from './terminal.ts';

export async function convert(
  path: string,
  options: Options,
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<void> {
  const out = options.out ?? convertedName(path);
  if (extname(out).toLowerCase() !== '.safetensors') {
    throw new PentimentoError('E_OUTPUT_TYPE', 'A converted model is named .safetensors.');
  }
  const { tensors, bytes } = await convertModel(path, out, signal);
  terminal.line(`${out}: ${tensors} tensors, ${(bytes / 1e6).toFixed(1)} MB`);
  terminal.json({ out, tensors, bytes });
}
