/** The session: the panel's state and everything that can be done with it. */
import { toProblem } from '../../shared/errors.ts';
import type { Host } from '../host/host.ts';
import { generate } from './actions/generate.ts';
import { keepLooking, lookForService, pair, readModels, readStyles } from './actions/connect.ts';
import {
  addControl,
  changeControl,
  lookAtActiveLayer,
  pickControlPicture,
  removeControl,
  showControlMap,
} from './actions/controls.ts';
import { keepCounting } from './actions/counting.ts';
import { keepMaskPreview } from './actions/maskPreview.ts';
import { makeModelPictures } from './actions/modelPictures.ts';
import { loadThumbnail, place } from './actions/place.ts';
import { keepPlanning } from './actions/planning.ts';
import { pickRecipe, readLayerRecipe, readRecipe, applyRecipe } from './actions/readRecipe.ts';
import type { ControlSetting } from './controls.ts';
import type { PickedFile, SessionOptions, SessionParts } from './parts.ts';
import type { MaskView } from './previews.ts';
import type { RecipePart } from './recipeOffer.ts';
import { loadSettings, saveSettings, type Mode, type Settings } from './settings.ts';
import { settingsOfRequest } from './settingsOfRequest.ts';
import { initialState, type SessionState } from './state.ts';
import { createStore } from './store.ts';
import { isSameRect, type Rect } from '../../shared/geometry.ts';
import type { Recipe } from '../../shared/recipe.ts';
import type { HostState } from '../host/host.ts';

/** All that components may do; none of it throws, failures become state. */
export interface Session {
  readonly hostKind: Host['kind'];
  readonly getState: () => SessionState;
  readonly subscribe: (listener: () => void) => () => void;
  readonly change: (change: Partial<Settings>) => void;
  readonly chooseMode: (mode: Mode) => void;
  /** Presses the one button. */
  readonly generate: () => void;
  readonly cancel: (runKey: string) => void;
  /** Places results of a run again; all of them without a list. */
  readonly place: (runKey: string, resultIds?: readonly string[]) => void;
  readonly chooseResult: (resultId: string | undefined) => void;
  readonly discardResult: (runKey: string, resultId: string) => void;
  readonly discardRun: (runKey: string) => void;
  /** Fetches the small picture of a result that is about to be shown. */
  readonly showThumbnail: (runKey: string, resultId: string) => void;
  /** Takes over the settings of a recipe: the same seed, or a free one for variants of it. */
  readonly reuse: (recipe: Recipe, seed: 'same' | 'free') => void;
  /** Asks for a picture file and shows the recipe in it. */
  readonly pickRecipe: () => void;
  /** Shows the recipe in a file that was dropped. */
  readonly readRecipe: (file: PickedFile) => void;
  /** Shows the recipe of the active layer. */
  readonly readLayerRecipe: () => void;
  /** Takes over the recipe that is shown, or a part of it. */
  readonly applyRecipe: (part: RecipePart) => void;
  readonly closeRecipe: () => void;
  /** Shows a mask of the run, or none; what is out of date is made anew. */
  readonly showMasks: (view: MaskView) => void;
  readonly addControl: () => void;
  readonly changeControl: (id: string, change: Partial<ControlSetting>) => void;
  readonly removeControl: (id: string) => void;
  /** Lets a ControlNet look at the layer that is active now. */
  readonly lookAtActiveLayer: (id: string) => void;
  /** Asks for a picture file that a ControlNet looks at. */
  readonly pickControlPicture: (id: string) => void;
  /** Shows what a ControlNet will see. */
  readonly showControlMap: (id: string) => void;
  /** Reads the preview pictures of models that are about to be shown. */
  readonly showModelPictures: (modelIds: readonly string[]) => void;
  /** Reads the files with styles again. */
  readonly readStyles: () => void;
  /** Asks for the models again: files may have come. */
  readonly readModels: () => void;
  readonly lookAgain: () => void;
  readonly pair: (code: string) => void;
  readonly dismissNotice: () => void;
  /** Tries again what the notice is about. */
  readonly retryNotice: () => void;
  /** Stops following, watching and planning. */
  readonly end: () => void;
}

/** Begins to watch the host and to look for the service at once. */
export function startSession(options: SessionOptions): Session {
  const ending = new AbortController();
  const store = createStore(initialState(loadSettings(options.storage), options.host.state()));
  const parts: SessionParts = {
    ...options,
    store,
    ending: ending.signal,
    fetching: new Set(),
    placedAbove: new Map(),
    controlPictures: new Map(),
  };
  const stopWatching = options.host.watch((host) => {
    if (!isSameHostState(host, store.getState().host))
      store.dispatch({ type: 'hostChanged', host });
  });
  const stopPlanning = keepPlanning(parts);
  const stopCounting = keepCounting(parts);
  const stopSaving = keepSaving(parts);
  const masks = keepMaskPreview(parts);
  const modelPictures = makeModelPictures(parts);
  void keepLooking(parts);
  return {
    hostKind: options.host.kind,
    getState: store.getState,
    subscribe: store.subscribe,
    ...commands(parts),
    showMasks: masks.show,
    showModelPictures: modelPictures.show,
    end: () => {
      ending.abort();
      stopWatching();
      stopPlanning();
      stopCounting();
      stopSaving();
      masks.stop();
    },
  };
}

type Commands = Omit<
  Session,
  'hostKind' | 'getState' | 'subscribe' | 'end' | 'showMasks' | 'showModelPictures'
>;

function commands(parts: SessionParts): Commands {
  const { store } = parts;
  let pairing: Promise<void> | undefined;
  return {
    change: (change) => store.dispatch({ type: 'settingsChanged', change }),
    chooseMode: (mode) => store.dispatch({ type: 'modeChosen', mode }),
    generate: () => void generate(parts),
    cancel: (key) => void cancel(parts, key),
    place: (key, resultIds) => void place(parts, key, resultIds),
    chooseResult: (resultId) => store.dispatch({ type: 'resultChosen', resultId }),
    discardResult: (key, resultId) => store.dispatch({ type: 'resultDiscarded', key, resultId }),
    discardRun: (key) => store.dispatch({ type: 'runDiscarded', key }),
    showThumbnail: (key, resultId) => void loadThumbnail(parts, key, resultId),
    reuse: (recipe, seed) => {
      const change = settingsOfRequest(recipe.request, recipe);
      store.dispatch({
        type: 'settingsChanged',
        change: seed === 'same' ? change : { ...change, isSeedFixed: false, count: 3 },
      });
    },
    pickRecipe: () => void pickRecipe(parts),
    readRecipe: (file) => void readRecipe(parts, file),
    readLayerRecipe: () => readLayerRecipe(parts),
    applyRecipe: (part) => applyRecipe(parts, part),
    closeRecipe: () => store.dispatch({ type: 'recipeClosed' }),
    addControl: () => addControl(parts),
    changeControl: (id, change) => changeControl(parts, id, change),
    removeControl: (id) => removeControl(parts, id),
    lookAtActiveLayer: (id) => lookAtActiveLayer(parts, id),
    pickControlPicture: (id) => void pickControlPicture(parts, id),
    showControlMap: (id) => void showControlMap(parts, id),
    readStyles: () => void readStyles(parts),
    readModels: () => void readModels(parts),
    lookAgain: () => void lookForService(parts),
    // One at a time: a code counts once, and a second answer would undo the first.
    pair: (code) => {
      pairing ??= pair(parts, code).finally(() => (pairing = undefined));
    },
    dismissNotice: () => store.dispatch({ type: 'noticed', notice: undefined }),
    retryNotice: () => {
      const retry = store.getState().notice?.retry;
      store.dispatch({ type: 'noticed', notice: undefined });
      if (retry) void place(parts, retry.runKey);
    },
  };
}

async function cancel(parts: SessionParts, key: string): Promise<void> {
  const run = parts.store.getState().runs.find((r) => r.key === key);
  if (run?.jobId === undefined) return;
  parts.store.dispatch({ type: 'stopping', key, isStopping: true });
  try {
    await parts.client.cancel(run.jobId);
  } catch (error) {
    const problem = toProblem(error);
    parts.store.dispatch({ type: 'stopping', key, isStopping: false });
    // It ended by itself in the meantime: its events say how.
    if (problem.code === 'E_JOB_STATE') return;
    parts.store.dispatch({ type: 'noticed', notice: { problem, retry: undefined } });
  }
}

function keepSaving({ store, storage }: SessionParts): () => void {
  let saved = store.getState().settings;
  return store.subscribe(() => {
    const { settings } = store.getState();
    if (settings === saved) return;
    saved = settings;
    saveSettings(storage, settings);
  });
}

/** Hosts call back often (every event of the editor); equal facts should not redraw the panel. */
function isSameHostState(a: HostState, b: HostState): boolean {
  return (
    JSON.stringify(a.document) === JSON.stringify(b.document) &&
    isSameOptionalRect(a.layerBounds, b.layerBounds) &&
    isSameOptionalRect(a.selectionBounds, b.selectionBounds) &&
    a.selectionMark === b.selectionMark &&
    a.note === b.note &&
    JSON.stringify(a.layerRecipe) === JSON.stringify(b.layerRecipe)
  );
}

function isSameOptionalRect(a: Rect | undefined, b: Rect | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && isSameRect(a, b));
}
