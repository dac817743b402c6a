/** A picture laid on a canvas that holds it. */
import type { Rect } from '../../../shared/geometry.ts';
import { maxOfDepth, pixelData } from './convert.ts';
import type { Raster } from './raster.ts';

interface CanvasForm {
  /** An opaque picture gets an alpha channel. */
  readonly needsAlpha?: boolean;
}

/**
 * The picture with all its bits on a new raster of the canvas's size. `canvas`: in pixels of the picture, so that
 * its left and top are zero or less. Every number of the new pixels is zero: clear where there is an alpha channel.
 */
export function ontoCanvas(raster: Raster, canvas: Rect, form: CanvasForm = {}): Raster {
  const { width, height } = canvas;
  const isOpaque = raster.channels === 1 || raster.channels === 3;
  if (isOpaque && form.needsAlpha === true) return ontoCanvas(withAlpha(raster), canvas);
  const { channels, depth } = raster;
  const data = pixelData(depth, width * height * channels);
  const length = raster.width * channels;
  for (let y = 0; y < raster.height; y++) {
    const to = ((y - canvas.y) * width - canvas.x) * channels;
    data.set(raster.data.subarray(y * length, (y + 1) * length), to);
  }
  return { width, height, channels, depth, data };
}

function withAlpha({ width, height, channels, depth, data }: Raster): Raster {
  const wider = channels === 1 ? 2 : 4;
  const out = pixelData(depth, width * height * wider).fill(maxOfDepth(depth));
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < channels; c++) out[i * wider + c] = data[i * channels + c];
  }
  return { width, height, channels: wider, depth, data: out };
}
