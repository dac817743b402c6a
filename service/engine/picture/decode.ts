/**
 * Picture files (untrusted bytes) to pixels. Only this file, encode.ts and toProfile.ts know sharp.
 *
 * Read: PNG, JPEG, WebP, TIFF (of several pages or frames the first) and PSD / PSB (the composite that
 * is stored in it). What comes out is sRGB, gray where the file is gray, 16 bits where the file has
 * more than 8 (32-bit floats stay that, as code values), alpha where it has some; the orientation in EXIF is applied and forgotten.
 */
import { open } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import type { PictureInfo } from '../../../shared/api.ts';
import { PentimentoError } from '../../../shared/errors.ts';
import { maxPicturePixels, maxSidePx } from '../../../shared/limits.ts';
import { knownDensity } from './density.ts';
import { isSrgbProfile, profileName } from './iccProfile.ts';
import { labToSrgb, readLabTiff, withoutSigns, type LabTiff } from './labTiff.ts';
import { readComposite, type Composite } from './psd/readComposite.ts';
import type { Raster } from './raster.ts';
import { fromLinear } from './resize.ts';
import { sniffBytes, sniffFormat } from './sniff.ts';
import { tiffOf } from './tiffContainer.ts';

const timeoutSeconds = 60;
const largestPsdBytes = 4_000_000_000;

// Every reader of libvips is closed, then four are opened: no SVG, PDF, GIF, ImageMagick, raw or network.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadPng',
    'VipsForeignLoadJpeg',
    'VipsForeignLoadWebp',
    'VipsForeignLoadTiff',
  ],
});
sharp.cache(false);

interface DecodedPicture {
  readonly raster: Raster;
  readonly info: PictureInfo;
  /** The profile that the file had; the raster is sRGB already. */
  readonly icc?: Uint8Array;
  /** Whole pixels per inch; 72 where the file does not say them (or undefined). */
  readonly densityPpi?: number | undefined;
}

/**
 * Throws E_FILE (cannot be opened), E_IMAGE_TYPE (no picture, or a kind that is not read), E_IMAGE_CORRUPT,
 * E_IMAGE_PIXELS (more than maxPicturePixels, or a side above maxSidePx), E_IMAGE_CHANNELS,
 * E_IMAGE_COMPOSITE (a document saved without one) and E_IMAGE_TIMEOUT.
 */
export async function decodePicture(path: string): Promise<DecodedPicture> {
  const format = sniffFormat(await headOf(path));
  if (!format) throw new PentimentoError('E_IMAGE_TYPE');
  if (format === 'psd') return decodeComposite(readComposite(await wholeFile(path)));
  const lab = format === 'tiff' ? await readLabTiff(path) : undefined;
  return lab ? decodeLab(lab) : decodeWithSharp(path, format);
}

/** Told by the first bytes of the file. Throws E_FILE. */
export async function isPsd(path: string): Promise<boolean> {
  return sniffFormat(await headOf(path)) === 'psd';
}

async function headOf(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const head = new Uint8Array(sniffBytes);
      const { bytesRead } = await file.read(head, 0, sniffBytes, 0);
      return head.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new PentimentoError('E_FILE', 'It cannot be opened.', { cause });
  }
}

/** All bytes of a document. Throws E_IMAGE_PIXELS for more than is read at once. */
export async function wholeFile(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > largestPsdBytes) throw new PentimentoError('E_IMAGE_PIXELS');
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** A file of untrusted bytes for the library, of several pages the first. */
export function opened(source: string | Uint8Array, ignoreIcc: boolean): Sharp {
  return sharp(source, {
    limitInputPixels: maxPicturePixels,
    failOn: 'error',
    sequentialRead: true,
    pages: 1,
    ignoreIcc,
  }).timeout({ seconds: timeoutSeconds });
}

async function decodeWithSharp(
  source: string | Uint8Array,
  format: string,
): Promise<DecodedPicture> {
  try {
    const meta = await opened(source, false).metadata();
    checkSize(meta.width, meta.height);
    const raster = await rawPixels(source, meta);
    const icc = meta.icc ? new Uint8Array(meta.icc) : undefined;
    const densityPpi = knownDensity(meta.density);
    return { raster, info: infoOf(raster, format, icc), densityPpi, ...(icc ? { icc } : {}) };
  } catch (cause) {
    throw explained(cause);
  }
}

async function decodeLab(lab: LabTiff): Promise<DecodedPicture> {
  try {
    const { raster, icc, densityPpi } = await labPixels(lab);
    const shown = labToSrgb(raster, lab.form);
    return { raster: shown, info: infoOf(shown, 'tiff', icc), densityPpi, ...(icc ? { icc } : {}) };
  } catch (cause) {
    throw explained(cause);
  }
}

/** Lab numbers of 8 or 16 bits as they are stored, but unsigned. Throws E_IMAGE_PIXELS and E_IMAGE_CHANNELS. */
export async function labPixels({ bytes, form }: LabTiff) {
  const meta = await opened(bytes, true).metadata();
  checkSize(meta.width, meta.height);
  const isDeep = meta.depth === 'ushort';
  if (meta.channels < 3 || meta.channels > 4 || (!isDeep && meta.depth !== 'uchar')) {
    const what = `It is Lab with ${meta.channels} channels of the kind ${meta.depth}.`;
    throw new PentimentoError('E_IMAGE_CHANNELS', what);
  }
  const raster = await storedNumbers(bytes, isDeep ? 'rgb16' : 'srgb', isDeep ? 16 : 8);
  const icc = meta.icc ? new Uint8Array(meta.icc) : undefined;
  return { raster: withoutSigns(raster, form), icc, densityPpi: knownDensity(meta.density) };
}

/** The numbers of a file in its own colours, whatever its profile says. */
export async function storedNumbers(
  source: string | Uint8Array,
  space: 'cmyk' | 'srgb' | 'rgb16',
  depth: 8 | 16,
): Promise<Raster> {
  const { data, info } = await opened(source, true)
    .autoOrient()
    .pipelineColourspace(space)
    .toColourspace(space)
    .raw({ depth: depth === 8 ? 'uchar' : 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const bytes = Uint8Array.from(data);
  const values = depth === 8 ? bytes : new Uint16Array(bytes.buffer);
  return { width, height, channels, depth, data: values } as Raster;
}

async function rawPixels(source: string | Uint8Array, meta: Metadata): Promise<Raster> {
  if (isFloat(meta)) return codeValues(await linearPixels(source, meta));
  const form = formOf(meta);
  let image = opened(source, form.isSrgb && meta.space !== 'cmyk').autoOrient();
  // Sharp works on 16-bit pictures with a profile in Display P3; naming sRGB brings them back.
  if (form.deep && !form.gray && !form.isSrgb) image = image.withIccProfile('srgb');
  const { data, info } = await image
    .toColourspace(form.space)
    .raw({ depth: form.deep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels > 4) throw new PentimentoError('E_IMAGE_CHANNELS', `It has ${channels} channels.`);
  const depth = form.deep ? 16 : 8;
  const raster = { width, height, channels, depth, data: valuesOf(data, depth) } as Raster;
  return form.gray && channels >= 3 ? firstChannel(raster) : raster;
}

/** Numbers of 32 bits, as TIFF can hold them: linear light, as Photoshop takes them. */
export function isFloat({ depth }: Metadata): boolean {
  return depth === 'float' || depth === 'double';
}

/** Gray or RGB of 32 bits as they are stored, with infinities and what is no number. Throws E_IMAGE_CHANNELS. */
export async function linearPixels(source: string | Uint8Array, meta: Metadata): Promise<Raster> {
  const isRgb = meta.space === 'scrgb';
  const image = opened(source, true).autoOrient();
  // Two channels come back as four with the numbers of the file, and as others where a space is named.
  const isClear = !isRgb && meta.channels === 2;
  const space = isRgb ? 'scrgb' : 'b-w';
  const own = isClear ? image : image.pipelineColourspace(space).toColourspace(space);
  const { data, info } = await own.raw({ depth: 'float' }).toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels > 4 || (!isRgb && meta.channels > 2)) {
    throw new PentimentoError('E_IMAGE_CHANNELS', `It has ${meta.channels} channels.`);
  }
  const bytes = data.byteOffset % 4 === 0 ? data : Uint8Array.from(data);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const raster = { width, height, channels, depth: 32, data: values } as Raster;
  return isClear ? firstChannel(raster) : raster;
}

/** Linear light as sRGB code values 0..1; what is no number becomes 0. Alpha stays linear. */
function codeValues(raster: Raster): Raster {
  const { channels } = raster;
  const colors = channels < 3 ? 1 : 3;
  const data = new Float32Array(raster.data.length);
  for (let i = 0; i < data.length; i++) {
    const v = raster.data[i] > 0 ? Math.min(1, raster.data[i]) : 0;
    data[i] = i % channels < colors ? fromLinear(v) : v;
  }
  return { ...raster, data };
}

function formOf(meta: Metadata) {
  const deep = meta.depth !== 'uchar' && meta.depth !== 'char' && meta.space !== 'cmyk';
  const gray = meta.space === 'b-w' || meta.space === 'grey16';
  const isSrgb = meta.icc === undefined || isSrgbProfile(new Uint8Array(meta.icc));
  if (deep) return { deep, gray, isSrgb, space: gray ? 'grey16' : 'rgb16' };
  // Raw output of 8-bit gray would lose its alpha, so that goes through three equal channels.
  const asGray = gray && isSrgb && !meta.hasAlpha;
  return { deep, gray, isSrgb, space: asGray ? 'b-w' : 'srgb' };
}

function valuesOf(data: Uint8Array, depth: 8 | 16): Uint8Array | Uint16Array {
  if (depth === 8) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  const bytes = data.byteOffset % 2 === 0 ? data : Uint8Array.from(data);
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}

/** Gray that a profile conversion turned into three equal channels. */
function firstChannel(raster: Raster): Raster {
  const channels = raster.channels === 4 ? 2 : 1;
  const count = raster.width * raster.height;
  const data = raster.data.slice(0, count * channels);
  for (let i = 0; i < count; i++) {
    data[i * channels] = raster.data[i * raster.channels];
    if (channels === 2) data[i * 2 + 1] = raster.data[i * 4 + 3];
  }
  return { ...raster, channels, data };
}

/** Pixels of a document as the other formats give them: sRGB, or gray. Throws as `decodePicture`. */
export async function decodeComposite(composite: Composite): Promise<DecodedPicture> {
  const { icc, space, densityPpi } = composite;
  const plain = space !== 'cmyk' && (icc === undefined || space === 'gray' || isSrgbProfile(icc));
  const { width, height, channels, data } = composite;
  if (plain || data instanceof Float32Array) {
    const depth = data instanceof Uint8Array ? 8 : data instanceof Uint16Array ? 16 : 32;
    const raster = {
      width,
      height,
      channels: channels as Raster['channels'],
      depth,
      data,
    } as const;
    return { raster, info: infoOf(raster, 'psd', icc), densityPpi, ...(icc ? { icc } : {}) };
  }
  return decodeWithSharp(tiffOf({ ...composite, icc }), 'psd');
}

function infoOf(raster: Raster, format: string, icc: Uint8Array | undefined): PictureInfo {
  const { width, height, depth, channels } = raster;
  const profile = icc ? profileName(icc) : undefined;
  return { width, height, depth, channels, format, ...(profile ? { profile } : {}) };
}

function checkSize(width: number, height: number): void {
  if (width > maxSidePx || height > maxSidePx || width * height > maxPicturePixels) {
    throw new PentimentoError('E_IMAGE_PIXELS', `It has ${width} x ${height} pixels.`);
  }
}

/** The library's own words may hold paths, so only their kind is kept. */
function explained(cause: unknown): PentimentoError {
  if (cause instanceof PentimentoError) return cause;
  const text = cause instanceof Error ? cause.message : '';
  if (/pixel limit|too large|exceeds/i.test(text) && !/channel/i.test(text)) {
    return new PentimentoError('E_IMAGE_PIXELS', undefined, { cause });
  }
  if (/channel/i.test(text)) return new PentimentoError('E_IMAGE_CHANNELS', undefined, { cause });
  if (/timeout/i.test(text)) return new PentimentoError('E_IMAGE_TIMEOUT', undefined, { cause });
  return new PentimentoError('E_IMAGE_CORRUPT', undefined, { cause });
}
