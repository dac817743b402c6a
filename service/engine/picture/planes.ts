/** Planes of a frame as rasters and masks, and back: the same bytes under another name. */
import { PentimentoError } from '../../../shared/errors.ts';
import type { Plane } from '../../../shared/frame.ts';
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
