/** Histogram matching as scikit-image 0.21 computes it (exposure.match_histograms, one channel). */
import { type Image8, newImage8 } from '../pillow/image8.ts';
import { inPieces, overPieces, piecesBytes } from '../simd/inPieces.ts';
import { levelCounts, levelGroupBytes } from '../simd/levelKernels.ts';
import { pictureKernels } from '../simd/pictureKernels.ts';

interface Distribution {
  /** Distinct values, ascending. */
  readonly values: Float64Array;
  /** Share of all samples that are not above the value. */
  readonly quantiles: Float64Array;
}

/** Piecewise linear interpolation with constant ends, as numpy's interp: exact at the knots. */
function interpolate(x: number, { quantiles, values }: Distribution): number {
  const last = quantiles.length - 1;
  if (x < quantiles[0]) return values[0];
  if (x >= quantiles[last]) return values[last];
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (quantiles[middle] <= x) low = middle;
    else high = middle;
  }
  if (quantiles[low] === x) return values[low];
  const slope = (values[high] - values[low]) / (quantiles[high] - quantiles[low]);
  return slope * (x - quantiles[low]) + values[low];
}

/** How often every 8-bit level is there, channel after channel. */
function countLevels({ data, channels }: Image8): Uint32Array[] {
  if (channels === 3) return countLevels3(data);
  return Array.from({ length: channels }, (_, c) => {
    const levels = new Uint32Array(256);
    for (let i = c; i < data.length; i += channels) levels[data[i]]++;
    return levels;
  });
}

function countLevels3(data: Uint8Array): Uint32Array[] {
  const at = levelCounts.end;
  const kernels = pictureKernels(at + piecesBytes);
  kernels.words.fill(0, 0, at / 4);
  const groupBytes = levelGroupBytes;
  const counted = overPieces(kernels, 'countLevels', { data, at, groupBytes });
  const counts = [0, 1, 2].map((c) => {
    const [some, others] = [c, c + 3].map((t) => kernels.words.subarray(t * 256, (t + 1) * 256));
    return Uint32Array.from(some, (n, v) => n + others[v]);
  });
  for (let i = counted; i < data.length; i++) counts[i % 3][data[i]]++;
  return counts;
}

function distributionOfCounts(counts: Uint32Array, total: number): Distribution {
  const present = Array.from(counts.keys()).filter((v) => counts[v] > 0);
  let sum = 0;
  return {
    values: Float64Array.from(present),
    quantiles: Float64Array.from(present, (v) => (sum += counts[v]) / total),
  };
}

type Samples = Float32Array | Float64Array;

function distributionOf(samples: Samples): Distribution {
  const sorted = samples.slice().sort();
  const values: number[] = [];
  const quantiles: number[] = [];
  sorted.forEach((v, i) => {
    if (i + 1 < sorted.length && sorted[i + 1] === v) return;
    values.push(v);
    quantiles.push((i + 1) / sorted.length);
  });
  return { values: Float64Array.from(values), quantiles: Float64Array.from(quantiles) };
}

/** For every channel and 8-bit level of `image` the level, with fractions, that gives it the distribution of `reference`. */
export function matchHistograms8(image: Image8, reference: Image8): Float64Array[] {
  const total = image.width * image.height;
  const wanted = countLevels(reference);
  return countLevels(image).map((counts, c) => {
    const distribution = distributionOfCounts(wanted[c], reference.width * reference.height);
    let sum = 0;
    return Float64Array.from(counts, (n) => interpolate((sum += n) / total, distribution));
  });
}

/** `samples` with the distribution of `reference`: float values, ties kept together. */
export function matchHistogram(samples: Samples, reference: Samples): Float64Array {
  const wanted = distributionOf(reference);
  const own = distributionOf(samples);
  const matched = new Map<number, number>();
  own.values.forEach((v, i) => matched.set(v, interpolate(own.quantiles[i], wanted)));
  return Float64Array.from(samples, (v) => matched.get(v) ?? NaN);
}

/** `image` with each channel's distribution that of `reference`, cut to 8 bits. */
export function withHistogramsOf(image: Image8, reference: Image8): Image8 {
  const { width, height, channels, data } = image;
  const tables = matchHistograms8(image, reference).map((levels) => Uint8Array.from(levels));
  if (channels === 3) {
    const matched = inPieces('lookUpLevels', data, 3 * 256, ({ bytes }) => {
      for (const [c, table] of tables.entries()) bytes.set(table, c * 256);
    });
    return newImage8(width, height, channels, matched);
  }
  const out = newImage8(width, height, channels);
  for (let i = 0; i < data.length; i++) out.data[i] = tables[i % channels][data[i]];
  return out;
}
