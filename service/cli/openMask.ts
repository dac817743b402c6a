/** Mask files: white may change, grey partly. */
import { PentimentoError } from '../../shared/errors.ts';
import type { Mask, Raster } from '../engine/picture/raster.ts';
import { decodeNamed } from './pictures.ts';

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
  if (isBlank(data)) throw new PentimentoError('E_MASK_EMPTY');
  return { width: raster.width, height: raster.height, data };
}

/** Nothing but 0. */
export function isBlank(data: Uint8Array): boolean {
  const zeros = new Uint8Array(Math.min(data.length, comparedBytes));
  for (let at = 0; at < data.length; at += comparedBytes) {
    const some = data.subarray(at, at + comparedBytes);
    if (Buffer.compare(some, zeros.subarray(0, some.length)) !== 0) return false;
  }
  return true;
}

/** At once: masks have hundreds of millions of pixels, most of them 0. */
const comparedBytes = 65_536;

function to8({ data, depth }: Raster, index: number): number {
  const v = data[index] ?? 0;
  if (depth === 8) return v;
  return Math.round(depth === 16 ? v / 257 : Math.min(1, Math.max(0, v)) * 255);
}

function alphaOf(raster: Raster): Uint8Array {
  return channelOf(raster, raster.channels - 1);
}

function channelOf(raster: Raster, channel: number): Uint8Array {
  const { channels, data } = raster;
  if (channels === 1 && data instanceof Uint8Array) return data;
  const out = new Uint8Array(raster.width * raster.height);
  for (let i = 0, at = channel; i < out.length; i++, at += channels) out[i] = to8(raster, at);
  return out;
}

function lightnessOf(raster: Raster): Uint8Array {
  const { channels } = raster;
  if (channels < 3) return channelOf(raster, 0);
  const out = new Uint8Array(raster.width * raster.height);
  for (let i = 0, at = 0; i < out.length; i++, at += channels) {
    out[i] = Math.round(
      0.299 * to8(raster, at) + 0.587 * to8(raster, at + 1) + 0.114 * to8(raster, at + 2),
    );
  }
  return out;
}
