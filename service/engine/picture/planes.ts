/** Planes of a frame as rasters and masks, and back: the same bytes under another name. */
import { PentimentoError } from '../../../shared/errors.ts';
import type { Plane } from '../../../shared/frame.ts';
import { maxOfDepth, pixelData } from './convert.ts';
import type { Mask, Raster } from './raster.ts';

/** Throws E_IMAGE_CHANNELS for more than four channels. */
export function rasterOfPlane(plane: Plane): Raster {
  const { width, height, channels, depth, data } = plane;
  if (channels !== 1 && channels !== 2 && channels !== 3 && channels !== 4) {
    throw new PentimentoError('E_IMAGE_CHANNELS', `${channels} channels.`);
  }
  return { width, height, channels, depth, data };
}

/** Throws E_FRAME when it is not one 8-bit channel. */
export function maskOfPlane(plane: Plane): Mask {
  const { width, height, channels, data } = plane;
  if (channels !== 1 || !(data instanceof Uint8Array)) {
    throw new PentimentoError('E_FRAME', 'The mask is not one 8-bit channel.');
  }
  return { width, height, data };
}

/** A result's colour with its layer mask as alpha: gray + alpha or RGB + alpha in the colour's depth. */
export function layerRaster(color: Plane, alpha: Plane): Raster {
  const source = rasterOfPlane(color);
  const mask = maskOfPlane(alpha);
  const colors = source.channels <= 2 ? 1 : 3;
  const channels = colors === 1 ? 2 : 4;
  const count = source.width * source.height;
  const data = pixelData(source.depth, count * channels);
  const max = maxOfDepth(source.depth);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < colors; c++) data[i * channels + c] = source.data[i * source.channels + c];
    const value = (mask.data[i] / 255) * max;
    data[i * channels + colors] = source.depth === 32 ? value : Math.round(value);
  }
  return { ...source, channels, data };
}
