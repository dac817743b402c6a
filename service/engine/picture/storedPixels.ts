/**
 * Pixels as their file has them where that is not sRGB: another profile, inks, linear floats. Results are
 * brought into that form and laid over them, so that all that alpha does not cover keeps its bits.
 */
import type { Rect } from '../../../shared/geometry.ts';
import { flatten, type AlphaPixels, type Pixels } from './composite.ts';
import { fromFloatImage, toFloatImage } from './convert.ts';
import { isFloat, linearPixels, opened } from './decode.ts';
import { encodePng, type FileText } from './encode.ts';
import { isSrgbProfile } from './iccProfile.ts';
import type { Raster } from './raster.ts';
import { toLinear } from './resize.ts';
import { tiffOf } from './tiffContainer.ts';
import { toProfile } from './toProfile.ts';

export interface StoredPixels {
  readonly kind: 'profile' | 'inks' | 'linear';
  /** Inks: 4 channels, 255 = full ink. */
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
  const meta = await opened(path, true).metadata();
  const icc = meta.icc ? new Uint8Array(meta.icc) : undefined;
  if (isFloat(meta)) {
    if (format !== 'tiff') return undefined;
    return { kind: 'linear', raster: await linearPixels(path, meta), icc };
  }
  if (meta.space === 'cmyk') {
    const isPlain = meta.channels === 4 && meta.depth === 'uchar' && format === 'tiff';
    return isPlain ? { kind: 'inks', raster: await read(path, 'cmyk', 8), icc } : undefined;
  }
  const isRgb = meta.space === 'srgb' || meta.space === 'rgb' || meta.space === 'rgb16';
  if (!isRgb || icc === undefined || isSrgbProfile(icc) || !isRgbProfile(icc)) return undefined;
  const depth = meta.depth === 'uchar' ? 8 : 16;
  return { kind: 'profile', raster: await read(path, depth === 8 ? 'srgb' : 'rgb16', depth), icc };
}

function isRgbProfile(icc: Uint8Array): boolean {
  const isWhole = icc.length >= 132 && String.fromCharCode(...icc.subarray(36, 40)) === 'acsp';
  return isWhole && String.fromCharCode(...icc.subarray(16, 20)) === 'RGB ';
}

async function read(path: string, space: 'cmyk' | 'srgb' | 'rgb16', depth: 8 | 16) {
  const { data, info } = await opened(path, true)
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

/** A result (sRGB, or gray) laid over the stored pixels in their own form. */
export async function flattenStored(
  stored: StoredPixels,
  result: { readonly color: Pixels; readonly alpha: AlphaPixels; readonly bounds: Rect },
): Promise<StoredPixels> {
  const { color, alpha, bounds } = result;
  const raster: Raster = { ...color, channels: color.channels === 1 ? 1 : 3 };
  if (stored.kind === 'linear') {
    const data = Float32Array.from(color.data, (v) => toLinear(Math.min(1, Math.max(0, v))));
    const linear = { ...color, depth: 32, data } as const;
    return { ...stored, raster: flatten(stored.raster, linear, alpha, bounds) };
  }
  const space = stored.kind === 'inks' ? 'cmyk' : 'rgb';
  const own = await toProfile(inDepth(raster, stored.raster.depth), { icc: stored.icc, space });
  if (stored.kind === 'inks') return { ...stored, raster: overInks(stored.raster, own, result) };
  return { ...stored, raster: flatten(stored.raster, own, alpha, bounds) };
}

function inDepth(raster: Raster, depth: Raster['depth']): Raster {
  if (raster.depth === depth && raster.channels === 3) return raster;
  return fromFloatImage(toFloatImage(raster).image, { channels: 3, depth });
}

/** Inks mix as colours do; where alpha is 0 every bit stays. */
function overInks(
  under: Raster,
  over: Pixels,
  { alpha, bounds }: { readonly alpha: AlphaPixels; readonly bounds: Rect },
): Raster {
  const data = under.data.slice();
  for (let y = 0, from = 0; y < bounds.height; y++) {
    for (let x = 0; x < bounds.width; x++, from++) {
      const share = alpha.data[from] / 255;
      if (share === 0) continue;
      const to = ((bounds.y + y) * under.width + bounds.x + x) * 4;
      for (let c = 0; c < 4; c++) {
        const ink = data[to + c];
        data[to + c] = Math.round(ink + (over.data[from * 4 + c] - ink) * share);
      }
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
  const isGray = raster.channels < 3;
  const space = kind === 'inks' ? 'cmyk' : isGray ? 'gray' : 'rgb';
  const hasAlpha = kind !== 'inks' && (raster.channels === 2 || raster.channels === 4);
  return Promise.resolve(tiffOf({ ...raster, space, hasAlpha, icc, xmp: text.xmp }));
}
