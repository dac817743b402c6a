/** Sizes of enlarged pictures. Pure. */
import type { Rect, Size } from './geometry.ts';
import type { UpscaleRequest } from './request.ts';

export interface UpscaleSize {
  /** The whole picture enlarged, pixels. */
  readonly whole: Size;
  /** The part of it that is the result. */
  readonly window: Rect;
}

/**
 * A scale gives the nearest whole pixels; a size is covered, and what is over on one axis is cut off
 * evenly. AUTOMATIC1111 cuts the sides that a factor gives down to multiples of 8
 * (modules/upscaler.py), and covers a size with what is then at most as large.
 */
export function upscaleSize(
  from: Size,
  { scale = 1, size, dialect }: Pick<UpscaleRequest, 'scale' | 'size' | 'dialect'>,
): UpscaleSize {
  const factor = size ? Math.max(size.width / from.width, size.height / from.height) : scale;
  const side = (pixels: number): number =>
    dialect === 'a1111'
      ? Math.floor((pixels * factor) / 8) * 8
      : Math.max(1, Math.round(pixels * factor));
  const own = { width: side(from.width), height: side(from.height) };
  const kept = size ?? own;
  const whole = {
    width: Math.max(own.width, kept.width),
    height: Math.max(own.height, kept.height),
  };
  const offset = (inner: number, outer: number) => Math.floor((outer - inner) / 2);
  return {
    whole,
    window: {
      x: offset(kept.width, whole.width),
      y: offset(kept.height, whole.height),
      ...kept,
    },
  };
}
