/**
 * A canvas that grows pass by pass, and beside it the layer of all that was painted: what is shown to the
 * next pass, and what becomes the result. Rectangles are document pixels.
 */
import {
  boundsOfMask,
  intersectRects,
  padRect,
  relativeTo,
  type Rect,
} from '../../../shared/geometry.ts';
import { flatten } from './composite.ts';
import { maxOfDepth, pixelData } from './convert.ts';
import { cropMask, cropRaster } from './crop.ts';
import type { Finished } from './prepare.ts';
import type { Mask, Raster } from './raster.ts';

export interface GrowingCanvas {
  /** Everything that is known there so far; clear (without alpha: black) where nothing is. */
  look(rect: Rect): Raster;
  /** Writes colours that are only begun with, opaque; they are no part of the result. */
  begin(colors: Raster, rect: Rect): void;
  /** Lays what a pass has painted over the canvas and into the layer. */
  lay(painted: Pick<Finished, 'color' | 'alpha'>, rect: Rect): void;
  /** The layer over its own bounds; where nothing was painted its colours are the canvas's. */
  layer(): { readonly color: Raster; readonly alpha: Mask; readonly bounds: Rect };
}

/** `picture` lies at `place`; `all` is everything that will ever be looked at. */
export function growingCanvas(picture: Raster, place: Rect, all: Rect): GrowingCanvas {
  const canvas = blank(picture, all, picture.channels);
  const layer = blank(picture, all, picture.channels <= 2 ? 2 : 4);
  pasteRaster(canvas, picture, relativeTo(place, all));
  const layOver = (target: Raster, painted: Pick<Finished, 'color' | 'alpha'>, at: Rect) => {
    const whole = { x: 0, y: 0, width: at.width, height: at.height };
    const under = cropRaster(target, at);
    pasteRaster(target, flatten(under, painted.color, painted.alpha, whole), at);
  };
  return {
    look: (rect) => cropRaster(canvas, relativeTo(rect, all)),
    begin(colors, rect) {
      const at = relativeTo(rect, all);
      const opaque = new Uint8Array(at.width * at.height).fill(255);
      layOver(canvas, { color: colors, alpha: { ...at, data: opaque } }, at);
    },
    lay(painted, rect) {
      const at = relativeTo(rect, all);
      layOver(canvas, painted, at);
      layOver(layer, painted, at);
    },
    layer() {
      const alpha = alphaOf(layer);
      const at = boundsOfMask(alpha.data, alpha) ?? { x: 0, y: 0, width: 0, height: 0 };
      const color = colorsOf(cropRaster(layer, at), cropRaster(canvas, at));
      const bounds = { ...at, x: at.x + all.x, y: at.y + all.y };
      return { color, alpha: cropMask(alpha, at), bounds };
    },
  };
}

/**
 * What of a pass is seen, over `painted` (its planes' place): everything in its area; outside, the soft
 * edge that it has, up to `reachPx` away.
 */
export function seenOfPass(
  alpha: Mask,
  painted: Rect,
  pass: { area: Rect; reachPx: number },
): Mask {
  const area = intersectRects(pass.area, painted);
  const near = intersectRects(padRect(pass.area, pass.reachPx), painted);
  const data = new Uint8Array(alpha.data.length);
  const row = (y: number, from: Rect) => (y - painted.y) * painted.width + from.x - painted.x;
  for (let y = near.y; y < near.y + near.height; y++) {
    const at = row(y, near);
    data.set(alpha.data.subarray(at, at + near.width), at);
  }
  for (let y = area.y; y < area.y + area.height; y++) {
    const at = row(y, area);
    data.fill(255, at, at + area.width);
  }
  return { ...alpha, data };
}

function blank({ depth }: Raster, { width, height }: Rect, channels: Raster['channels']): Raster {
  return { width, height, channels, depth, data: pixelData(depth, width * height * channels) };
}

/** Copies the whole of `piece` to a place inside `target`. */
function pasteRaster(target: Raster, piece: Raster, at: Rect): void {
  const length = piece.width * piece.channels;
  for (let y = 0; y < piece.height; y++) {
    const row = piece.data.subarray(y * length, (y + 1) * length);
    target.data.set(row, ((at.y + y) * target.width + at.x) * target.channels);
  }
}

function alphaOf({ width, height, channels, depth, data }: Raster): Mask {
  const scale = 255 / maxOfDepth(depth);
  const out = new Uint8Array(width * height);
  for (let i = 0; i < out.length; i++) {
    const alpha = data[(i + 1) * channels - 1];
    // What shows at all must not vanish in 8 bits: the original would have to lie under it.
    out[i] = alpha > 0 ? Math.max(1, Math.round(alpha * scale)) : 0;
  }
  return { width, height, data: out };
}

function colorsOf(layer: Raster, canvas: Raster): Raster {
  const { width, height, depth } = layer;
  const channels = layer.channels === 2 ? 1 : 3;
  const data = pixelData(depth, width * height * channels);
  for (let i = 0; i < width * height; i++) {
    const source = layer.data[(i + 1) * layer.channels - 1] > 0 ? layer : canvas;
    for (let c = 0; c < channels; c++) {
      data[i * channels + c] = source.data[i * source.channels + c];
    }
  }
  return { width, height, channels, depth, data };
}
