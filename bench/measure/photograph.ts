import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromFloatImage, toFloatImage } from '../../service/engine/picture/convert.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import type { FloatImage, Mask, Raster } from '../../service/engine/picture/raster.ts';
import { resizeImage } from '../../service/engine/picture/resize.ts';
import type { Rect, Size } from '../../shared/geometry.ts';

/** The package's folder, from dist/bench/measure. */
export const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** The sample photograph at any size: what packing and matching take time for depends on the content. */
export async function photograph(size: Size): Promise<FloatImage> {
  const path = join(packageRoot, 'plugin', 'samples', 'landscape.jpg');
  const { raster } = await decodePicture(path);
  return resizeImage(toFloatImage(raster).image, size);
}

/** The same as opaque 8-bit RGBA, as a document's pixels are captured. */
export function rgbaOf(image: FloatImage): Raster {
  const rgb = fromFloatImage(image, { channels: 3, depth: 8 }).data;
  const pixels = image.width * image.height;
  const data = new Uint8Array(pixels * 4);
  for (let i = 0; i < pixels; i++) {
    data[i * 4] = rgb[i * 3];
    data[i * 4 + 1] = rgb[i * 3 + 1];
    data[i * 4 + 2] = rgb[i * 3 + 2];
    data[i * 4 + 3] = 255;
  }
  return { width: image.width, height: image.height, channels: 4, depth: 8, data };
}

/** An ellipse inside `bounds`, its edge one pixel soft. */
export function ellipse(size: Size, bounds: Rect): Mask {
  const data = new Uint8Array(size.width * size.height);
  const a = bounds.width / 2;
  const b = bounds.height / 2;
  for (let y = bounds.y; y < bounds.y + bounds.height; y++) {
    for (let x = bounds.x; x < bounds.x + bounds.width; x++) {
      const dx = (x + 0.5 - bounds.x - a) / a;
      const dy = (y + 0.5 - bounds.y - b) / b;
      const inside = (1 - Math.hypot(dx, dy)) * Math.min(a, b) + 0.5;
      data[y * size.width + x] = Math.round(255 * Math.min(1, Math.max(0, inside)));
    }
  }
  return { ...size, data };
}
