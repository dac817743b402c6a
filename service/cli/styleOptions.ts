/** --style NAME: AUTOMATIC1111's styles, from the files named by --styles or those that are found. */
import { basename, extname } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { nearestNames } from '../../shared/nearest.ts';
import { applyStyles, type Style } from '../../shared/styles.ts';
import { readConfig } from '../config.ts';
import { findStyles, readStyleFile } from '../recipes/styleFiles.ts';
import { joinStyleFiles } from '../recipes/styles.ts';
import { serviceFlags } from './connection.ts';
import type { Options } from './options.ts';

/** The styles of the files that are named, else of those that the panel shows. Throws E_FILE, E_PARAM. */
export async function readStyles(options: Options): Promise<Style[]> {
  const { style = [], styles = [] } = options;
  if (style.length > 0 && styles.length === 0) {
    const { dataDir, modelFolders } = readConfig(serviceFlags(options));
    return (await findStyles(dataDir, modelFolders)).styles;
  }
  const files = [];
  for (const path of styles) {
    const name = basename(path);
    files.push({ stem: basename(name, extname(name)), csv: await readStyleFile(path) });
  }
  return joinStyleFiles(files);
}

/** The options with their styles put into the prompts. Throws E_PARAM for an unknown style. */
export function withStyles(options: Options, styles: readonly Style[]): Options {
  const names = options.style ?? [];
  if (names.length === 0) return options;
  const unknown = names.find((name) => name !== 'None' && !styles.some((s) => s.name === name));
  if (unknown !== undefined) {
    const near = nearestNames(
      unknown,
      styles.map((s) => s.name),
    );
    const ask =
      near.length > 0
        ? ` Nearest: ${near.join(', ')}.`
        : ' Name its file with --styles, or put it into the data folder.';
    throw new PentimentoError('E_PARAM', `There is no style "${unknown.slice(0, 60)}".${ask}`);
  }
  const { prompt, negativePrompt } = applyStyles(styles, names, {
    prompt: options.prompt ?? '',
    negativePrompt: options.avoid ?? '',
  });
  return { ...options, prompt, avoid: negativePrompt, style: [] };
}
