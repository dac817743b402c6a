/** Pixels in memory: interleaved, rows from the top. */
import type { PixelData, PixelDepth } from '../../../shared/frame.ts';

/**
 * depth 8: Uint8Array 0..255; 16: Uint16Array 0..65535; 32: Float32Array 0..1. channels: 1 gray,
 * 2 gray + alpha, 3 RGB, 4 RGB + alpha (alpha not premultiplied). Colours are sRGB-encoded code values.
 */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly depth: PixelDepth;
  readonly data: PixelData;
}

/** One 8-bit channel: 255 = fully selected. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** One float32 channel 0..1, for arithmetic. */
export interface SoftMask {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** RGB in float32, 0..1 code values, interleaved: the working form of all picture arithmetic. */
export interface FloatImage {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}
