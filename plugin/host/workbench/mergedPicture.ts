/**
 * A document as the program that saved it shows it. Blend modes, adjustments, effects and clipping are not drawn here, but
 * a PSD holds its merged picture: that is shown and sent, with new layers over it, for as long as its own layers are
 * what they were.
 */
import type { Layer, PixelLayer } from './layers.ts';

export interface MergedPicture {
  /** The document's layers when it was saved. */
  readonly layers: readonly Layer[];
  readonly picture: PixelLayer;
}

/** The layers to draw, from the bottom up: the document's own, or the merged picture and what is new. */
export function shownLayers(document: {
  readonly layers: readonly Layer[];
  readonly merged?: MergedPicture;
}): readonly Layer[] {
  const { layers, merged } = document;
  if (!merged) return layers;
  const added = addedLayers(layers, merged.layers);
  return added ? [merged.picture, ...added] : layers;
}

/** What has come to the layers; undefined where one of them was changed, moved or taken away. */
function addedLayers(
  layers: readonly Layer[],
  before: readonly Layer[],
): readonly Layer[] | undefined {
  const ids = new Set(before.map(({ id }) => id));
  const added: Layer[] = [];
  let next = 0;
  for (const layer of layers) {
    const was = before[next];
    if (was !== undefined && layer.id === was.id) {
      const inside = addedTo(layer, was);
      if (!inside) return undefined;
      added.push(...inside);
      next++;
    } else if (ids.has(layer.id)) return undefined;
    else added.push(layer);
  }
  return next === before.length ? added : undefined;
}

function addedTo(layer: Layer, was: Layer): readonly Layer[] | undefined {
  if (layer === was) return [];
  if (layer.kind !== 'group' || was.kind !== 'group') return undefined;
  const looksTheSame = layer.isVisible === was.isVisible && layer.opacity === was.opacity;
  if (!looksTheSame || !layer.isVisible) return undefined;
  return addedLayers(layer.children, was.children);
}

/** The same with every layer put through `change`, which answers the same for the same layer. */
export function changedMerged(
  { layers, picture }: MergedPicture,
  change: (layer: Layer) => Layer,
): MergedPicture | undefined {
  const changed = change(picture);
  return changed.kind === 'pixels' ? { layers: layers.map(change), picture: changed } : undefined;
}
