/** A Photoshop document that the results of a run go into: its composite, or one of its layers, is read. */
import { basename, extname } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { intersectRects, isEmptyRect, rectOfSize, type Rect } from '../../shared/geometry.ts';
import { nearestNames } from '../../shared/nearest.ts';
import { maxOfDepth, pixelData } from '../engine/picture/convert.ts';
import { cropRaster } from '../engine/picture/crop.ts';
import { decodeComposite, decodePicture } from '../engine/picture/decode.ts';
import { profileName } from '../engine/picture/iccProfile.ts';
import { readRegion } from '../engine/picture/psd/document/documentRegion.ts';
import { allLayers, layerTree, type TreeLayer } from '../engine/picture/psd/document/layerTree.ts';
import {
  openDocument,
  profileOf,
  type PsdFile,
} from '../engine/picture/psd/document/readDocument.ts';
import { activeLayer, takeLayer } from '../engine/picture/psd/document/takeLayer.ts';
import { assertTakesLayers } from '../engine/picture/psd/document/takesLayers.ts';
import type { Raster } from '../engine/picture/raster.ts';
import type { OpenedPicture, ReadingOptions } from './pictures.ts';

/** The name that stands for the layer that was chosen when the document was saved. */
const chosen = '@active';

export function largeOnly(out: string): PentimentoError {
  const name = `"${basename(out)}"`;
  return new PentimentoError('E_OUTPUT_TYPE', `${name} can only be made from a .psb document.`);
}

/** Throws E_FILE, E_IMAGE_*, E_OUTPUT_TYPE, and E_PARAM for a layer that is not there or has no pixels. */
export async function openIntoDocument(
  path: string,
  out: string,
  reading: ReadingOptions,
): Promise<OpenedPicture> {
  const document = openDocument(path);
  assertTakesLayers(document);
  const isLargeName = extname(out).toLowerCase() === '.psb';
  const name = basename(path);
  if (document.form.big && !isLargeName) {
    const large = `"${name}" is a large document (PSB)`;
    throw new PentimentoError('E_OUTPUT_TYPE', `${large}; its layers go into a .psb only.`);
  }
  if (isLargeName && !document.form.big) throw largeOnly(out);
  const source = reading.layer === undefined ? undefined : layerNamed(document, reading.layer);
  const place = reading.above === undefined ? source : layerNamed(document, reading.above);
  const icc = profileOf(document);
  const profile = icc && profileName(icc);
  const opened = { name, path, profile, document, above: place?.index };
  if (source) return { ...opened, ...(await readLayer(document, source)) };
  if (reading.isRegionEnough === true) return { ...opened, ...(await inRegions(document)) };
  return { ...opened, raster: (await decodePicture(path)).raster };
}

/**
 * What the results go into: the document that was opened or, where it was saved again meanwhile, the new one;
 * on top there, for its layers may be others. Throws E_FILE when that has another size or form.
 */
export function currentDocument({ path, document, above }: OpenedPicture) {
  if (!document || path === undefined || document.stored.isCurrent()) return { document, above };
  const saved = openDocument(path);
  const isAlike = (['big', 'width', 'height', 'depth', 'mode'] as const).every(
    (key) => saved.form[key] === document.form[key],
  );
  if (!isAlike) {
    const detail = `"${basename(path)}" was changed during the run, to another size or form.`;
    throw new PentimentoError('E_FILE', detail);
  }
  return { document: saved, above: undefined };
}

/** The topmost of that name. Throws E_PARAM. */
function layerNamed(file: PsdFile, name: string): TreeLayer {
  const layers = [...allLayers(layerTree(file))];
  const found =
    name === chosen ? activeLayer(file) : layers.findLast((layer) => layer.name === name);
  if (found) return found;
  const names = layers.map((layer) => layer.name);
  const near = nearestNames(name, names, 3);
  const others = (near.length > 0 ? near : names.slice(-5)).map((other) => `"${other}"`).join(', ');
  const hint = others === '' ? 'The document has no layers.' : `There are: ${others}.`;
  throw new PentimentoError('E_PARAM', `No layer "${name}". ${hint}`);
}

/** Pixels are read when the region is known. */
async function inRegions(file: PsdFile) {
  const read = async (region: Rect): Promise<Raster> =>
    (await decodeComposite(readRegion(file, region))).raster;
  const { channels, depth } = await read({ x: 0, y: 0, width: 1, height: 1 });
  const { width, height } = file.form;
  const raster: Raster = {
    width,
    height,
    channels,
    depth,
    get data(): never {
      throw new Error('Only regions of the document are read');
    },
  };
  return { raster, readRegion: read };
}

/** A layer's own pixels over the canvas, clear around it. Throws E_PARAM, E_IMAGE_*. */
async function readLayer(file: PsdFile, layer: TreeLayer): Promise<{ readonly raster: Raster }> {
  const { width, height } = file.form;
  const canvas = rectOfSize({ width, height });
  if (isEmptyRect(intersectRects(layer.record.bounds, canvas))) {
    throw new PentimentoError('E_PARAM', `Layer "${layer.name}" has no pixels of its own here.`);
  }
  const { bounds, raster } = takeLayer(file, layer.record);
  const icc = profileOf(file);
  const isGray = raster.channels < 3;
  const hasAlpha = raster.channels === 2 || raster.channels === 4;
  const { raster: plain } = await decodeComposite({
    ...raster,
    space: isGray ? 'gray' : 'rgb',
    hasAlpha,
    ...(icc ? { icc } : {}),
  });
  return { raster: overCanvas(plain, bounds, canvas) };
}

function overCanvas(raster: Raster, bounds: Rect, canvas: Rect): Raster {
  const seen = intersectRects(bounds, canvas);
  const isCovered = seen.width === canvas.width && seen.height === canvas.height;
  const piece = cropRaster(raster, { ...seen, x: seen.x - bounds.x, y: seen.y - bounds.y });
  if (isCovered) return piece;
  const { depth } = raster;
  const channels = raster.channels < 3 ? 2 : 4;
  const data = pixelData(depth, canvas.width * canvas.height * channels);
  for (let y = 0; y < seen.height; y++) {
    for (let x = 0; x < seen.width; x++) {
      const from = (y * seen.width + x) * raster.channels;
      const to = ((seen.y + y) * canvas.width + seen.x + x) * channels;
      for (let c = 0; c < raster.channels; c++) data[to + c] = piece.data[from + c];
      if (raster.channels !== channels) data[to + channels - 1] = maxOfDepth(depth);
    }
  }
  return { width: canvas.width, height: canvas.height, channels, depth, data };
}
