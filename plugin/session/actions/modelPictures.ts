/** Preview pictures of models, small: read when they are about to be shown. */
import { thumbnailUrl } from '../../picture/thumbnail.ts';
import type { SessionParts } from '../parts.ts';

const sidePx = 240;
/** They may be many and large; what is on the screen first comes first. */
const atOnce = 2;

export interface ModelPictures {
  /** Reads the picture of each model that has one and was not read before. */
  readonly show: (modelIds: readonly string[]) => void;
}

export function makeModelPictures(parts: SessionParts): ModelPictures {
  const { store } = parts;
  let waiting: string[] = [];
  let working = 0;
  const next = (): void => {
    const id = working < atOnce ? waiting.shift() : undefined;
    if (id === undefined || parts.ending.aborted) return;
    working += 1;
    void read(parts, id).finally(() => {
      working -= 1;
      next();
    });
    next();
  };
  return {
    show: (modelIds) => {
      const { models, previews } = store.getState();
      const fresh = modelIds.filter((id) => {
        const isKnown = previews.models[id] !== undefined || waiting.includes(id);
        return !isKnown && models.some((model) => model.id === id && model.hasPreview === true);
      });
      waiting = [...fresh, ...waiting];
      next();
    },
  };
}

async function read({ store, client }: SessionParts, id: string): Promise<void> {
  store.dispatch({ type: 'previewModel', id, picture: { phase: 'reading' } });
  try {
    // Decoded by the service: not every host shows every kind of picture.
    const { picture } = await client.openPicture(await client.modelPreview(id));
    const url = thumbnailUrl(picture, { maxSidePx: sidePx });
    store.dispatch({ type: 'previewModel', id, picture: { phase: 'known', url } });
  } catch {
    // A missing or broken picture is no reason to complain: the words are there.
    store.dispatch({ type: 'previewModel', id, picture: { phase: 'none' } });
  }
}
