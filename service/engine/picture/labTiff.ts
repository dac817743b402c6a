/**
 * TIFF files in CIE L*a*b* (TIFF 6.0, section 23; ICC's own form is Adobe's Technical Note 1), which the picture
 * library does not read: it gets the same file with its colours called RGB, and so gives back their numbers.
 */
import { open } from 'node:fs/promises';
import { PentimentoError } from '../../../shared/errors.ts';
import { storedLabOf, srgbOfStoredLab } from './psd/labColors.ts';
import type { Raster } from './raster.ts';

export type LabForm = 'cielab' | 'icclab';

export interface LabTiff {
  readonly form: LabForm;
  /** The whole file, its colours called RGB. */
  readonly bytes: Uint8Array;
}

const photometricTag = 262;
const photometricRgb = 2;
const forms: Readonly<Record<number, LabForm>> = { 8: 'cielab', 9: 'icclab' };
const largestBytes = 4_000_000_000;
/** More entries than any directory has. */
const mostEntries = 4096;

/** Undefined for other TIFF files, damaged ones too. Throws what the system throws, and E_IMAGE_PIXELS. */
export async function readLabTiff(path: string): Promise<LabTiff | undefined> {
  const file = await open(path, 'r');
  try {
    const place = await photometricPlace(async (at, length) => {
      const bytes = new Uint8Array(length);
      const { bytesRead } = await file.read(bytes, 0, length, at);
      return new DataView(bytes.buffer, 0, bytesRead);
    });
    const form = place && forms[place.value];
    if (!form) return undefined;
    if ((await file.stat()).size > largestBytes) throw new PentimentoError('E_IMAGE_PIXELS');
    const bytes = new Uint8Array(await file.readFile());
    new DataView(bytes.buffer).setUint16(place.at, photometricRgb, place.isLittle);
    return { form, bytes };
  } finally {
    await file.close();
  }
}

interface Place {
  /** Where in the file the value of two bytes is. */
  readonly at: number;
  readonly value: number;
  readonly isLittle: boolean;
}

type ReadAt = (at: number, length: number) => Promise<DataView>;

/** The entry of the first directory that says what the colours are; of classic files and BigTIFF. */
async function photometricPlace(read: ReadAt): Promise<Place | undefined> {
  try {
    const head = await read(0, 16);
    const isLittle = head.getUint8(0) === 0x49;
    const isBig = head.getUint16(2, isLittle) === 43;
    const wide = (view: DataView, at: number) => Number(view.getBigUint64(at, isLittle));
    const directory = isBig ? wide(head, 8) : head.getUint32(4, isLittle);
    const countBytes = isBig ? 8 : 2;
    const view = await read(directory, countBytes);
    const count = isBig ? wide(view, 0) : view.getUint16(0, isLittle);
    const entryBytes = isBig ? 20 : 12;
    const first = directory + countBytes;
    const entries = await read(first, Math.min(count, mostEntries) * entryBytes);
    for (let at = 0; at + entryBytes <= entries.byteLength; at += entryBytes) {
      if (entries.getUint16(at, isLittle) !== photometricTag) continue;
      const valueAt = at + (isBig ? 12 : 8);
      return { at: first + valueAt, value: entries.getUint16(valueAt, isLittle), isLittle };
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
  }
  return undefined;
}

/**
 * What stands for L* = 100. a* and b* are (v - 128) at 8 bits and v / 256 - 128 at 16; files of the form `cielab`
 * have them as two's complement, which `withoutSigns` undoes.
 */
function lightest(form: LabForm, depth: Raster['depth']): number {
  if (depth === 8) return 255;
  return form === 'cielab' ? 65535 : 65280;
}

/** The sign bits of a* and b* turned around: from numbers of the form to unsigned ones, and back. A new raster. */
export function withoutSigns(raster: Raster, form: LabForm): Raster {
  const data = raster.data.slice();
  if (form === 'cielab') {
    const sign = raster.depth === 8 ? 0x80 : 0x8000;
    for (let i = 0; i < data.length; i += raster.channels) {
      data[i + 1] ^= sign;
      data[i + 2] ^= sign;
    }
  }
  return { ...raster, data } as Raster;
}

/** Unsigned Lab of 8 or 16 bits to sRGB of the same depth; alpha stays. */
export function labToSrgb(raster: Raster, form: LabForm): Raster {
  const { channels, depth } = raster;
  const max = depth === 8 ? 255 : 65535;
  const [light, chroma] = [lightest(form, depth), lightest('icclab', depth)];
  const data = raster.data.slice();
  for (let i = 0; i < data.length; i += channels) {
    const rgb = srgbOfStoredLab(data[i] / light, data[i + 1] / chroma, data[i + 2] / chroma);
    for (let c = 0; c < 3; c++) data[i + c] = Math.round(rgb[c] * max);
  }
  return { ...raster, data } as Raster;
}

/** sRGB without alpha, of 8 or 16 bits, to unsigned Lab of the same depth. */
export function srgbToLab(raster: Raster, form: LabForm): Raster {
  const { depth } = raster;
  const max = depth === 8 ? 255 : 65535;
  const [light, chroma] = [lightest(form, depth), lightest('icclab', depth)];
  const data = raster.data.slice();
  for (let i = 0; i < data.length; i += 3) {
    const lab = storedLabOf(data[i] / max, data[i + 1] / max, data[i + 2] / max);
    for (let c = 0; c < 3; c++) {
      const full = c === 0 ? light : chroma;
      data[i + c] = Math.round(Math.min(1, Math.max(0, lab[c])) * full);
    }
  }
  return { ...raster, data } as Raster;
}
