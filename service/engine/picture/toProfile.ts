/** sRGB pixels into another colour profile: the way back of what decode.ts does. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { maxOfDepth } from './convert.ts';
import { srgbProfile } from './psd/srgbProfile.ts';
import type { Raster } from './raster.ts';
import { tiffOf } from './tiffContainer.ts';

interface ProfileTarget {
  /** The library's own CMYK profile without one. */
  readonly icc: Uint8Array | undefined;
  readonly space: 'rgb' | 'cmyk';
}

/**
 * Opaque gray or RGB to 3 channels, or 4 of which full values are full ink, in the raster's depth (float
 * becomes 16 bits). Perceptual, as decoding does.
 */
export async function toProfile(raster: Raster, { icc, space }: ProfileTarget) {
  const { width, height, channels } = raster;
  const deep = raster.depth !== 8;
  const folder = await mkdtemp(join(tmpdir(), 'pentimento-profile-'));
  try {
    const path = join(folder, 'document.icc');
    if (icc) await writeFile(path, icc);
    // Sharp takes 16-bit pixels without a profile for Display P3, so these say that they are sRGB.
    const image = deep
      ? sharp(tiffOf(asRgb16(raster)), { limitInputPixels: false })
      : sharp(in8Bits(raster), { raw: { width, height, channels }, limitInputPixels: false });
    // Without it 16 bits become 8; of 8 bits a conversion before that to the inks' profile would be a second one.
    const own = space === 'cmyk' && !deep ? image : image.toColourspace(deep ? 'rgb16' : 'srgb');
    const { data } = await own
      .withIccProfile(icc ? path : 'cmyk')
      .raw({ depth: deep ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const out = new Uint8Array(data);
    return {
      width,
      height,
      channels: space === 'cmyk' ? 4 : 3,
      depth: deep ? 16 : 8,
      data: deep ? new Uint16Array(out.buffer) : out,
    } as const;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function asRgb16(raster: Raster): Parameters<typeof tiffOf>[0] {
  const { width, height, channels, data } = raster;
  const out = new Uint16Array(width * height * 3);
  const scale = 65535 / maxOfDepth(raster.depth);
  const step = channels === 3 ? 1 : 0;
  for (let i = 0, from = 0; i < out.length; i += 3, from += channels) {
    for (let c = 0; c < 3; c++) out[i + c] = clamped(data[from + c * step] * scale, 65535);
  }
  const icc = srgbProfile('rgb');
  return { width, height, space: 'rgb', channels: 3, hasAlpha: false, data: out, icc };
}

function in8Bits({ data, depth }: Raster): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const scale = 255 / maxOfDepth(depth);
  return Uint8Array.from(data, (v) => clamped(v * scale, 255));
}

function clamped(value: number, max: number): number {
  return Math.round(Math.min(max, Math.max(0, value)));
}
