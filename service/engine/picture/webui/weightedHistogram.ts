/** The robust smoothing of soft inpainting's masks (AUTOMATIC1111's extension; reference version 1.10.1). */
import type { SoftMask } from '../raster.ts';

export interface Kernel2d {
  /** side x side weights, the largest, 1, in the middle. */
  readonly weights: Float64Array;
  readonly side: number;
  /** Column and row of the middle. */
  readonly center: number;
}

/**
 * exp(-r^2 / deviation^2), lowered and scaled so that it is 1 in the middle and 0 one pixel beyond
 * `radius` (pixels).
 */
export function taperedGaussian(deviation: number, radius: number): Kernel2d {
  const side = 2 * radius + 1;
  const curve = (squared: number) => Math.exp(-squared / (deviation * deviation));
  const floor = curve((radius + 1) ** 2);
  const weights = Float64Array.from({ length: side * side }, (_, i) => {
    const dx = (i % side) - radius;
    const dy = Math.floor(i / side) - radius;
    return Math.max(0, (curve(dx * dx + dy * dy) - floor) / (1 - floor));
  });
  return { weights, side, center: radius };
}

export interface Percentiles {
  /** 0..1 of the weight, smallest values first. */
  readonly from: number;
  readonly to: number;
  /** In weight: a narrower range is widened to this. */
  readonly minWidth: number;
}

/**
 * Each value becomes the mean of those values under the kernel that lie between two percentiles of the
 * kernel's weight. Kernel cells outside the plane do not count.
 */
export function weightedHistogramFilter(
  plane: SoftMask,
  kernel: Kernel2d,
  percentiles: Percentiles,
): SoftMask {
  const { width, height } = plane;
  const data = new Float32Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const samples = samplesAround(plane, kernel, i);
    const total = samples.reduce((sum, s) => sum + s.weight, 0);
    data[i] = meanWithin(samples, rangeOf(total, percentiles));
  }
  return { width, height, data };
}

interface Sample {
  readonly value: number;
  readonly weight: number;
}

/** Smallest first. */
function samplesAround(plane: SoftMask, kernel: Kernel2d, i: number): Sample[] {
  const left = (i % plane.width) - kernel.center;
  const top = Math.floor(i / plane.width) - kernel.center;
  const samples: Sample[] = [];
  kernel.weights.forEach((weight, k) => {
    const x = left + (k % kernel.side);
    const y = top + Math.floor(k / kernel.side);
    if (x < 0 || y < 0 || x >= plane.width || y >= plane.height) return;
    samples.push({ value: plane.data[y * plane.width + x], weight });
  });
  return samples.sort((a, b) => a.value - b.value);
}

type Range = readonly [from: number, to: number];

function rangeOf(total: number, { from, to, minWidth }: Percentiles): Range {
  const range: Range = [total * from, total * to];
  if (range[1] - range[0] >= minWidth) return range;
  const middle = (range[0] + range[1]) / 2;
  const start = middle + minWidth / 2 > total ? total - minWidth : middle - minWidth / 2;
  const end = Math.min(total, middle + minWidth / 2);
  return start < 0 ? [0, minWidth] : [start, end];
}

function meanWithin(samples: readonly Sample[], [from, to]: Range): number {
  let below = 0;
  let sum = 0;
  let weight = 0;
  for (const sample of samples) {
    const start = Math.max(from, below);
    below += sample.weight;
    const share = Math.min(to, below) - start;
    if (share <= 0) continue;
    sum += sample.value * share;
    weight += share;
  }
  return weight === 0 ? 0 : sum / weight;
}
