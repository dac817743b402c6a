/** The library, opened when it is first asked: listening does not wait for a scan of model folders. */
import type { LibraryOptions } from '../library/libraryParts.ts';
import type { ModelSource } from './parts.ts';

export function lazyModels(options: LibraryOptions): ModelSource {
  let opened: Promise<ModelSource> | undefined;
  const open = () => {
    opened ??= import('../library/library.ts').then(({ openLibrary }) => openLibrary(options));
    return opened;
  };
  return {
    list: async () => (await open()).list(),
    files: async (...asked) => (await open()).files(...asked),
    refiner: async (...asked) => (await open()).refiner(...asked),
    upscaler: async (id) => (await open()).upscaler(id),
    rescan: async () => (await open()).rescan(),
    preview: async (id) => (await open()).preview(id),
    close: async () => (await opened)?.close(),
  };
}
