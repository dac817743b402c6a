/**
 * Pixels as their file has them where that is not sRGB: another profile, inks, linear floats. Results are
 * brought into that form and laid over them, so that all that alpha does not cover keeps its bits.
 */
import { rectOfSize, type Rect } from '../../../shared/geometry.ts';
import { flatten, layerRaster, type AlphaPixels, type Pixels } from './composite.ts';
import { fromFloatImage, pixelData, toFloatImage } from './convert.ts';
import { cropRaster } from './crop.ts';
import {
  decodeComposite,
  isFloat,
  isPsd,
  labPixels,
  linearPixels,
  opened,
  storedNumbers,
  wholeFile,
} from './decode.ts';
import { usualPpi } from './density.ts';
import { encodePng, type FileText } from './encode.ts';
import { isSrgbProfile } from './iccProfile.ts';
import { readLabTiff, srgbToLab, withoutSigns, type LabForm } from './labTiff.ts';
import { readComposite, type Composite } from './psd/readComposite.ts';
import type { Raster } from './raster.ts';
import { toLinear } from './resize.ts';
import { tiffOf } from './tiffContainer.ts';
import { toInks } from './toInks.ts';
import { toProfile } from './toProfile.ts';
import { mapInto } from './mapInto.ts';

export interface StoredPixels {
  /** `gray`: numbers of a gray profile, painted as they are. */
  readonly kind: 'profile' | 'gray' | 'inks' | 'linear' | LabForm;
  /** Inks: 4 channels, full values are full ink. Lab: a* and b* without a sign. */
  readonly raster: Raster;
  readonly icc: Uint8Array | undefined;
}

/**
 * Undefined where sRGB (or gray) pixels are the file's own, or where the format cannot hold the others.
 * A picture that `decodePicture` has read; throws what the library throws when it is gone.
 */
export async function decodeStored(
  path: string,
  format: 'png' | 'tiff',
): Promise<StoredPixels | undefined> {
  if (await isPsd(path)) return storedComposite(readComposite(await wholeFile(path)), format);
  const lab = await readLabTiff(path);
  if (lab) return format === 'tiff' ? { kind: lab.form, ...(await labPixels(lab)) } : undefined;
  return storedNumbersOf(path, format);
}

/** Of a file that the library reads. */
async function storedNumbersOf(
  path: string,
  format: 'png' | 'tiff',
): Promise<StoredPixels | undefined> {
  const meta = await opened(path, true).metadata();
  const icc = meta.icc ? new Uint8Array(meta.icc) : undefined;
  if (isFloat(meta)) {
    if (format !== 'tiff') return undefined;
    return { kind: 'linear', raster: await linearPixels(path, meta), icc };
  }
  if (meta.space === 'cmyk') {
    const isWhole = meta.depth === 'uchar' || meta.depth === 'ushort';
    if (meta.channels !== 4 || !isWhole || format !== 'tiff') return undefined;
    const depth = meta.depth === 'uchar' ? 8 : 16;
    return { kind: 'inks', raster: await storedNumbers(path, 'cmyk', depth), icc };
  }
  const isRgb = meta.space === 'srgb' || meta.space === 'rgb' || meta.space === 'rgb16';
  if (!isRgb || icc === undefined || isSrgbProfile(icc) || !isProfileOf('RGB ', icc))
    return undefined;
  const depth = meta.depth === 'uchar' ? 8 : 16;
  const space = depth === 8 ? 'srgb' : 'rgb16';
  return { kind: 'profile', raster: await storedNumbers(path, space, depth), icc };
}

/** A document's merged picture: numbers of a profile, or inks. Lab and floats have become sRGB. */
function storedComposite(
  { width, height, space, channels, data, icc }: Composite,
  format: 'png' | 'tiff',
): StoredPixels | undefined {
  if (data instanceof Float32Array) return undefined;
  const depth = data instanceof Uint8Array ? 8 : 16;
  const raster = { width, height, channels, depth, data } as Raster;
  if (space === 'cmyk') return format === 'tiff' ? { kind: 'inks', raster, icc } : undefined;
  if (icc === undefined) return undefined;
  if (space === 'gray') return isProfileOf('GRAY', icc) ? { kind: 'gray', raster, icc } : undefined;
  const isOwn = !isSrgbProfile(icc) && isProfileOf('RGB ', icc);
  return isOwn ? { kind: 'profile', raster, icc } : undefined;
}

/** Whether it is a profile of that colour space, and not a damaged one (ICC.1, section 7.2). */
function isProfileOf(space: 'RGB ' | 'GRAY', icc: Uint8Array): boolean {
  const isWhole = icc.length >= 132 && String.fromCharCode(...icc.subarray(36, 40)) === 'acsp';
  return isWhole && String.fromCharCode(...icc.subarray(16, 20)) === space;
}

/** A result (sRGB, or gray) laid over the stored pixels in their own form. */
export async function flattenStored(
  stored: StoredPixels,
  result: { readonly color: Pixels; readonly alpha: AlphaPixels; readonly bounds: Rect },
): Promise<StoredPixels> {
  const { color, alpha, bounds } = result;
  const raster: Raster = { ...color, channels: color.channels === 1 ? 1 : 3 };
  if (stored.kind === 'linear') {
    const data = mapInto(new Float32Array(color.data.length), color.data, (v) =>
      toLinear(Math.min(1, Math.max(0, v))),
    );
    const linear = { ...color, depth: 32, data } as const;
    return { ...stored, raster: flatten(stored.raster, linear, alpha, bounds) };
  }
  if (stored.kind === 'gray') {
    return { ...stored, raster: flatten(stored.raster, raster, alpha, bounds) };
  }
  const alike = inDepth(raster, stored.raster.depth);
  if (stored.kind === 'cielab' || stored.kind === 'icclab') {
    const over = srgbToLab(alike, stored.kind);
    return { ...stored, raster: flatten(stored.raster, over, alpha, bounds) };
  }
  if (stored.kind === 'inks') {
    const inks = await toInks(await overSeenInks(stored, alike, result), stored.icc);
    return { ...stored, raster: withInks(stored.raster, inks, result) };
  }
  const own = await toProfile(alike, { icc: stored.icc, space: 'rgb' });
  return { ...stored, raster: flatten(stored.raster, own, alpha, bounds) };
}

/**
 * A whole picture of any size in the form of the stored pixels, with their transparency or without. Of a profile
 * its colours are that profile's numbers already, and only then.
 */
export async function inStoredForm(
  stored: StoredPixels,
  { color, alpha }: { readonly color: Pixels; readonly alpha: AlphaPixels },
): Promise<StoredPixels> {
  const { channels, depth } = stored.raster;
  const { width, height } = color;
  if (stored.kind === 'profile') {
    const raster = channels === 4 ? layerRaster(color, alpha) : { ...color, channels };
    return { ...stored, raster };
  }
  const raster = {
    width,
    height,
    channels,
    depth,
    data: pixelData(depth, width * height * channels),
  };
  return flattenStored(
    { ...stored, raster },
    { color, alpha, bounds: rectOfSize({ width, height }) },
  );
}

function inDepth(raster: Raster, depth: Raster['depth']): Raster {
  if (raster.depth === depth && raster.channels === 3) return raster;
  return fromFloatImage(toFloatImage(raster).image, { channels: 3, depth });
}

interface Layer {
  readonly alpha: AlphaPixels;
  readonly bounds: Rect;
}

/**
 * A soft edge in the colours that are seen: half of one black and half of another, made of other inks, would
 * be lighter than both.
 */
async function overSeenInks(
  { raster, icc }: StoredPixels,
  over: Raster,
  { alpha, bounds }: Layer,
): Promise<Raster> {
  const inks = cropRaster(raster, bounds);
  const { raster: seen } = await decodeComposite({
    ...inks,
    space: 'cmyk',
    hasAlpha: false,
    ...(icc ? { icc } : {}),
  });
  return flatten(inDepth(seen, over.depth), over, alpha, rectOfSize(over));
}

/** Where alpha is 0 every bit stays. */
function withInks(under: Raster, inks: Pixels, { alpha, bounds }: Layer): Raster {
  const data = under.data.slice();
  for (let y = 0, from = 0; y < bounds.height; y++) {
    for (let x = 0; x < bounds.width; x++, from++) {
      if (alpha.data[from] === 0) continue;
      const to = ((bounds.y + y) * under.width + bounds.x + x) * 4;
      for (let c = 0; c < 4; c++) data[to + c] = inks.data[from * 4 + c];
    }
  }
  return { ...under, data };
}

/** A PNG, or a TIFF without compression, with the profile and the text. */
export function encodeStored(
  { kind, raster, icc }: StoredPixels,
  format: 'png' | 'tiff',
  text: FileText,
): Promise<Uint8Array> {
  if (format === 'png') return encodePng(raster, { ...text, icc });
  const hasAlpha = kind !== 'inks' && (raster.channels === 2 || raster.channels === 4);
  const isLab = kind === 'cielab' || kind === 'icclab';
  const pixels = isLab ? withoutSigns(raster, kind) : raster;
  const space = isLab ? kind : kind === 'inks' ? 'cmyk' : raster.channels < 3 ? 'gray' : 'rgb';
  const { xmp, densityPpi = usualPpi } = text;
  return Promise.resolve(tiffOf({ ...pixels, space, hasAlpha, icc, xmp, densityPpi }));
}
