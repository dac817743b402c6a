/** What the artist had active and selected, taken before a change and put back after it. */
import { isSameRect, type Rect } from '../../../shared/geometry.ts';
import type { Plane } from '../../../shared/frame.ts';
import { batchPlayChecked } from './batchPlayChecked.ts';
import { canvasOf, rectOfBounds, type PixelKind } from './documentFacts.ts';
import type { ActionDescriptor, PhotoshopApi, PhotoshopDocument } from './photoshopApi.ts';
import { readSelection } from './readPixels.ts';
import { writeSelection } from './writePixels.ts';
import { intersectRects, isEmptyRect, relativeTo } from '../../../shared/geometry.ts';

export interface ArtistState {
  readonly activeLayerIds: readonly number[];
  readonly selectionBounds: Rect | undefined;
  /** Coverage, kept only up to `maxKeptPixels`. */
  readonly selection: Plane | undefined;
}

/** A larger selection is not kept: none of our steps is known to touch it, and it would cost memory. */
const maxKeptPixels = 64_000_000;

export async function takeArtistState(
  photoshop: PhotoshopApi,
  document: PhotoshopDocument,
): Promise<ArtistState> {
  const activeLayerIds = Array.from(document.activeLayers, (layer) => layer.id);
  const selectionBounds = rectOfBounds(document.selection.bounds);
  const onCanvas = selectionBounds && intersectRects(selectionBounds, canvasOf(document));
  const keep =
    onCanvas && !isEmptyRect(onCanvas) && onCanvas.width * onCanvas.height <= maxKeptPixels;
  const selection = keep ? await readSelection(photoshop, document, onCanvas) : undefined;
  return { activeLayerIds, selectionBounds, selection };
}

/** The same on a canvas that has grown: what was selected lies elsewhere on it. */
export function movedState(state: ArtistState, canvas: Rect): ArtistState {
  const { selectionBounds } = state;
  return { ...state, selectionBounds: selectionBounds && relativeTo(selectionBounds, canvas) };
}

/** Makes the same layers active again, and the same selection if it is no longer there. */
export async function restoreArtistState(
  photoshop: PhotoshopApi,
  { document, kind }: { readonly document: PhotoshopDocument; readonly kind: PixelKind },
  state: ArtistState,
): Promise<void> {
  await batchPlayChecked(photoshop, selectLayers(state.activeLayerIds));
  const now = rectOfBounds(document.selection.bounds);
  const before = state.selectionBounds;
  if (before === now || (before && now && isSameRect(before, now))) return;
  if (!before) await batchPlayChecked(photoshop, [deselect]);
  else if (state.selection) {
    const onCanvas = intersectRects(before, canvasOf(document));
    const target = { documentID: document.id, depth: kind.depth, bounds: onCanvas };
    await writeSelection(photoshop, target, state.selection.data);
  }
}

const deselect: ActionDescriptor = {
  _obj: 'set',
  _target: [{ _ref: 'channel', _property: 'selection' }],
  to: { _enum: 'ordinal', _value: 'none' },
};

/** `makeVisible: false`: choosing a hidden layer must not show it. */
function selectLayers(ids: readonly number[]): ActionDescriptor[] {
  if (ids.length === 0) {
    const target = { _ref: 'layer', _enum: 'ordinal', _value: 'targetEnum' };
    return [{ _obj: 'selectNoLayers', _target: [target] }];
  }
  return ids.map((id, i) => ({
    _obj: 'select',
    _target: [{ _ref: 'layer', _id: id }],
    ...(i === 0
      ? {}
      : {
          selectionModifier: {
            _enum: 'selectionModifierType',
            _value: 'addToSelection',
          },
        }),
    makeVisible: false,
  }));
}
