/** Photoshop as the panel's editor. */
import type { Recipe } from '../../../shared/recipe.ts';
import type { Host, HostState, LayerRef, Placement } from '../host.ts';
import { captureRegion } from './captureRegion.ts';
import { readLayerRecipe } from './layerRecipe.ts';
import type { PhotoshopApi } from './photoshopApi.ts';
import { placePictures } from './placePictures.ts';
import { emptyState, readState } from './photoshopState.ts';
import { watchEvents } from './watchEvents.ts';

/** A Host on Photoshop's own API (the `photoshop` module, or a fake of it). */
export function createPhotoshopHost(photoshop: PhotoshopApi): Host {
  /** Recipes met in this session, by document and layer: `state` has to answer at once. */
  const recipes = new Map<string, Recipe>();
  let last: HostState = emptyState;

  const state = (): HostState => {
    try {
      last = readState(photoshop, (d, l) => recipes.get(keyOf(d, l)));
    } catch {
      // A document or layer is going away just now: what was known stays until the next look.
    }
    return last;
  };

  const readRecipe = async (): Promise<void> => {
    const document = state().document;
    if (!document?.layer) return;
    const key = keyOf(document.id, document.layer.id);
    if (recipes.has(key)) return;
    const found = await readLayerRecipe(photoshop, {
      documentID: Number(document.id),
      layerID: Number(document.layer.id),
    });
    if (found) recipes.set(key, found);
  };

  return {
    kind: 'photoshop',
    state,
    capture: (request) => captureRegion(photoshop, request),
    place: async (placement) => {
      const placed = await placePictures(photoshop, placement);
      rememberRecipes(recipes, placement, placed);
      return placed;
    },
    watch: (listener) => watchState(photoshop, { state, readRecipe }, listener),
  };
}

interface StateReader {
  readonly state: () => HostState;
  /** Looks for a recipe on the active layer, so that `state` can tell it. */
  readonly readRecipe: () => Promise<void>;
}

function watchState(
  photoshop: PhotoshopApi,
  { state, readRecipe }: StateReader,
  listener: (state: HostState) => void,
): () => void {
  let isStopped = false;
  let told = '';
  const tell = async () => {
    await readRecipe();
    if (isStopped) return;
    const now = state();
    const text = JSON.stringify(now);
    if (text === told) return;
    told = text;
    listener(now);
  };
  const stop = watchEvents(photoshop, {
    fingerprint: () => fingerprintOf(state()),
    onChange: () => void tell(),
  });
  void tell();
  return () => {
    isStopped = true;
    stop();
  };
}

function fingerprintOf({ document, selectionBounds, layerBounds }: HostState): string {
  return JSON.stringify([document, selectionBounds, layerBounds]);
}

function rememberRecipes(
  recipes: Map<string, Recipe>,
  placement: Placement,
  placed: LayerRef,
): void {
  // A group stands before its layers.
  const firstLayer = placed.layerIds.length - placement.pictures.length;
  placement.pictures.forEach((picture, i) => {
    const layerId = placed.layerIds[firstLayer + i];
    if (layerId !== undefined) recipes.set(keyOf(placed.documentId, layerId), picture.recipe);
  });
}

function keyOf(documentId: string, layerId: string): string {
  return `${documentId}:${layerId}`;
}
