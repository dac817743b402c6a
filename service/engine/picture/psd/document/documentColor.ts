/** Result colours (sRGB code values) in the channels, depth and profile of a document. */
import type { Pixels } from '../../composite.ts';
import { fromFloatImage, maxOfDepth, toFloatImage } from '../../convert.ts';
import { isSrgbProfile } from '../../iccProfile.ts';
import type { FloatImage, Raster } from '../../raster.ts';
import { toLinear } from '../../resize.ts';
import { toInks } from '../../toInks.ts';
import { toProfile } from '../../toProfile.ts';
import { storedLabOf } from '../labColors.ts';
import type { ChannelValues } from './channelPixels.ts';
import type { DocumentForm } from './documentForm.ts';
import { profileOf, type PsdFile } from './readDocument.ts';
import { assertTakesLayers } from './takesLayers.ts';

/**
 * One plane for every colour of the document: 8 and 16 bits as stored (CMYK with 0 = full ink), 32 bits
 * linear light. Gray results go to gray documents; with a document profile other than sRGB the colours
 * are converted to it. Throws E_IMAGE_CHANNELS as `assertTakesLayers`.
 */
export async function documentChannels(file: PsdFile, color: Pixels): Promise<ChannelValues[]> {
  assertTakesLayers(file);
  const { mode, depth } = file.form;
  const raster: Raster = { ...color, channels: color.channels === 1 ? 1 : 3 };
  const icc = profileOf(file);
  if (mode === 'gray') return planesOf(asGray(raster), depth);
  if (mode === 'lab') return labPlanes(toFloatImage(raster).image, depth);
  if (mode === 'cmyk') return planesOf(await toInks(inDepth(raster, depth), icc), depth, true);
  const isPlain = icc === undefined || isSrgbProfile(icc) || depth === 32;
  return planesOf(isPlain ? asRgb(raster) : await toProfile(raster, { icc, space: 'rgb' }), depth);
}

/** In 8 or 16 bits, as the document has them. */
function inDepth(raster: Raster, depth: DocumentForm['depth']): Raster {
  const own = depth === 8 ? 8 : 16;
  if (raster.depth === own) return raster;
  return fromFloatImage(toFloatImage(raster).image, { channels: 3, depth: own });
}

function asGray(raster: Raster): Raster {
  if (raster.channels === 1) return raster;
  return fromFloatImage(toFloatImage(raster).image, { channels: 1, depth: raster.depth });
}

function asRgb(raster: Raster): Raster {
  if (raster.channels === 3) return raster;
  return fromFloatImage(toFloatImage(raster).image, { channels: 3, depth: raster.depth });
}

function newPlane(depth: DocumentForm['depth'], length: number): ChannelValues {
  if (depth === 8) return new Uint8Array(length);
  return depth === 16 ? new Uint16Array(length) : new Float32Array(length);
}

/** Each channel for itself in the document's depth; `inverted`: full values are no ink. */
function planesOf(
  raster: Pick<Raster, 'width' | 'height' | 'depth' | 'data'> & { readonly channels: number },
  depth: DocumentForm['depth'],
  inverted = false,
): ChannelValues[] {
  const { channels, data } = raster;
  const count = raster.width * raster.height;
  const max = maxOfDepth(raster.depth);
  const scale = (depth === 8 ? 255 : depth === 16 ? 65535 : 1) / max;
  return Array.from({ length: channels }, (_, c) => {
    if (!inverted && data instanceof Uint8Array && depth === 16) {
      return from8to16(data, c, new Uint16Array(count));
    }
    const plane = newPlane(depth, count);
    for (let i = 0, at = c; i < count; i++, at += channels) {
      const v = inverted ? max - data[at] : data[at];
      if (depth === 32) plane[i] = toLinear(Math.min(1, Math.max(0, v * scale)));
      else plane[i] = Math.round(v * scale);
    }
    return plane;
  });
}

/** A channel of interleaved pixels; 257 is 65535 / 255. */
function from8to16(data: Uint8Array, channel: number, plane: Uint16Array): Uint16Array {
  const channels = data.length / plane.length;
  for (let i = 0, at = channel; i < plane.length; i++, at += channels) plane[i] = data[at] * 257;
  return plane;
}

function labPlanes({ width, height, data }: FloatImage, depth: DocumentForm['depth']) {
  const count = width * height;
  const planes = Array.from({ length: 3 }, () => newPlane(depth, count));
  const max = depth === 8 ? 255 : 65535;
  for (let i = 0; i < count; i++) {
    const stored = storedLabOf(data[i * 3], data[i * 3 + 1], data[i * 3 + 2]);
    for (let c = 0; c < 3; c++) {
      planes[c][i] = Math.round(Math.min(1, Math.max(0, stored[c])) * max);
    }
  }
  return planes;
}
