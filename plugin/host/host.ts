/**
 * The editor as the panel sees it: Photoshop (host/photoshop) or the browser document
 * (host/workbench). Three verbs and a few facts; nothing else of an editor is known above this line.
 */
import type { Plane } from '../../shared/frame.ts';
import type { Rect } from '../../shared/geometry.ts';
import type { Recipe } from '../../shared/recipe.ts';
import type { DocumentInfo } from '../../shared/request.ts';

/** What the panel shows and plans with; cheap to read, changes with every `watch` call. */
export interface HostState {
  readonly document: DocumentInfo | undefined;
  /** Bounds of the active layer's pixels, document pixels. */
  readonly layerBounds: Rect | undefined;
  /** Bounds of the selection; undefined when nothing is selected. */
  readonly selectionBounds: Rect | undefined;
  /** Another number after every change of the selection, also inside its bounds; absent where the host cannot tell. */
  readonly selectionMark?: number | undefined;
  /** Recipe kept on the active layer, if it is one of ours. */
  readonly layerRecipe: Recipe | undefined;
  /** One sentence when the document cannot be worked on as it is, and why. */
  readonly note?: string | undefined;
}

export interface CaptureRequest {
  readonly documentId: string;
  /** Rectangle to read, document pixels; may reach past the canvas (transparent there). */
  readonly region: Rect;
  readonly source: 'layer' | 'composite';
  /** Read this layer instead of the active one; then with `source: 'layer'`. */
  readonly layerId?: string | undefined;
  readonly withMask: boolean;
}

/** Read in one go; planes have exactly the region's size. */
export interface Capture {
  readonly document: DocumentInfo;
  readonly region: Rect;
  /** Named `picture`: RGBA (or gray + alpha) sRGB in the document's depth. */
  readonly picture: Plane;
  /** Named `mask`: 8-bit coverage with its soft edges, without any feather of ours. */
  readonly mask: Plane | undefined;
  /** One sentence when something else was read than was asked for (the composite for a group). */
  readonly note?: string | undefined;
}

export interface PlacedPicture {
  readonly name: string;
  readonly bounds: Rect;
  /** Opaque colour over the bounds: 1 or 3 channels. */
  readonly color: Plane;
  /** Layer mask over the bounds, 1 channel 8 bit. */
  readonly alpha: Plane;
  readonly recipe: Recipe;
}

export interface Placement {
  readonly documentId: string;
  /** Put above this layer; absent or gone: on top. */
  readonly aboveLayerId: string | undefined;
  readonly documentSize: { readonly width: number; readonly height: number };
  /**
   * Expanding: what the canvas becomes, in the pixels of `documentSize` (x and y 0 or negative); it is part
   * of the same history state. A document that has this size already keeps it.
   */
  readonly canvas?: Rect;
  /** One layer, or a group of layers of which the first is visible. */
  readonly pictures: readonly PlacedPicture[];
  /** Name of the group when there are several. */
  readonly groupName: string;
  /** Name of the one history state. */
  readonly historyName: string;
}

export interface LayerRef {
  readonly documentId: string;
  /** What was placed, from the top level down: the layer, or the group and then its layers. */
  readonly layerIds: readonly string[];
}

/** Errors thrown: E_HOST_DOCUMENT, E_HOST_LAYER, E_HOST_MODE, E_HOST_BUSY. */
export interface Host {
  readonly kind: 'photoshop' | 'workbench';
  state(): HostState;
  capture(request: CaptureRequest): Promise<Capture>;
  place(placement: Placement): Promise<LayerRef>;
  /**
   * The same as capture, reduced until no side is longer than `maxSidePx`: for the thumbnail that is
   * shown before a run. Left out by hosts where reading is not cheap enough to do unasked.
   */
  glance?(request: CaptureRequest, maxSidePx: number): Promise<Capture>;
  /** Calls back after every change of document, layer or selection; answers the way to stop. */
  watch(listener: (state: HostState) => void): () => void;
}
