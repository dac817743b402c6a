/** What is wrong in a library: files that cannot be used, and files that are there more than once. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { ModelInfo } from '../../shared/api.ts';
import type { LibraryEntry } from './library.ts';

export interface LibraryFindings {
  readonly broken: ReadonlyArray<{ readonly path: string; readonly info: ModelInfo }>;
  readonly duplicates: readonly Duplicates[];
}

export interface Duplicates {
  readonly paths: readonly string[];
  /** Of one of them. */
  readonly sizeBytes: number;
  /** By SHA-256; otherwise by size and by samples from the whole file. */
  readonly isCertain: boolean;
}

/** Reads a few hundred kilobytes of files that have the same size, and nothing of the others. */
export async function findFaults(entries: readonly LibraryEntry[]): Promise<LibraryFindings> {
  const broken = entries
    .filter(({ info }) => info.problem !== undefined)
    .map(({ found, info }) => ({ path: found.path, info }));
  const files = entries.filter(
    ({ found, info }) => found.layout === 'single' && info.sizeBytes > 0,
  );
  const duplicates: Duplicates[] = [];
  const hashed = files.filter(({ sha256 }) => sha256 !== undefined);
  for (const same of grouped(hashed, ({ sha256 }) => sha256 ?? '')) {
    duplicates.push(duplicatesOf(same, true));
  }
  for (const sameSize of grouped(files, ({ info }) => String(info.sizeBytes))) {
    if (sameSize.every(({ sha256 }) => sha256 !== undefined)) continue;
    const marks = await Promise.all(sameSize.map(({ found }) => sampleMark(found.path)));
    const marked = sameSize.map((entry, i) => ({ entry, mark: marks[i] }));
    const readable = marked.filter(({ mark }) => mark !== undefined);
    for (const same of grouped(readable, ({ mark }) => mark ?? '')) {
      const group = same.map(({ entry }) => entry);
      if (group.some(({ sha256 }) => sha256 === undefined)) {
        duplicates.push(duplicatesOf(group, false));
      }
    }
  }
  return { broken, duplicates };
}

function duplicatesOf(group: readonly LibraryEntry[], isCertain: boolean): Duplicates {
  const paths = group.map(({ found }) => found.path);
  return { paths, sizeBytes: group[0].info.sizeBytes, isCertain };
}

/** The groups of two and more. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

const samples = 32;
const sampleBytes = 8 * 1024;

/**
 * A hash over the beginning and evenly spread samples. Headers alone would not do: fine-tunes of one
 * model have the same names, shapes and sizes. Undefined for a file that cannot be read.
 */
async function sampleMark(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    const hash = createHash('sha256');
    const buffer = Buffer.alloc(sampleBytes);
    for (let i = 0; i < samples; i++) {
      const at = Math.floor(((size - sampleBytes) * i) / (samples - 1));
      const { bytesRead } = await file.read(buffer, 0, sampleBytes, Math.max(0, at));
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest('hex');
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}
