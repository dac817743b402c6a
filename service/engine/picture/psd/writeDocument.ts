/** A run's results as a Photoshop document: the original below, every result above it with its layer mask. */
import type { Rect } from '../../../../shared/geometry.ts';
import type { Recipe } from '../../../../shared/recipe.ts';
import { needsModel } from '../../../../shared/request.ts';
import { flatten, type AlphaPixels, type Pixels } from '../composite.ts';
import { pixelData } from '../convert.ts';
import type { Raster } from '../raster.ts';
import { recipeXmp } from '../xmp.ts';
import { srgbProfile } from './srgbProfile.ts';
import { writePsd, type PsdLayer, type PsdNode } from './writePsd.ts';

interface DocumentOriginal {
  /** File name, for the bottom layer. */
  readonly name: string;
  readonly raster: Raster;
  readonly densityPpi?: number | undefined;
}

export interface DocumentResult {
  readonly body: { readonly bounds: Rect; readonly recipe: Recipe };
  readonly color: Pixels;
  readonly alpha: AlphaPixels;
}

/**
 * One result: a layer above the original. Several: a group of which the first is visible. The recipes
 * are in the document's XMP, in the order of the layers: Photoshop keeps XMP properties that it does
 * not know, while an unknown block in a layer record makes it warn. 32-bit pictures become 16 bits.
 */
export function writeDocument(
  original: DocumentOriginal,
  results: readonly DocumentResult[],
): Uint8Array {
  const raster = shallow(original.raster);
  const parts = results.map((r) => ({ ...r, color: shallow(r.color) }));
  const layers: PsdNode[] = [bottomLayer(original.name, raster)];
  const above = parts.map((part, i) => resultLayer(part, i));
  if (above.length === 1) layers.push(...above);
  else if (above.length > 1)
    layers.push({ kind: 'group', name: 'Pentimento', children: above.toReversed() });
  const first = parts[0];
  const mode = raster.channels <= 2 ? 'gray' : 'rgb';
  return writePsd({
    width: raster.width,
    height: raster.height,
    depth: raster.depth === 8 ? 8 : 16,
    mode,
    layers,
    composite: first ? flatten(raster, first.color, first.alpha, first.body.bounds) : raster,
    icc: srgbProfile(mode),
    densityPpi: original.densityPpi,
    ...(parts.length > 0 ? { xmp: recipeXmp(parts.map((p) => p.body.recipe)) } : {}),
  });
}

function bottomLayer(name: string, pixels: Raster): PsdLayer {
  const background = pixels.channels === 1 || pixels.channels === 3;
  const title = background ? 'Background' : name.replace(/\.[^.]*$/, '') || 'Original';
  return { kind: 'pixels', name: title, x: 0, y: 0, pixels, background };
}

function resultLayer(result: DocumentResult & { color: Raster }, index: number): PsdLayer {
  const { bounds, recipe } = result.body;
  const { width, height } = bounds;
  const alpha = result.alpha.data;
  const data = alpha instanceof Uint8Array ? alpha : Uint8Array.from(alpha);
  return {
    kind: 'pixels',
    name: resultTitle(recipe, index),
    x: bounds.x,
    y: bounds.y,
    pixels: result.color,
    mask: { bounds, pixels: { width, height, data } },
    visible: index === 0,
  };
}

/** The prompt as a layer's name, numbered from the second on. */
export function resultTitle(recipe: Recipe, index: number): string {
  const { request } = recipe;
  const words = needsModel(request)
    ? request.prompt.trim().replaceAll(/\s+/g, ' ')
    : wordless(request);
  const title = words.length > 60 ? `${words.slice(0, 59)}\u2026` : words;
  return `${title || 'Pentimento'}${index > 0 ? ` (${index + 1})` : ''}`;
}

function wordless({ kind }: Recipe['request']): string {
  return kind === 'expand-patches' ? 'Expand' : 'Remove';
}

/** At most 16 bits. */
function shallow(pixels: Pixels): Raster {
  const raster = { ...pixels, channels: pixels.channels as Raster['channels'] };
  if (pixels.depth !== 32) return raster;
  const data = pixelData(16, pixels.data.length);
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.round(Math.min(1, Math.max(0, pixels.data[i])) * 65535);
  }
  return { ...raster, depth: 16, data };
}
