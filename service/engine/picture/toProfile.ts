/** sRGB pixels into another colour profile: the way back of what decode.ts does. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { maxOfDepth } from './convert.ts';
import { decodeComposite } from './decode.ts';
import { srgbProfile } from './psd/srgbProfile.ts';
import type { Raster } from './raster.ts';
import { tiffOf } from './tiffContainer.ts';
import { mapInto } from './mapInto.ts';

interface ProfileTarget {
  /** The library's own CMYK profile, or sRGB, without one. */
  readonly icc: Uint8Array | undefined;
  readonly space: 'rgb' | 'cmyk';
}

/**
 * Opaque gray or RGB to 3 channels, or 4 of which full values are full ink, in the raster's depth (float
 * becomes 16 bits). Perceptual, as decoding does. A profile of other colours, or one that cannot be used, counts
 * as none, as in decoding.
 */
export async function toProfile(raster: Raster, target: ProfileTarget) {
  if (target.space === 'rgb') {
    return (await isHeeded(target.icc)) ? converted(raster, target) : inSrgb(raster);
  }
  const made = await converted(raster, target);
  return made.channels === 4 ? made : converted(raster, { ...target, icc: undefined });
}

function inSrgb(raster: Raster) {
  const { width, height, depth } = raster;
  const data = asRgb16(raster).data;
  const same = { width, height, channels: 3 };
  if (depth !== 8) return { ...same, depth: 16, data } as const;
  return {
    ...same,
    depth,
    data: mapInto(new Uint8Array(data.length), data, (v) => v / 257),
  } as const;
}

/** What the library's own detour at 16 bits is off by at most, with room. */
const roundingOf16Bits = 32;

/** Whether it changes how RGB is read. The library only skips one that it cannot use, halfway at 16 bits. */
async function isHeeded(icc: Uint8Array | undefined): Promise<boolean> {
  if (!icc) return false;
  const data = Uint16Array.of(51_400, 10_280, 10_280, 20_000, 36_000, 30_000);
  const samples = { width: 2, height: 1, channels: 3, hasAlpha: false, data } as const;
  const { raster } = await decodeComposite({ ...samples, space: 'rgb', icc });
  return raster.data.some((v, i) => Math.abs(v - data[i]) > roundingOf16Bits);
}

async function converted(raster: Raster, { icc, space }: ProfileTarget) {
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
    const { data, info } = await own
      .withIccProfile(icc ? path : 'cmyk')
      .raw({ depth: deep ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const out = new Uint8Array(data);
    return {
      width,
      height,
      channels: info.channels,
      depth: deep ? 16 : 8,
      data: deep ? new Uint16Array(out.buffer) : out,
    } as const;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function asRgb16(raster: Raster) {
  const { width, height, channels, data } = raster;
  const out = new Uint16Array(width * height * 3);
  const scale = 65535 / maxOfDepth(raster.depth);
  const step = channels === 3 ? 1 : 0;
  for (let i = 0, from = 0; i < out.length; i += 3, from += channels) {
    for (let c = 0; c < 3; c++) out[i + c] = clamped(data[from + c * step] * scale, 65535);
  }
  const icc = srgbProfile('rgb');
  return { width, height, space: 'rgb', channels: 3, hasAlpha: false, data: out, icc } as const;
}

function in8Bits({ data, depth }: Raster): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const scale = 255 / maxOfDepth(depth);
  return mapInto(new Uint8Array(data.length), data, (v) => clamped(v * scale, 255));
}

function clamped(value: number, max: number): number {
  return Math.round(Math.min(max, Math.max(0, value)));
}
