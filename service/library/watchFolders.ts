/** Tells when something below some folders changes. A hint: a scan on demand remains the truth. */
import { watch, type FSWatcher } from 'node:fs';

export interface FolderWatch {
  /** Watches these folders and no others from now on; answers whether it began with any of them. */
  follow(folders: readonly string[]): boolean;
  close(): void;
}

/** Each costs the system a handle. */
const mostFolders = 2_000;

/** `onChange` is called for each change; what cannot be watched (network disks, too many) is left out. */
export function watchFolders(onChange: () => void): FolderWatch {
  const watchers = new Map<string, FSWatcher>();
  const drop = (folder: string) => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  const add = (folder: string) => {
    try {
      // Not persistent: a watch alone must not keep the program running.
      const watcher = watch(folder, { persistent: false }, onChange);
      watcher.on('error', () => drop(folder));
      watchers.set(folder, watcher);
    } catch {
      // The folder is gone, or the system has no handles left.
    }
  };
  return {
    follow(folders) {
      const wanted = new Set(folders.slice(0, mostFolders));
      for (const folder of watchers.keys()) if (!wanted.has(folder)) drop(folder);
      const added = [...wanted].filter((folder) => !watchers.has(folder));
      for (const folder of added) add(folder);
      return added.some((folder) => watchers.has(folder));
    },
    close() {
      for (const folder of watchers.keys()) drop(folder);
    },
  };
}
