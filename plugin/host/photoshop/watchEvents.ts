/** Tells that something in Photoshop may have changed; what it was is read again by the caller. */
import type { PhotoshopApi } from './photoshopApi.ts';

/**
 * Photoshop has no event for "the selection changed": every command that can change a selection,
 * the layers or the document in front has its own (eventcodes.md).
 */
const watchedEvents = [
  'select',
  'set',
  'make',
  'delete',
  'move',
  'open',
  'close',
  'hide',
  'show',
  'duplicate',
  'paste',
  'cutEvent',
  'placeEvent',
  'historyStateChanged',
  'selectAllLayers',
  'selectNoLayers',
  'deselect',
  'addTo',
  'subtractFrom',
  'intersectWith',
  'inverse',
  'feather',
  'expand',
  'contract',
  'grow',
  'similar',
  'smoothness',
  'border',
  'crop',
  'canvasSize',
  'imageSize',
  'convertMode',
  'transform',
  'mergeLayersNew',
  'flattenImage',
  'rasterizeLayer',
  'quickMask',
  'modalJavaScriptScopeExit',
] as const;

const debounceMs = 150;
const pollMs = 1500;

export interface WatchOptions {
  /** Cheap to ask, differs when something changed that no event told about. */
  readonly fingerprint: () => string;
  readonly onChange: () => void;
}

/** Calls `onChange` 150 ms after the last sign of a change; answers the way to stop. */
export function watchEvents(
  photoshop: PhotoshopApi,
  { fingerprint, onChange }: WatchOptions,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const schedule = () => {
    if (timer !== undefined) clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      onChange();
    }, debounceMs);
  };
  let seen = fingerprint();
  const poll = setInterval(() => {
    const now = fingerprint();
    if (now !== seen) schedule();
    seen = now;
  }, pollMs);
  const added = settle(photoshop.action.addNotificationListener(watchedEvents, schedule));
  return () => {
    if (timer !== undefined) clearTimeout(timer);
    clearInterval(poll);
    // Only what has been added can be removed.
    void added.then(() =>
      settle(photoshop.action.removeNotificationListener(watchedEvents, schedule)),
    );
  };
}

/** Without notifications the poll still tells, so their failure is no failure of the watch. */
async function settle(result: Promise<void> | void): Promise<void> {
  try {
    await result;
  } catch {
    return;
  }
}
