/** The library, opened when it is first asked: listening does not wait for a scan of model folders. */
import type { ModelSource } from './parts.ts';

export function lazyModels(folders: readonly string[]): ModelSource {
  let opened: Promise<ModelSource> | undefined;
  const open = () => {
    opened ??= import('../library/library.ts').then(({ openLibrary }) => openLibrary({ folders }));
    return opened;
  };
  return {
    list: async () => (await open()).list(),
    files: async (id, vaeId) => (await open()).files(id, vaeId),
    rescan: async () => (await open()).rescan(),
  };
}
