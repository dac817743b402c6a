/** One row of gray, or of gray with alpha, resampled along its length. */
import { weightBits, type Taps } from './taps.ts';

const half = 1 << (weightBits - 1);

interface Target {
  readonly channels: number;
  readonly out: Uint8Array;
  /** Where the row begins. */
  readonly at: number;
}

/** Sums of bytes times fixed-point weights, rounded and cut to 0..255. */
export function weighedRow(row: Uint8Array, taps: Taps, { channels, out, at }: Target): void {
  const { first, count, weights, stride } = taps;
  let o = at;
  for (let x = 0; x < first.length; x++) {
    const end = x * stride + count[x];
    for (let c = 0; c < channels; c++) {
      let sum = half;
      let i = first[x] * channels + c;
      for (let k = x * stride; k < end; k++) {
        sum = (sum + Math.imul(row[i], weights[k])) | 0;
        i += channels;
      }
      const v = sum >> weightBits;
      out[o++] = v < 0 ? 0 : v > 255 ? 255 : v;
    }
  }
}
