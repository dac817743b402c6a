/** Pictures and soft masks at another size, in float32, never through 8 bits. */
import type { Rect, Size } from '../../../shared/geometry.ts';
import { rowsOverGray } from './convert.ts';
import type { FloatImage, Raster, SoftMask } from './raster.ts';
import { resample, type ResizeFilter, type WriteRow } from './resample.ts';

interface ResizeOptions {
  readonly filter?: ResizeFilter;
  /** Average light instead of code values (sRGB transfer curve taken off and put back). */
  readonly linearLight?: boolean;
}

/**
 * RGB 0..1 to another size, clamped to 0..1; Lanczos with three lobes unless told. Equal sizes give an
 * exact copy. Throws a RangeError for an empty size.
 */
export function resizeImage(
  image: FloatImage,
  size: Size,
  options: ResizeOptions = {},
): FloatImage {
  if (size.width === image.width && size.height === image.height) {
    return { ...image, data: image.data.slice() };
  }
  const source = options.linearLight ? image.data.map(toLinear) : image.data;
  const filter = options.filter ?? 'lanczos3';
  const data = resample(rowsOf(source, image.width * 3), image, { size, channels: 3, filter });
  if (options.linearLight) for (let i = 0; i < data.length; i++) data[i] = fromLinear(data[i]);
  return { width: size.width, height: size.height, data };
}

/**
 * Stored pixels at another size as the networks see them: RGB 0..1, clear parts over mid gray. The same
 * as `resizeImage` of all pixels in float, without holding those. Throws a RangeError for an empty size.
 */
export function resizeRaster(raster: Raster, size: Size): FloatImage {
  const { width, height } = size;
  const writeRow = rowsOverGray(raster);
  if (width !== raster.width || height !== raster.height) {
    const data = resample(writeRow, raster, { size, channels: 3, filter: 'lanczos3' });
    return { width, height, data };
  }
  const data = new Float32Array(width * height * 3);
  for (let y = 0; y < height; y++) writeRow(y, data, y * width * 3);
  return { width, height, data };
}

/**
 * The part under `window` of what `resizeImage` would make at `size`, without making the rest. Throws a
 * RangeError for an empty size.
 */
export function resizeImageWindow(image: FloatImage, size: Size, window: Rect): FloatImage {
  const target = { size, channels: 3, filter: 'lanczos3', window } as const;
  const data = resample(rowsOf(image.data, image.width * 3), image, target);
  return { width: window.width, height: window.height, data };
}

/** A soft mask to another size, clamped to 0..1; the triangle filter unless told, which cannot ring. */
export function resizeSoftMask(
  mask: SoftMask,
  size: Size,
  options: { readonly filter?: ResizeFilter } = {},
): SoftMask {
  if (size.width === mask.width && size.height === mask.height) {
    return { ...mask, data: mask.data.slice() };
  }
  const filter = options.filter ?? 'triangle';
  const data = resample(rowsOf(mask.data, mask.width), mask, { size, channels: 1, filter });
  return { width: size.width, height: size.height, data };
}

function rowsOf(data: Float32Array, rowLength: number): WriteRow {
  return (y, out, at) => out.set(data.subarray(y * rowLength, (y + 1) * rowLength), at);
}

/** sRGB code value to linear light, IEC 61966-2-1. */
export function toLinear(v: number): number {
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}

/** Linear light to sRGB code value, IEC 61966-2-1. */
export function fromLinear(v: number): number {
  return v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055;
}
