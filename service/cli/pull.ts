/** pull: one model file from an address, or from the user's own list of models, into a model folder. */
import { join, resolve } from 'node:path';
import { errorEntry, PentimentoError } from '../../shared/errors.ts';
import { readConfig, type Config } from '../config.ts';
import { isAddress } from '../library/download/address.ts';
import { catalogueEntry } from '../library/download/catalogue.ts';
import { pullLimits, pullModel, type PulledModel } from '../library/download/pullModel.ts';
import { serviceFlags } from './connection.ts';
import type { Options } from './options.ts';
import type { Terminal } from './terminal.ts';

/** Throws E_USAGE, E_MODEL_UNKNOWN and what pullModel throws. */
export async function pull(
  model: string,
  options: Options,
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<void> {
  const config = readConfig(serviceFlags(options));
  const folder = targetOf(options, config);
  const { address, sha256 } = await sourceOf(model, options, config);
  const pulled = await pullModel({
    address,
    folder,
    sha256,
    signal,
    limits: pullLimits,
    onProgress: makeProgress(terminal),
    onChecking: () => terminal.note('checking the file'),
  });
  tell(pulled, terminal);
}

function targetOf({ to }: Options, { modelFolders }: Config): string {
  const folder = to === undefined ? modelFolders.at(0) : resolve(to);
  if (folder === undefined) throw new PentimentoError('E_USAGE', 'Say where to: --to FOLDER.');
  return folder;
}

async function sourceOf(
  model: string,
  { sha256 }: Options,
  { dataDir }: Config,
): Promise<{ address: string; sha256: string | undefined }> {
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new PentimentoError('E_USAGE', '--sha256 expects 64 digits from 0 to f.');
  }
  if (isAddress(model)) return { address: model, sha256 };
  const entry = await catalogueEntry(join(dataDir, 'catalogue.json'), model);
  if (sha256 !== undefined && sha256.toLowerCase() !== entry.sha256.toLowerCase()) {
    throw new PentimentoError('E_USAGE', '--sha256 is another one than in catalogue.json.');
  }
  return { address: entry.url, sha256: entry.sha256 };
}

/** A terminal is not repainted more often than anybody reads. */
const progressEveryMs = 200;

function makeProgress(terminal: Terminal) {
  let toldAt = -Infinity;
  return (doneBytes: number, totalBytes: number | undefined): void => {
    const nowMs = performance.now();
    if (nowMs < toldAt + progressEveryMs && doneBytes !== totalBytes) return;
    toldAt = nowMs;
    const share = totalBytes ? doneBytes / totalBytes : 0;
    const of = totalBytes === undefined ? '' : ` of ${megabytes(totalBytes)}`;
    terminal.progress(share, `${megabytes(doneBytes)}${of}`);
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function tell({ path, sha256, sizeBytes, model, wasThere }: PulledModel, terminal: Terminal): void {
  const { kind, family, variant, usable, problem } = model;
  terminal.json({ path, sha256, sizeBytes, kind, family, variant, usable, problem, wasThere });
  terminal.line(`${path}${wasThere ? ' was there already' : ''}: ${megabytes(sizeBytes)}`);
  terminal.line(`${kind}, ${family}${variant === 'base' ? '' : ` ${variant}`}; SHA-256 ${sha256}`);
  if (!problem) return;
  terminal.note(`${problem.title} ${problem.detail ?? ''}`.trim());
  terminal.note(errorEntry(problem.code).next);
}
