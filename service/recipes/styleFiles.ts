/** Where AUTOMATIC1111's styles lie on this computer. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import type { StyleInfo, StyleList } from '../../shared/styles.ts';
import { parseStyles } from './styles.ts';

const largestFileBytes = 16 * 1024 * 1024;

/** The text of a list of styles. Throws E_FILE when it cannot be read or is too large. */
export async function readStyleFile(path: string): Promise<string> {
  const name = basename(path);
  try {
    const { size } = await stat(path);
    if (size <= largestFileBytes) return await readFile(path, 'utf8');
  } catch (cause) {
    throw new PentimentoError('E_FILE', `"${name}" cannot be read.`, { cause });
  }
  throw new PentimentoError('E_FILE', `"${name}" is too large for a list of styles.`);
}

/**
 * The styles of every `styles*.csv` in the data folder and at the roots of the model folders, in that
 * order; of a name that stands in several files the last counts. Read anew each time. Never throws.
 */
export async function findStyles(
  dataFolder: string,
  modelFolders: readonly string[],
): Promise<StyleList> {
  const folders = [...new Set([dataFolder, ...modelFolders.flatMap(rootsOf)])];
  const styles = new Map<string, StyleInfo>();
  const unreadable: string[] = [];
  for (const path of (await Promise.all(folders.map(styleFilesIn))).flat()) {
    const file = join(basename(dirname(path)), basename(path));
    try {
      for (const { name, prompt = '', negativePrompt = '' } of parseStyles(
        await readStyleFile(path),
      )) {
        styles.delete(name);
        styles.set(name, { name, prompt, negativePrompt, file });
      }
    } catch {
      unreadable.push(file);
    }
  }
  return { styles: [...styles.values()], folders, unreadable };
}

/** The folder itself; for a program's own `models` or `models/Stable-diffusion` that program's as well. */
function rootsOf(folder: string): string[] {
  const parent = dirname(folder);
  const names = [folder, parent].map((path) => basename(path).toLowerCase());
  if (names[0] === 'models') return [folder, parent];
  const isInside = names[0] === 'stable-diffusion' && names[1] === 'models';
  return isInside ? [folder, dirname(parent)] : [folder];
}

/** `styles.csv` before others of its kind. */
async function styleFilesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const ofStyles = names.filter((name) => /^styles.*\.csv$/i.test(name));
  return ofStyles
    .toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))
    .map((n) => join(folder, n));
}
