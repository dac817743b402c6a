/**
 * Gaussian blur of one float32 channel with a finite reach: pixels further than `gaussianReach` from
 * a value do not feel it at all. Outside the plane its edge pixels are repeated.
 */
import type { SoftMask } from './raster.ts';

/** Above this sigma (pixels) repeated boxes replace the sampled kernel: their time does not grow with it. */
const largestSampledSigma = 4;
const boxPasses = 4;

/** Pixels beyond which a blur with this sigma is exactly without effect. */
export function gaussianReach(sigma: number): number {
  if (sigma <= 0) return 0;
  if (sigma <= largestSampledSigma) return Math.ceil(sigma * 3.5);
  return boxPasses * (boxOf(sigma).radius + 1);
}

/** Blurs with standard deviation `sigma` (pixels); 0 or less gives a copy. */
export function gaussianBlur(plane: SoftMask, sigma: number): SoftMask {
  const { width, height } = plane;
  if (!(sigma > 0)) return { width, height, data: plane.data.slice() };
  const filter = sigma <= largestSampledSigma ? sampledFilter(sigma) : boxFilter(sigma);
  const turned = filterRowsTurned(plane.data, { width, height }, filter);
  const data = filterRowsTurned(turned, { width: height, height: width }, filter);
  return { width, height, data };
}

/** Filters `line` (length n) in place; `scratch` has room for the line and `reach` on both sides. */
interface LineFilter {
  readonly reach: number;
  apply(line: Float64Array, n: number, scratch: Float64Array): void;
}

function sampledFilter(sigma: number): LineFilter {
  const reach = gaussianReach(sigma);
  const weights = new Float64Array(reach + 1);
  let sum = 0;
  for (let i = 0; i <= reach; i++) {
    weights[i] = Math.exp((-i * i) / (2 * sigma * sigma));
    sum += i === 0 ? weights[i] : 2 * weights[i];
  }
  for (let i = 0; i <= reach; i++) weights[i] /= sum;
  return {
    reach,
    apply(line, n, scratch) {
      extend(line, n, { scratch, reach });
      // Where all values within reach are equal the line stays as it is.
      let from = 0;
      let to = 0;
      for (let p = 1; p < n + 2 * reach; p++) {
        if (scratch[p] === scratch[p - 1]) continue;
        if (p - 2 * reach > to) {
          filterSpan(line, { from, to }, { scratch, weights });
          from = p - 2 * reach;
        }
        to = Math.min(n, p);
      }
      filterSpan(line, { from, to }, { scratch, weights });
    },
  };
}

function filterSpan(
  line: Float64Array,
  { from, to }: { readonly from: number; readonly to: number },
  { scratch, weights }: { readonly scratch: Float64Array; readonly weights: Float64Array },
): void {
  const reach = weights.length - 1;
  for (let x = from, c = from + reach; x < to; x++, c++) {
    let v = scratch[c] * weights[0];
    for (let k = 1; k <= reach; k++) v += (scratch[c - k] + scratch[c + k]) * weights[k];
    line[x] = v;
  }
}

/**
 * A box with whole radius r and two end samples of weight a, so that `boxPasses` of them have exactly
 * the variance asked for (Gwosdek et al., Theoretical Foundations of Gaussian Convolution by Extended
 * Box Filtering, 2011).
 */
function boxOf(sigma: number): { radius: number; end: number } {
  const variance = (sigma * sigma) / boxPasses;
  const radius = Math.floor((Math.sqrt(12 * variance + 1) - 1) / 2);
  const length = 2 * radius + 1;
  const inner = (radius * (radius + 1) * length) / 3;
  const end = (variance * length - inner) / (2 * ((radius + 1) ** 2 - variance));
  return { radius, end };
}

function boxFilter(sigma: number): LineFilter {
  const { radius, end } = boxOf(sigma);
  const reach = radius + 1;
  const norm = 1 / (2 * radius + 1 + 2 * end);
  return {
    reach,
    apply(line, n, scratch) {
      for (let pass = 0; pass < boxPasses; pass++) {
        extend(line, n, { scratch, reach });
        let sum = 0;
        for (let k = 1; k <= 2 * radius + 1; k++) sum += scratch[k];
        for (let x = 0; x < n; x++) {
          line[x] = (sum + end * (scratch[x] + scratch[x + 2 * reach])) * norm;
          sum += scratch[x + 2 * reach] - scratch[x + 1];
        }
      }
    },
  };
}

function extend(
  line: Float64Array,
  n: number,
  room: { readonly scratch: Float64Array; readonly reach: number },
): void {
  const { scratch, reach } = room;
  scratch.fill(line[0], 0, reach);
  scratch.set(line.subarray(0, n), reach);
  scratch.fill(line[n - 1], reach + n, n + 2 * reach);
}

/** Filters every row and writes it as a column: two calls filter both ways. Rows of one value are copied. */
function filterRowsTurned(
  source: Float32Array,
  size: { readonly width: number; readonly height: number },
  filter: LineFilter,
): Float32Array {
  const { width, height } = size;
  const out = new Float32Array(width * height);
  const line = new Float64Array(width);
  const scratch = new Float64Array(width + 2 * filter.reach);
  for (let y = 0; y < height; y++) {
    const row = source.subarray(y * width, (y + 1) * width);
    line.set(row);
    if (!isFlat(row)) filter.apply(line, width, scratch);
    for (let x = 0; x < width; x++) out[x * height + y] = line[x];
  }
  return out;
}

function isFlat(row: Float32Array): boolean {
  const first = row[0];
  for (let x = 1; x < row.length; x++) if (row[x] !== first) return false;
  return true;
}
