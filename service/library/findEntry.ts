/** A model among those found, by any of the names that people have for it. */
import type { ModelInfo } from '../../shared/api.ts';
import type { FoundModel } from './scanFolder.ts';

interface NamedEntry {
  readonly found: FoundModel;
  readonly info: ModelInfo;
  /** Of the file, hex, when known. */
  readonly sha256?: string;
}

/** By id, then by name, by file name, by AUTOMATIC1111's title or hash; those of the wanted kind first, usable ones before others. */
export function findEntry<E extends NamedEntry>(
  entries: readonly E[],
  wanted: string,
  kind: ModelInfo['kind'],
): E | undefined {
  const lower = wanted.toLowerCase();
  // "6ce0161689" or "v1-5-pruned-emaonly.safetensors [6ce0161689]"
  const hash = /^(?:.*\[)?([0-9a-f]{10,64})\]?$/.exec(lower)?.[1];
  const tests: ReadonlyArray<(entry: E) => boolean> = [
    ({ info }) => info.id === wanted,
    ({ info }) => info.name === wanted,
    ({ info }) => info.id === lower || info.name.toLowerCase() === lower,
    ({ found }) => found.relativePath === wanted || fileName(found).toLowerCase() === lower,
    ({ sha256 }) => sha256 !== undefined && hash !== undefined && sha256.startsWith(hash),
  ];
  for (const test of tests) {
    const matching = entries.filter(test);
    const best = matching.toSorted((a, b) => score(b, kind) - score(a, kind))[0];
    if (best) return best;
  }
  return undefined;
}

function score({ info }: NamedEntry, kind: ModelInfo['kind']): number {
  return (info.kind === kind ? 2 : 0) + (info.usable ? 1 : 0);
}

export function fileName({ relativePath }: FoundModel): string {
  return relativePath.split('/').at(-1) ?? '';
}
