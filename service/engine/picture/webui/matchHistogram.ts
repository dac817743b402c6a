/** Histogram matching as scikit-image 0.21 computes it (exposure.match_histograms, one channel). */

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

function countLevels(samples: Uint8Array, channel: number, channels: number): Uint32Array {
  const counts = new Uint32Array(256);
  for (let i = channel; i < samples.length; i += channels) counts[samples[i]]++;
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

/** One channel of interleaved 8-bit samples. */
export interface ChannelOf {
  readonly channel: number;
  readonly channels: number;
}

/** For every 8-bit level of `samples` the level, with fractions, that gives it the distribution of `reference`. */
export function matchHistogram8(
  samples: Uint8Array,
  reference: Uint8Array,
  of: ChannelOf = { channel: 0, channels: 1 },
): Float64Array {
  const counts = countLevels(samples, of.channel, of.channels);
  const total = samples.length / of.channels;
  const wanted = distributionOfCounts(
    countLevels(reference, of.channel, of.channels),
    reference.length / of.channels,
  );
  let sum = 0;
  return Float64Array.from(counts, (n) => interpolate((sum += n) / total, wanted));
}

/** `samples` with the distribution of `reference`: float values, ties kept together. */
export function matchHistogram(samples: Samples, reference: Samples): Float64Array {
  const wanted = distributionOf(reference);
  const own = distributionOf(samples);
  const matched = new Map<number, number>();
  own.values.forEach((v, i) => matched.set(v, interpolate(own.quantiles[i], wanted)));
  return Float64Array.from(samples, (v) => matched.get(v) ?? NaN);
}
