import { PentimentoError } from '../../../shared/errors.ts';
import { maxPicturePixels, maxSidePx } from '../../../shared/limits.ts';
import type { Recipe } from '../../../shared/recipe.ts';
import {
  allLayers,
  changeLayer,
  fullLayer,
  type Layer,
  type LayerMask,
  type LayerPixels,
} from './layers.ts';
import type { MergedPicture } from './mergedPicture.ts';
import type { PictureDocument } from './pictureDocument.ts';
import { deepMaskOf } from './deepPsd.ts';
import { decodeMerged, decodePsd, type PsdFile, type PsdLayer } from './psdDoor.ts';
import { recipesOf, type LayerRecipe } from './recipeXmp.ts';

export interface OpenedPsd {
  readonly document: PictureDocument;
  /** Sentences about what this document cannot show as Photoshop does. */
  readonly notes: readonly string[];
}

const headerBytes = 26;

/** True for bytes that begin like a PSD or PSB. */
export function isPsd(file: ArrayBuffer): boolean {
  const [a, b, c, d] = new Uint8Array(file.slice(0, 4));
  return a === 0x38 && b === 0x42 && c === 0x50 && d === 0x53;
}

/**
 * Opens a PSD with its layers, masks and recipes as RGB, of 16 bits where it has more than 8. Throws E_IMAGE_CORRUPT,
 * E_IMAGE_PIXELS above the limits of shared/limits.ts, and E_IMAGE_CHANNELS for colour modes other than RGB and gray.
 */
export function readPsdDocument(file: ArrayBuffer, name: string, id: string): OpenedPsd {
  checkHeader(file);
  let psd: PsdFile;
  try {
    psd = decodePsd(file);
  } catch (cause) {
    throw new PentimentoError('E_IMAGE_CORRUPT', undefined, { cause });
  }
  const depth = depthOf(psd);
  const ids = idGiver(psd.children ?? []);
  const layers = (psd.children ?? []).map((layer) => layerOf(layer, ids));
  const shown = layers.length > 0 ? layers : flatLayers(psd);
  const { children: _children, imageData: _composite, ...extra } = psd;
  const document: PictureDocument = {
    id,
    name,
    width: psd.width,
    height: psd.height,
    layers: withLayerRecipes(shown, recipesOf(psd.imageResources?.xmpMetadata)),
    activeId: topmost(shown)?.id,
    selection: undefined,
    origin: { depth, profile: undefined },
    extra,
  };
  const notes = notesOf(psd.children ?? []);
  const merged = notes.length > 0 ? mergedOf(file, document) : undefined;
  if (!merged) return { document, notes };
  return { document: { ...document, merged }, notes: [untilChanged, ...notes] };
}

const untilChanged = 'Shown as it was saved until one of its layers is changed; then:';

/** ag-psd gives the merged picture with as many bits as the file has. */
function mergedOf(file: ArrayBuffer, document: PictureDocument): MergedPicture | undefined {
  const image = decodeMerged(file);
  if (!image) return undefined;
  const picture = fullLayer(0, 'Merged', document, samplesOf(image.data));
  return { layers: document.layers, picture };
}

/** Before anything is decoded: a few wrong bytes may ask for gigabytes, and other modes may not be read at all. */
function checkHeader(file: ArrayBuffer): void {
  if (file.byteLength < headerBytes) throw new PentimentoError('E_IMAGE_CORRUPT');
  const header = new DataView(file);
  const [height, width] = [header.getUint32(14), header.getUint32(18)];
  if (width === 0 || height === 0)
    throw new PentimentoError('E_IMAGE_CORRUPT', 'It has no pixels.');
  if (width > maxSidePx || height > maxSidePx || width * height > maxPicturePixels)
    throw new PentimentoError('E_IMAGE_PIXELS', `It has ${width} x ${height} pixels.`);
  const mode = header.getUint16(24);
  if (mode !== 3 && mode !== 1) throw new PentimentoError('E_IMAGE_CHANNELS');
}

function depthOf({ bitsPerChannel }: PsdFile): 8 | 16 | 32 {
  return bitsPerChannel === 16 || bitsPerChannel === 32 ? bitsPerChannel : 8;
}

function topmost(layers: readonly Layer[]): Layer | undefined {
  return layers[layers.length - 1];
}

function flatLayers(psd: PsdFile): readonly Layer[] {
  const pixels = psd.imageData && samplesOf(psd.imageData.data);
  if (!pixels) throw new PentimentoError('E_IMAGE_CORRUPT', 'It holds no pixels.');
  return [fullLayer(1, 'Background', psd, pixels)];
}

function layerOf(source: PsdLayer, ids: (layer: PsdLayer) => number): Layer {
  const { children, imageData, mask, canvas: _canvas, ...extra } = source;
  const base = {
    id: ids(source),
    name: source.name ?? 'Layer',
    isVisible: source.hidden !== true,
    opacity: source.opacity ?? 1,
  };
  if (children) {
    const inner = children.map((child) => layerOf(child, ids));
    const isOpen = source.opened !== false;
    return { ...base, kind: 'group', isOpen, children: inner, extra: { ...extra, mask } };
  }
  const bounds = {
    x: source.left ?? 0,
    y: source.top ?? 0,
    width: imageData?.width ?? 0,
    height: imageData?.height ?? 0,
  };
  return {
    ...base,
    kind: 'pixels',
    bounds,
    ...samplesOf(imageData?.data ?? new Uint8ClampedArray(0)),
    mask: mask && maskOf(mask, bounds),
    recipe: undefined,
    extra: { ...extra, mask: mask && { ...mask, imageData: undefined } },
  };
}

function maskOf(
  mask: NonNullable<PsdLayer['mask']>,
  layer: { readonly x: number; readonly y: number },
): LayerMask {
  const isRelative = mask.positionRelativeToLayer === true;
  const width = mask.imageData?.width ?? 0;
  const height = mask.imageData?.height ?? 0;
  const rgba = mask.imageData ? bytesOf(mask.imageData.data) : undefined;
  const data = new Uint8Array(width * height);
  // ag-psd gives a mask as a gray picture; any colour channel is the mask.
  for (let i = 0; i < data.length; i++) data[i] = rgba?.[i * 4] ?? 0;
  const isDeep = mask.imageData && !(mask.imageData.data instanceof Uint8ClampedArray);
  const deep = isDeep ? deepMaskOf(mask)?.data : undefined;
  return {
    bounds: {
      x: (mask.left ?? 0) + (isRelative ? layer.x : 0),
      y: (mask.top ?? 0) + (isRelative ? layer.y : 0),
      width,
      height,
    },
    data,
    ...(deep && { deep }),
    outside: (mask.defaultColor ?? 0) >= 128 ? 255 : 0,
    isEnabled: mask.disabled !== true,
  };
}

/** The 8 bits that are shown, and 16 where the file has as many or more. */
function samplesOf(data: ArrayLike<number>): LayerPixels {
  const rgba = bytesOf(data);
  if (data instanceof Uint16Array) return { rgba, deep: data };
  if (!(data instanceof Float32Array)) return { rgba };
  const deep = new Uint16Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const share = i % 4 === 3 ? data[i]! : encodeSrgb(data[i]!);
    deep[i] = Math.round(Math.min(1, Math.max(0, share)) * 65535);
  }
  return { rgba, deep };
}

function bytesOf(data: ArrayLike<number>): Uint8ClampedArray {
  if (data instanceof Uint8ClampedArray) return data;
  const bytes = new Uint8ClampedArray(data.length);
  if (data instanceof Float32Array) {
    // 32-bit files are linear light; the sRGB curve (IEC 61966-2-1) makes them pictures. Alpha is linear.
    for (let i = 0; i < data.length; i++)
      bytes[i] = 255 * (i % 4 === 3 ? data[i]! : encodeSrgb(data[i]!));
    return bytes;
  }
  const factor = data instanceof Uint16Array ? 255 / 65535 : 1;
  for (let i = 0; i < data.length; i++) bytes[i] = data[i]! * factor;
  return bytes;
}

function encodeSrgb(linear: number): number {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
}

/** Photoshop's own layer ids where the file has them, fresh ones elsewhere. */
function idGiver(layers: readonly PsdLayer[]): (layer: PsdLayer) => number {
  const taken = new Set<number>();
  const highest = highestId(layers);
  let next = highest + 1;
  return (layer) => {
    const id = layer.id !== undefined && layer.id > 0 && !taken.has(layer.id) ? layer.id : next++;
    taken.add(id);
    return id;
  };
}

function highestId(layers: readonly PsdLayer[]): number {
  return layers.reduce(
    (max, layer) => Math.max(max, layer.id ?? 0, highestId(layer.children ?? [])),
    0,
  );
}

function withLayerRecipes(
  layers: readonly Layer[],
  recipes: readonly LayerRecipe[],
): readonly Layer[] {
  const masked = allLayers(layers).filter((layer) => layer.kind === 'pixels' && layer.mask);
  return recipes.reduce((all, { layerId, recipe }, i) => {
    // Files of the command line name no layers: their recipes follow the masked layers from below.
    const id = layerId ?? (masked.length === recipes.length ? masked[i]?.id : undefined);
    return id === undefined ? all : changeLayer(all, id, (layer) => withRecipe(layer, recipe));
  }, layers);
}

function withRecipe(layer: Layer, recipe: Recipe): Layer {
  return layer.kind === 'pixels' ? { ...layer, recipe } : layer;
}

function notesOf(layers: readonly PsdLayer[]): readonly string[] {
  const flat = flatten(layers);
  const notes: string[] = [];
  const modes = new Set(['normal', 'pass through', undefined]);
  const blended = flat.filter((layer) => !modes.has(layer.blendMode)).length;
  if (blended > 0) notes.push(`${countOf(blended)} shown without the blend mode.`);
  const special = flat.filter(isSpecial);
  if (special.length > 0) {
    notes.push(
      `${countOf(special.length)} shown without adjustment, effect, clipping or mask settings.`,
    );
  }
  return notes;
}

function isSpecial(layer: PsdLayer): boolean {
  const { mask, fillOpacity } = layer;
  const isTuned =
    mask?.userMaskDensity !== undefined ||
    mask?.userMaskFeather !== undefined ||
    mask?.vectorMaskDensity !== undefined ||
    mask?.vectorMaskFeather !== undefined;
  const hasMore = layer.adjustment ?? layer.effects ?? layer.vectorMask;
  return Boolean(hasMore) || isTuned || layer.clipping === true || (fillOpacity ?? 1) < 1;
}

function countOf(n: number): string {
  return n === 1 ? '1 layer is' : `${n} layers are`;
}

function flatten(layers: readonly PsdLayer[]): readonly PsdLayer[] {
  return layers.flatMap((layer) => [layer, ...flatten(layer.children ?? [])]);
}
