/** What a library keeps between scans: headers it has read, hashes it has computed. */
import { join } from 'node:path';
import { openFileHashes, type FileHashes } from './fileHashes.ts';
import { openInspectedModels, type InspectedModels } from './inspectedModels.ts';
import type { Environment } from './programFolders.ts';

export interface LibraryOptions {
  /** Folders to look in, in order; one that does not exist is taken as empty. */
  readonly folders: readonly string[];
  /** Variables that programs' own settings of folders may name (none). */
  readonly environment?: Environment;
  /** Where to keep what was learned from headers; absent: in memory only. */
  readonly kept?: { readonly folder: string; readonly programVersion: string };
  /** Notice changes by itself; without it only `rescan` and `files` look again. */
  readonly watch?: boolean;
  /** Compute hashes in the background. */
  readonly hashing?: { readonly isBusy: () => boolean; readonly share: number };
}

export interface LibraryParts {
  readonly inspected: InspectedModels;
  readonly hashes: FileHashes | undefined;
}

export async function openLibraryParts({
  kept,
  hashing,
}: Pick<LibraryOptions, 'kept' | 'hashing'>): Promise<LibraryParts> {
  const file = (name: string) => kept && join(kept.folder, name);
  return {
    inspected: await openInspectedModels(file('models.json'), kept?.programVersion ?? ''),
    hashes: hashing && (await openFileHashes({ path: file('model-hashes.json'), ...hashing })),
  };
}
