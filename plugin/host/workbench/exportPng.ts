/** What is visible as a PNG: drawn band by band, so that the page can be used meanwhile. */
import { PentimentoError } from '../../../shared/errors.ts';
import { rectOfSize, type Rect } from '../../../shared/geometry.ts';
import { parametersText } from '../../../shared/recipe.ts';
import type { PngHead } from '../../picture/pngChunks.ts';
import type { PngSamples, PngWriter } from '../../picture/pngWriter.ts';
import { compositeDeep, compositeLayers, isOpaque } from './compositeLayers.ts';
import { isDeep } from './layerPixels.ts';
import { allLayers, type Layer, type PixelLayer } from './layers.ts';
import { shownLayers } from './mergedPicture.ts';
import type { PictureDocument } from './pictureDocument.ts';
import { withRecipes } from './recipeXmp.ts';

/** Pixels drawn at once: some 20 ms. */
const bandPixels = 1 << 20;

export interface PngExport {
  /** Begins a file. */
  readonly begin: (head: PngHead) => PngWriter | Promise<PngWriter>;
  /** Shares of the file that are done, 0..1. */
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * What is visible, as a PNG with exactly these samples, 16 bits where the document has them; RGB when nothing is transparent. The topmost
 * visible recipe travels as the `parameters` text, all of them as XMP. Throws E_CANCELLED, and what the writer throws.
 */
export async function exportPng(document: PictureDocument, options: PngExport): Promise<Blob> {
  const { begin, onProgress, signal } = options;
  const channels = (await isSeenThrough(document, signal)) ? 4 : 3;
  const { width, height } = document;
  const depth = isDeep(document.layers) ? 16 : 8;
  const text = textOf(document);
  const head = { width, height, channels, depth, ...(text ? { text } : {}) } as const;
  const samples = (region: Rect): PngSamples => {
    const rgba = draw(document, region);
    return channels === 4 ? rgba : withoutAlpha(rgba);
  };
  const writer = await begin(head);
  for (const band of bandsOf(document)) {
    refuseCancelled(signal);
    await writer.write(samples(band));
    onProgress?.((band.y + band.height) / height);
  }
  refuseCancelled(signal);
  return writer.end();
}

function refuseCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new PentimentoError('E_CANCELLED');
}

function draw(document: PictureDocument, region: Rect): Uint8ClampedArray | Uint16Array {
  const read = isDeep(document.layers) ? compositeDeep : compositeLayers;
  return read(shownLayers(document), region);
}

function bandsOf({ width, height }: PictureDocument): Rect[] {
  const rows = Math.max(1, Math.floor(bandPixels / width));
  const bands: Rect[] = [];
  for (let y = 0; y < height; y += rows)
    bands.push({ x: 0, y, width, height: Math.min(rows, height - y) });
  return bands;
}

/** Whether anything shows through: no picture fills the canvas by itself, and what is drawn has holes. */
async function isSeenThrough(
  document: PictureDocument,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (shownLayers(document).some((layer) => fills(layer, document))) return false;
  for (const band of bandsOf(document)) {
    refuseCancelled(signal);
    if (!isOpaque(draw(document, band))) return true;
    await nextTask();
  }
  return false;
}

function fills(layer: Layer, document: PictureDocument): boolean {
  if (layer.kind !== 'pixels' || !layer.isVisible || layer.opacity < 1 || layer.mask) return false;
  const { bounds, deep, rgba } = layer;
  const canvas = rectOfSize(document);
  const covers =
    bounds.x <= 0 &&
    bounds.y <= 0 &&
    bounds.x + bounds.width >= canvas.width &&
    bounds.y + bounds.height >= canvas.height;
  return covers && isOpaque(deep ?? rgba);
}

/** Lets the page answer clicks. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function textOf({ layers }: PictureDocument): PngHead['text'] {
  const shown = allLayers(layers.filter((layer) => layer.isVisible)).filter(
    (layer): layer is PixelLayer => layer.kind === 'pixels' && layer.isVisible,
  );
  const recipes = shown.flatMap(({ id, recipe }) => (recipe ? [{ layerId: id, recipe }] : []));
  const newest = recipes[recipes.length - 1];
  return (
    newest && {
      parameters: parametersText(newest.recipe),
      'XML:com.adobe.xmp': withRecipes(undefined, recipes),
    }
  );
}

function withoutAlpha(rgba: Uint8ClampedArray | Uint16Array): Uint8Array | Uint16Array {
  const length = (rgba.length / 4) * 3;
  const rgb = rgba instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from]!;
    rgb[to + 1] = rgba[from + 1]!;
    rgb[to + 2] = rgba[from + 2]!;
  }
  return rgb;
}
