/** OpenCV's thresholds of 8-bit values. */
import type { Mask } from '../raster.ts';

/** Shares of the pixels this small separate nothing (single-precision epsilon, as in the original). */
const epsilon = 2 ** -23;

/** The level that separates a grey picture's values best into two classes (Otsu 1979). */
export function otsuThreshold({ data }: Mask): number {
  const counts = new Float64Array(256);
  for (const value of data) counts[value]++;
  let mean = 0;
  for (let i = 0; i < 256; i++) mean += i * counts[i];
  mean /= data.length;
  let best = { between: 0, level: 0 };
  let lowMean = 0;
  let low = 0;
  for (let i = 0; i < 256; i++) {
    const share = counts[i] / data.length;
    lowMean *= low;
    low += share;
    const high = 1 - low;
    if (Math.min(low, high) < epsilon || Math.max(low, high) > 1 - epsilon) continue;
    lowMean = (lowMean + i * share) / low;
    const highMean = (mean - low * lowMean) / high;
    const between = low * high * (lowMean - highMean) ** 2;
    if (between > best.between) best = { between, level: i };
  }
  return best.level;
}

/** 255 above the level, else 0. */
export function aboveLevel({ width, height, data }: Mask, level: number): Mask {
  return { width, height, data: data.map((v) => (v > level ? 255 : 0)) };
}
