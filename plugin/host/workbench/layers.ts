/** The browser document's layers. Values are never changed in place: history keeps them by reference. */
import type { Rect, Size } from '../../../shared/geometry.ts';
import type { Recipe } from '../../../shared/recipe.ts';

/** 8-bit mask over its own bounds; `outside` is its value everywhere else. */
export interface LayerMask {
  readonly bounds: Rect;
  readonly data: Uint8Array;
  /** The same with 16 bits, of a file that had more than 8. */
  readonly deep?: Uint16Array;
  readonly outside: 0 | 255;
  readonly isEnabled: boolean;
}

/** Samples over a layer's bounds, straight alpha. */
export interface LayerPixels {
  /** RGBA of 8 bits: what is shown. */
  readonly rgba: Uint8ClampedArray;
  /** RGBA of 16 bits, of a file or result that had more than 8. */
  readonly deep?: Uint16Array;
}

export interface PixelLayer extends LayerPixels {
  readonly kind: 'pixels';
  readonly id: number;
  readonly name: string;
  readonly isVisible: boolean;
  /** 0..1 */
  readonly opacity: number;
  readonly bounds: Rect;
  readonly mask: LayerMask | undefined;
  readonly recipe: Recipe | undefined;
  /** What a PSD said about the layer beyond this model, kept for saving it again. */
  readonly extra: unknown;
}

export interface LayerGroup {
  readonly kind: 'group';
  readonly id: number;
  readonly name: string;
  readonly isVisible: boolean;
  readonly opacity: number;
  readonly isOpen: boolean;
  /** From the bottom up. */
  readonly children: readonly Layer[];
  readonly extra: unknown;
}

export type Layer = PixelLayer | LayerGroup;

/** The layer with this id, at any depth. */
export function findLayer(layers: readonly Layer[], id: number): Layer | undefined {
  for (const layer of layers) {
    if (layer.id === id) return layer;
    const inside = layer.kind === 'group' ? findLayer(layer.children, id) : undefined;
    if (inside) return inside;
  }
  return undefined;
}

/** The same layers with one of them replaced, or removed where `change` answers undefined. */
export function changeLayer(
  layers: readonly Layer[],
  id: number,
  change: (layer: Layer) => Layer | undefined,
): readonly Layer[] {
  return layers.flatMap((layer): readonly Layer[] => {
    if (layer.id === id) {
      const next = change(layer);
      return next ? [next] : [];
    }
    if (layer.kind !== 'group') return [layer];
    const children = changeLayer(layer.children, id, change);
    return children === layer.children ? [layer] : [{ ...layer, children }];
  });
}

/** The same layers with `added` right above the one with this id; on top where there is none. */
export function insertAbove(
  layers: readonly Layer[],
  id: number | undefined,
  added: Layer,
): readonly Layer[] {
  const inserted = id === undefined ? undefined : insertWithin(layers, id, added);
  return inserted ?? [...layers, added];
}

function insertWithin(
  layers: readonly Layer[],
  id: number,
  added: Layer,
): readonly Layer[] | undefined {
  const index = layers.findIndex((layer) => layer.id === id);
  if (index >= 0) return [...layers.slice(0, index + 1), added, ...layers.slice(index + 1)];
  for (const [at, layer] of layers.entries()) {
    const children = layer.kind === 'group' ? insertWithin(layer.children, id, added) : undefined;
    if (layer.kind === 'group' && children) {
      return [...layers.slice(0, at), { ...layer, children }, ...layers.slice(at + 1)];
    }
  }
  return undefined;
}

/** Every layer and group, from the bottom up; a group comes after what is in it. */
export function allLayers(layers: readonly Layer[]): readonly Layer[] {
  return layers.flatMap((layer) =>
    layer.kind === 'group' ? [...allLayers(layer.children), layer] : [layer],
  );
}

/** A layer that covers the whole of a document. */
export function fullLayer(id: number, name: string, size: Size, pixels: LayerPixels): PixelLayer {
  return {
    kind: 'pixels',
    id,
    name,
    isVisible: true,
    opacity: 1,
    bounds: { x: 0, y: 0, width: size.width, height: size.height },
    ...pixels,
    mask: undefined,
    recipe: undefined,
    extra: undefined,
  };
}
