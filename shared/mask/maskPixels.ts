/** One 8-bit channel: 255 = fully selected. */
export interface MaskPixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}
