/** What the new part of an expanded picture begins with: its own patches, at a small size. */
import type { Rect } from '../../../shared/geometry.ts';
import { fromFloatImage, overBackground, toFloatImage } from './convert.ts';
import { cropImage } from './crop.ts';
import { fillFromSurroundings } from './patch/patchFill.ts';
import type { Mask, Raster } from './raster.ts';
import { resizeImage, resizeImageWindow } from './resize.ts';

interface StructureOptions {
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** Longest side that is filled; noise is to cover its detail, and the time goes with the square. */
const longestSidePx = 256;

/**
 * Colours for `area` (in the picture's pixels), as they go on from what lies around it. Throws E_CANCELLED
 * (signal).
 */
export async function structureStart(
  picture: Raster,
  area: Rect,
  options: StructureOptions,
): Promise<Raster> {
  const { image, alpha } = toFloatImage(picture);
  const seen = alpha ? overBackground(image, alpha) : image;
  const scale = Math.min(1, longestSidePx / Math.max(picture.width, picture.height));
  const size = { width: scaled(picture.width, scale), height: scaled(picture.height, scale) };
  const small = resizeImage(seen, size);
  const filled = await fillFromSurroundings(small, holeOf(area, picture, size), {
    ...options,
    isExpansion: true,
    start: 'mirrored',
  });
  const colors = scale === 1 ? cropImage(filled, area) : resizeImageWindow(filled, picture, area);
  const channels = picture.channels <= 2 ? 1 : 3;
  return fromFloatImage(colors, { channels, depth: picture.depth });
}

function scaled(side: number, scale: number): number {
  return Math.max(1, Math.round(side * scale));
}

/** Every pixel that the area touches at all; at least one is left to fill from. */
function holeOf(
  area: Rect,
  whole: { readonly width: number; readonly height: number },
  size: { readonly width: number; readonly height: number },
): Mask {
  const { width, height } = size;
  const across = width / whole.width;
  const down = height / whole.height;
  const data = new Uint8Array(width * height);
  const right = Math.min(width, Math.ceil((area.x + area.width) * across));
  const bottom = Math.min(height, Math.ceil((area.y + area.height) * down));
  for (let y = Math.floor(area.y * down); y < bottom; y++) {
    data.fill(255, y * width + Math.floor(area.x * across), y * width + right);
  }
  return { width, height, data };
}
