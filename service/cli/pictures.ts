/** Pictures of the command line: read from files, cropped to what a run needs, written in the format asked. */
import { access, constants, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { planeNamed, type Frame, type Plane } from '../../shared/frame.ts';
import type { Rect } from '../../shared/geometry.ts';
import { parametersText } from '../../shared/recipe.ts';
import { cropMask, cropRaster } from '../engine/picture/crop.ts';
import { decodePicture } from '../engine/picture/decode.ts';
import { encodePng, encodeShared, encodeTiff } from '../engine/picture/encode.ts';
import { flatten } from '../engine/picture/composite.ts';
import type { Mask, Raster } from '../engine/picture/raster.ts';
import { addResults } from '../engine/picture/psd/document/addResults.ts';
import { readDocument, type PsdFile } from '../engine/picture/psd/document/readDocument.ts';
import { assertTakesLayers } from '../engine/picture/psd/document/takesLayers.ts';
import { writeDocument } from '../engine/picture/psd/writeDocument.ts';
import { recipeXmp } from '../engine/picture/xmp.ts';
import { maskOfPlane, rasterOfPlane } from '../engine/picture/planes.ts';
import { ResultBody } from '../messages.ts';
import { resultNamer } from './resultNames.ts';

export interface OpenedPicture {
  readonly name: string;
  readonly raster: Raster;
  readonly profile: string | undefined;
  /** The Photoshop document that it came from, where the results go into it. */
  readonly document?: PsdFile;
}

/**
 * `out`: the file that will be written. A document that it cannot be written into is refused now.
 * Throws E_FILE, E_IMAGE_*, E_OUTPUT_TYPE.
 */
export async function openPicture(path: string, out: string): Promise<OpenedPicture> {
  const { raster, info } = await decodeNamed(path);
  const picture = { name: basename(path), raster, profile: info.profile };
  const isLargeName = extname(out).toLowerCase() === '.psb';
  if (outputFormat(out) !== 'psd' || info.format !== 'psd') {
    if (isLargeName) throw largeOnly(out);
    return picture;
  }
  const document = readDocument(await readFile(path));
  assertTakesLayers(document);
  if (document.form.big && !isLargeName) {
    const name = `"${picture.name}" is a large document (PSB)`;
    throw new PentimentoError('E_OUTPUT_TYPE', `${name}; its layers go into a .psb only.`);
  }
  if (isLargeName && !document.form.big) throw largeOnly(out);
  return { ...picture, document };
}

function largeOnly(out: string): PentimentoError {
  const name = `"${basename(out)}"`;
  return new PentimentoError('E_OUTPUT_TYPE', `${name} can only be made from a .psb document.`);
}

/** A failure says which of the files it was. */
export async function decodeNamed(path: string): ReturnType<typeof decodePicture> {
  try {
    return await decodePicture(path);
  } catch (cause) {
    if (!(cause instanceof PentimentoError)) throw cause;
    const detail = `"${basename(path)}"${cause.detail === undefined ? '.' : `: ${cause.detail}`}`;
    throw new PentimentoError(cause.code, detail, { cause });
  }
}

/** A mask file: its alpha where it has one that is not opaque everywhere, else its lightness. */
export async function openMask(path: string, like: Raster): Promise<Mask> {
  const { raster } = await decodeNamed(path);
  if (raster.width !== like.width || raster.height !== like.height) {
    throw new PentimentoError(
      'E_MASK_SIZE',
      `The mask is ${raster.width} x ${raster.height}, the picture ${like.width} x ${like.height}.`,
    );
  }
  const alpha = raster.channels === 2 || raster.channels === 4 ? alphaOf(raster) : undefined;
  const data = alpha?.some((v) => v < 255) ? alpha : lightnessOf(raster);
  if (!data.some((v) => v > 0)) throw new PentimentoError('E_MASK_EMPTY');
  return { width: raster.width, height: raster.height, data };
}

function to8(raster: Raster, index: number): number {
  const v = raster.data[index] ?? 0;
  if (raster.depth === 8) return v;
  return Math.round(raster.depth === 16 ? v / 257 : Math.min(1, Math.max(0, v)) * 255);
}

function alphaOf(raster: Raster): Uint8Array {
  const { channels } = raster;
  return Uint8Array.from({ length: raster.width * raster.height }, (_, i) =>
    to8(raster, i * channels + channels - 1),
  );
}

function lightnessOf(raster: Raster): Uint8Array {
  const { channels } = raster;
  return Uint8Array.from({ length: raster.width * raster.height }, (_, i) => {
    const at = i * channels;
    if (channels < 3) return to8(raster, at);
    return Math.round(
      0.299 * to8(raster, at) + 0.587 * to8(raster, at + 1) + 0.114 * to8(raster, at + 2),
    );
  });
}

export function picturePlane(raster: Raster, region: Rect): Plane {
  return { name: 'picture', ...cropRaster(raster, region) };
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
  throw new PentimentoError('E_OUTPUT_TYPE', `"${basename(path)}" names none of them.`);
}

/**
 * Writes results: a PSD holds the original (a document with all its layers) and every result as a
 * layer with its mask; the other formats hold the flattened picture, one file per result (`name-2.png`
 * from the second on, or as a pattern says), JPEG and WebP in 8 bits. Answers the names.
 */
export async function writeResults(
  path: string,
  original: OpenedPicture,
  results: readonly Frame[],
): Promise<string[]> {
  const format = outputFormat(path);
  if (format === 'psd') {
    const parts = results.map(resultOf);
    const { document } = original;
    await save(path, document ? await addResults(document, parts) : writeDocument(original, parts));
    return [path];
  }
  const names: string[] = [];
  const nameOf = resultNamer(path, new Date());
  for (const frame of results) {
    const { body, color, alpha } = resultOf(frame);
    const flat = flatten(original.raster, rasterOfPlane(color), maskOfPlane(alpha), body.bounds);
    const text = { parameters: parametersText(body.recipe), xmp: recipeXmp([body.recipe]) };
    const name = nameOf(body.recipe, flat);
    await save(name, await encodeFlat(flat, format, text));
    names.push(name);
  }
  return names;
}

function encodeFlat(
  flat: Raster,
  format: Exclude<OutputFormat, 'psd'>,
  text: { readonly parameters: string; readonly xmp: string },
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

/** Whole or not at all: a file of that name keeps its contents until the new one is complete. */
async function save(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    await writeFile(temporary, bytes, { flush: true });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    const isFull = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
    throw isFull
      ? new PentimentoError('E_DISK_FULL', undefined, { cause })
      : notWritten(path, cause);
  }
}

function notWritten(path: string, cause?: unknown): PentimentoError {
  return new PentimentoError('E_FILE', `"${basename(path)}" could not be written.`, { cause });
}
