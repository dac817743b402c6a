/** Pictures of the command line: read from files, cropped to what a run needs, written in the format asked. */
import { access, constants, stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { planeNamed, type Frame, type Plane } from '../../shared/frame.ts';
import type { Rect, Size } from '../../shared/geometry.ts';
import { parametersText } from '../../shared/recipe.ts';
import { cropMask, cropRaster } from '../engine/picture/crop.ts';
import { decodePicture, isPsd } from '../engine/picture/decode.ts';
import { encodePng, encodeShared, encodeTiff, type FileText } from '../engine/picture/encode.ts';
import { flatten } from '../engine/picture/composite.ts';
import { ontoCanvas } from '../engine/picture/ontoCanvas.ts';
import type { Mask, Raster } from '../engine/picture/raster.ts';
import type { PsdFile } from '../engine/picture/psd/document/readDocument.ts';
import { decodeStored, encodeStored, flattenStored } from '../engine/picture/storedPixels.ts';
import { recipeXmp } from '../engine/picture/xmp.ts';
import { maskOfPlane, rasterOfPlane } from '../engine/picture/planes.ts';
import { ResultBody } from '../messages.ts';
import type { BegunFile } from './begunFile.ts';
import { saveDocument } from './documentFile.ts';
import { largeOnly, openIntoDocument } from './openDocument.ts';
import { resultNamer } from './resultNames.ts';
import { notWritten, save } from './saveFile.ts';

export interface OpenedPicture {
  readonly name: string;
  /** Where it was read from; there where the file's own pixels are still the picture's. */
  readonly path?: string | undefined;
  /** Of a document that is read in regions only the size, depth and channels. */
  readonly raster: Raster;
  /** Reads a part of the picture; there where the raster has no pixels. */
  readonly readRegion?: ((region: Rect) => Promise<Raster>) | undefined;
  readonly profile: string | undefined;
  /** Whole pixels per inch, as they were read. */
  readonly densityPpi?: number | undefined;
  /** Where the raster is a larger canvas: the file's size, and the canvas in its pixels. */
  readonly grown?: { readonly from: Size; readonly canvas: Rect } | undefined;
  /** The Photoshop document that it came from, where the results go into it. */
  readonly document?: PsdFile;
  /** Index of the record above which they go; on top without it. */
  readonly above?: number | undefined;
}

/** How a document is read. */
export interface ReadingOptions {
  /** Nothing but the run's region is looked at. */
  readonly isRegionEnough?: boolean;
  /** The layer that is read instead of the composite. */
  readonly layer?: string | undefined;
  /** The layer that the results lie above. */
  readonly above?: string | undefined;
}

/**
 * `out`: the file that will be written. A document that it cannot be written into is refused now.
 * Throws E_FILE, E_IMAGE_*, E_OUTPUT_TYPE, E_PARAM.
 */
export async function openPicture(
  path: string,
  out: string,
  reading: ReadingOptions = {},
): Promise<OpenedPicture> {
  const goesIn = outputFormat(out) === 'psd' && (await named(path, () => isPsd(path)));
  if (goesIn) return named(path, () => openIntoDocument(path, out, reading));
  const option = reading.layer === undefined ? reading.above && '--above' : '--layer';
  if (option !== undefined && option !== '') {
    throw new PentimentoError(
      'E_OUTPUT_TYPE',
      `${option} needs a document, and --out of its own kind: .psd or .psb.`,
    );
  }
  if (extname(out).toLowerCase() === '.psb') throw largeOnly(out);
  const { raster, info, densityPpi } = await decodeNamed(path);
  return { name: basename(path), path, raster, profile: info.profile, densityPpi };
}

/** A failure says which of the files it was. */
export function decodeNamed(path: string): ReturnType<typeof decodePicture> {
  return named(path, () => decodePicture(path));
}

async function named<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof PentimentoError) || !isAboutFile(cause)) throw cause;
    const detail = `"${basename(path)}"${cause.detail === undefined ? '.' : `: ${cause.detail}`}`;
    throw new PentimentoError(cause.code, detail, { cause });
  }
}

function isAboutFile({ code }: PentimentoError): boolean {
  return code === 'E_FILE' || code.startsWith('E_IMAGE');
}

export async function picturePlane(
  { raster, readRegion }: Pick<OpenedPicture, 'raster' | 'readRegion'>,
  region: Rect,
): Promise<Plane> {
  const pixels = readRegion ? await readRegion(region) : cropRaster(raster, region);
  return { name: 'picture', ...pixels };
}

export function maskPlane(mask: Mask, region: Rect): Plane {
  return { name: 'mask', channels: 1, depth: 8, ...cropMask(mask, region) };
}

export type OutputFormat = 'png' | 'psd' | 'tiff' | 'jpeg' | 'webp';

/** The format by the name's ending. Throws E_OUTPUT_TYPE. */
export function outputFormat(path: string): OutputFormat {
  const ending = extname(path).toLowerCase();
  if (ending === '.png') return 'png';
  if (ending === '.psd' || ending === '.psb') return 'psd';
  if (ending === '.tif' || ending === '.tiff') return 'tiff';
  if (ending === '.jpg' || ending === '.jpeg') return 'jpeg';
  if (ending === '.webp') return 'webp';
  throw new PentimentoError(
    'E_OUTPUT_TYPE',
    `"${basename(path)}" ends in none of .png, .psd, .tif, .jpg and .webp.`,
  );
}

/**
 * Writes results: a PSD holds the original (a document with all its layers) and every result as a
 * layer with its mask; the other formats hold the flattened picture, one file per result (`name-2.png`
 * from the second on, or as a pattern says), JPEG and WebP in 8 bits. `begun`: of `beginDocument`. Answers the names.
 */
export async function writeResults(
  path: string,
  original: OpenedPicture,
  results: readonly Frame[],
  begun?: BegunFile,
): Promise<string[]> {
  const format = outputFormat(path);
  if (format === 'psd') {
    await saveDocument(path, original, results.map(resultOf), begun);
    return [path];
  }
  const names: string[] = [];
  const nameOf = resultNamer(path, new Date());
  const stored = await storedOf(original, format);
  for (const frame of results) {
    const { body, color, alpha } = resultOf(frame);
    const flat = flatten(original.raster, rasterOfPlane(color), maskOfPlane(alpha), body.bounds);
    const text = textOf(body, original);
    const name = nameOf(body.recipe, flat);
    const own = stored && {
      format: stored.format,
      pixels: await flattenStored(stored.pixels, { color, alpha, bounds: body.bounds }),
    };
    await save(
      name,
      own ? await encodeStored(own.pixels, own.format, text) : await encodeFlat(flat, format, text),
    );
    names.push(name);
  }
  return names;
}

/** The file's own pixels on the picture's canvas, where they are not sRGB and the written file can have their form. */
export async function storedOf({ path, raster, grown }: OpenedPicture, format: OutputFormat) {
  if (path === undefined || (format !== 'png' && format !== 'tiff')) return undefined;
  // A file that has gone or changed meanwhile must not take the result with it.
  const own = await decodeStored(path, format).catch(() => undefined);
  const { width, height } = grown?.from ?? raster;
  if (own?.raster.width !== width || own.raster.height !== height) return undefined;
  const pixels = grown ? { ...own, raster: ontoCanvas(own.raster, grown.canvas) } : own;
  return { format, pixels };
}

/** What the written file says beside its pixels: the recipe, and how densely they are printed. */
export function textOf({ recipe }: ResultBody, { densityPpi }: OpenedPicture): FileText {
  return { parameters: parametersText(recipe), xmp: recipeXmp([recipe]), densityPpi };
}

export function encodeFlat(
  flat: Raster,
  format: Exclude<OutputFormat, 'psd'>,
  text: FileText,
): Promise<Uint8Array> {
  if (format === 'png') return encodePng(flat, text);
  return format === 'tiff' ? encodeTiff(flat, text) : encodeShared(flat, format, text);
}

export interface ResultPicture {
  readonly body: ResultBody;
  readonly color: Plane;
  readonly alpha: Plane;
}

export function resultOf(frame: Frame): ResultPicture {
  const color = planeNamed(frame, 'color');
  const alpha = planeNamed(frame, 'alpha');
  if (!color || !alpha) throw new PentimentoError('E_FRAME', 'A result without its planes.');
  return { body: ResultBody.parse(frame.body), color, alpha };
}

/**
 * Asked before a long run: the folder is there and takes files, and the name is not one of the files
 * that are read. Throws E_FILE.
 */
export async function assertWritable(path: string, read: readonly string[]): Promise<void> {
  const folder = dirname(resolve(path));
  const isFolder = (await stat(folder).catch(() => undefined))?.isDirectory() ?? false;
  if (!isFolder) {
    throw new PentimentoError('E_FILE', `The folder of "${basename(path)}" does not exist.`);
  }
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) throw new PentimentoError('E_FILE', `"${basename(path)}" is a folder.`);
  const isAllowed = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!isAllowed) throw notWritten(path);
  for (const other of read) {
    const info = await stat(other).catch(() => undefined);
    if (there && info && there.dev === info.dev && there.ino === info.ino) {
      throw new PentimentoError(
        'E_FILE',
        '--out would replace a file that is read. Use a new name.',
      );
    }
  }
}
