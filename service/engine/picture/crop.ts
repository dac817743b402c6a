/** Rectangular pieces of pixel planes, cut out and put back. */
import { containsRect, rectOfSize, type Rect } from '../../../shared/geometry.ts';
import type { PixelData } from '../../../shared/frame.ts';
import type { FloatImage, Mask, Raster } from './raster.ts';

/** The piece of a raster under `rect`, as a copy. Throws a RangeError when it reaches past the raster. */
export function cropRaster(raster: Raster, rect: Rect): Raster {
  const data = cropData(raster.data, raster, { rect, channels: raster.channels });
  return { ...raster, width: rect.width, height: rect.height, data };
}

/** The piece of a working picture under `rect`, as a copy. Throws a RangeError when it reaches past it. */
export function cropImage(image: FloatImage, rect: Rect): FloatImage {
  const data = cropData(image.data, image, { rect, channels: 3 });
  return { width: rect.width, height: rect.height, data };
}

/** The piece of a mask under `rect`, as a copy. Throws a RangeError when it reaches past it. */
export function cropMask(mask: Mask, rect: Rect): Mask {
  const data = cropData(mask.data, mask, { rect, channels: 1 });
  return { width: rect.width, height: rect.height, data };
}

function cropData<T extends PixelData>(
  data: T,
  size: { readonly width: number; readonly height: number },
  piece: { readonly rect: Rect; readonly channels: number },
): T {
  const { rect, channels } = piece;
  if (!containsRect(rectOfSize(size), rect)) {
    throw new RangeError(
      `Expected a rectangle inside ${size.width}x${size.height} but received ${rect.x},${rect.y} ${rect.width}x${rect.height}`,
    );
  }
  const rowLength = rect.width * channels;
  const out = data.slice(0, rowLength * rect.height) as T;
  for (let y = 0; y < rect.height; y++) {
    const from = ((rect.y + y) * size.width + rect.x) * channels;
    out.set(data.subarray(from, from + rowLength), y * rowLength);
  }
  return out;
}
