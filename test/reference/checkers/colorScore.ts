/**
 * Scores a colour correction against a known truth: the figures of tools/reference/score_color.py.
 * C is what the artist sees (the result over the original by the mask), T the truth; both in CIE Lab,
 * smoothed by a Gaussian of 2 pixels. Lower is better everywhere.
 */
import { deltaE2000, srgbToLab, type Lab } from '../../../service/engine/picture/deltaE.ts';
import { squaredDistance } from '../../../shared/mask/distance.ts';

export interface ScoreInput {
  readonly width: number;
  readonly height: number;
  /** 8-bit levels, RGB interleaved. */
  readonly original: ArrayLike<number>;
  readonly drifted: ArrayLike<number>;
  readonly result: ArrayLike<number>;
  readonly truth: ArrayLike<number>;
  /** 0..255, one channel. */
  readonly mask: ArrayLike<number>;
}

export interface ColorScore {
  readonly inside: { readonly mean: number; readonly p95: number };
  readonly outside: { readonly mean: number; readonly p95: number };
  readonly interior?: { readonly mean: number };
  readonly chromaBias: number;
  readonly lightBias: number;
  readonly seamStep: number;
  readonly hueShift: number;
  readonly hueShiftAdded: number;
  readonly score: number;
}

interface Planes {
  readonly width: number;
  readonly height: number;
  /** L, a and b. */
  readonly planes: readonly Float64Array[];
}

export function scoreColor(input: ScoreInput): ColorScore {
  const { width, height, mask } = input;
  const seen = composite(input, input.result);
  const truth = smoothLab(Array.from(input.truth), input);
  const inside = Uint8Array.from(mask, (v) => (v >= 128 ? 1 : 0));
  const outer = inside.map((v) => 1 - v);
  const size = { width, height };
  // Distances to the nearest pixel of the other side.
  const inDistance = squaredDistance(outer, size, Infinity).map(Math.sqrt);
  const outDistance = squaredDistance(inside, size, Infinity).map(Math.sqrt);
  const ringIn: number[] = [];
  const ringOut: number[] = [];
  const core: number[] = [];
  const bias = [0, 0, 0];
  for (let i = 0; i < inside.length; i++) {
    const difference = deltaE2000(labAt(seen, i), labAt(truth, i));
    if (inside[i] && inDistance[i] <= 24) {
      ringIn.push(difference);
      for (let c = 0; c < 3; c++) bias[c] += seen.planes[c][i] - truth.planes[c][i];
    } else if (inside[i]) core.push(difference);
    else if (outDistance[i] <= 24) ringOut.push(difference);
  }
  const [light, a, b] = bias.map((v) => v / ringIn.length);
  const hueShift = meanHueShift(seen, truth, inside);
  const hueShiftAdded = hueShift - meanHueShift(composite(input, input.drifted), truth, inside);
  const figures = {
    inside: { mean: mean(ringIn), p95: percentile(ringIn, 95) },
    outside: { mean: mean(ringOut), p95: percentile(ringOut, 95) },
    ...(core.length >= 200 ? { interior: { mean: mean(core) } } : {}),
    chromaBias: Math.hypot(a, b),
    lightBias: light,
    seamStep: seamStep(seen, truth, { inDistance, outDistance, inside }),
    hueShift,
    hueShiftAdded,
  };
  const score =
    figures.inside.mean +
    0.5 * figures.inside.p95 +
    figures.outside.mean +
    figures.seamStep +
    0.5 * (figures.interior?.mean ?? 0) +
    figures.chromaBias +
    Math.max(0, hueShiftAdded) / 4;
  return { ...figures, score };
}

function composite(input: ScoreInput, result: ArrayLike<number>): Planes {
  const levels = Array.from(input.original, (o, i) => {
    const m = input.mask[Math.floor(i / 3)] / 255;
    return o * (1 - m) + result[i] * m;
  });
  return smoothLab(levels, input);
}

function smoothLab(levels: readonly number[], size: { width: number; height: number }): Planes {
  const { width, height } = size;
  const planes = [0, 1, 2].map(() => new Float64Array(width * height));
  for (let i = 0; i < width * height; i++) {
    const lab = srgbToLab(levels[i * 3] / 255, levels[i * 3 + 1] / 255, levels[i * 3 + 2] / 255);
    for (let c = 0; c < 3; c++) planes[c][i] = lab[c];
  }
  return { width, height, planes: planes.map((p) => blur(p, width, height)) };
}

/** Gaussian of sigma 2 cut at four sigmas, the picture mirrored at its edges (edge pixels twice). */
export function blur(plane: Float64Array, width: number, height: number): Float64Array {
  const sigma = 2;
  const radius = 4 * sigma;
  const weights = Array.from({ length: radius + 1 }, (_, k) =>
    Math.exp((-k * k) / (2 * sigma * sigma)),
  );
  const sum = weights.reduce((s, w, k) => s + (k === 0 ? w : 2 * w), 0);
  const mirror = (i: number, n: number) => {
    let j = i;
    while (j < 0 || j >= n) j = j < 0 ? -1 - j : 2 * n - 1 - j;
    return j;
  };
  const pass = (source: Float64Array, horizontal: boolean) => {
    const out = new Float64Array(source.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let v = 0;
        for (let k = -radius; k <= radius; k++) {
          const at = horizontal
            ? y * width + mirror(x + k, width)
            : mirror(y + k, height) * width + x;
          v += source[at] * weights[Math.abs(k)];
        }
        out[y * width + x] = v / sum;
      }
    }
    return out;
  };
  return pass(pass(plane, true), false);
}

function labAt(p: Planes, i: number): Lab {
  return [p.planes[0][i], p.planes[1][i], p.planes[2][i]];
}

function mean(values: readonly number[]): number {
  return values.reduce((s, v) => s + v, 0) / values.length;
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((p, q) => p - q);
  const at = ((sorted.length - 1) * percent) / 100;
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

function meanHueShift(seen: Planes, truth: Planes, inside: Uint8Array): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < inside.length; i++) {
    const [, ta, tb] = labAt(truth, i);
    if (!inside[i] || Math.hypot(ta, tb) <= 8) continue;
    const [, a, b] = labAt(seen, i);
    const d = Math.atan2(b, a) - Math.atan2(tb, ta);
    sum += Math.abs(Math.atan2(Math.sin(d), Math.cos(d))) * (180 / Math.PI);
    count++;
  }
  return count < 50 ? 0 : sum / count;
}

interface Seam {
  readonly inDistance: Float32Array;
  readonly outDistance: Float32Array;
  readonly inside: Uint8Array;
}

/** Mean length of (C(in) - C(out)) - (T(in) - T(out)) over points 3 pixels to either side of the seam. */
function seamStep(seen: Planes, truth: Planes, seam: Seam): number {
  const { width, height } = seen;
  const signed = Float64Array.from(seam.inside, (v, i) =>
    v ? seam.inDistance[i] - 0.5 : 0.5 - seam.outDistance[i],
  );
  const smooth = blur(signed, width, height);
  let sum = 0;
  let count = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sd = signed[y * width + x];
      if (!(sd > 0 && sd < 1)) continue;
      const gx = slope(smooth, { from: y * width, step: 1, n: width }, x);
      const gy = slope(smooth, { from: x, step: width, n: height }, y);
      const length = Math.max(Math.hypot(gx, gy), 1e-6);
      const ux = gx / length;
      const uy = gy / length;
      const fits =
        y - 3 * Math.abs(uy) >= 0 &&
        y + 3 * Math.abs(uy) <= height - 1 &&
        x - 3 * Math.abs(ux) >= 0 &&
        x + 3 * Math.abs(ux) <= width - 1;
      if (!fits) continue;
      let square = 0;
      for (let c = 0; c < 3; c++) {
        const across = (p: Planes) =>
          sample(p, c, x + 3 * ux, y + 3 * uy) - sample(p, c, x - 3 * ux, y - 3 * uy);
        square += (across(seen) - across(truth)) ** 2;
      }
      sum += Math.sqrt(square);
      count++;
    }
  }
  return count === 0 ? 0 : sum / count;
}

/** Central difference, one-sided at the ends. */
function slope(
  plane: Float64Array,
  line: { readonly from: number; readonly step: number; readonly n: number },
  i: number,
): number {
  const before = Math.max(0, i - 1);
  const after = Math.min(line.n - 1, i + 1);
  const value = (k: number) => plane[line.from + k * line.step];
  return (value(after) - value(before)) / (after - before);
}

/** Bilinear. */
function sample(p: Planes, c: number, x: number, y: number): number {
  const x0 = Math.min(Math.floor(x), p.width - 1);
  const y0 = Math.min(Math.floor(y), p.height - 1);
  const x1 = Math.min(x0 + 1, p.width - 1);
  const y1 = Math.min(y0 + 1, p.height - 1);
  const plane = p.planes[c];
  const top = plane[y0 * p.width + x0] * (1 - (x - x0)) + plane[y0 * p.width + x1] * (x - x0);
  const low = plane[y1 * p.width + x0] * (1 - (x - x0)) + plane[y1 * p.width + x1] * (x - x0);
  return top * (1 - (y - y0)) + low * (y - y0);
}
