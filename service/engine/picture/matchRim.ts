/**
 * Brightness at the rim: where a pass repaints what was known, it should come out the same. What it is off
 * by there, smoothed, is taken off all of it, as a membrane between the places where it was measured.
 */
import { fromFloatImage, toFloatImage } from './convert.ts';
import { gaussianBlur } from './gaussian.ts';
import { membrane } from './patch/diffuseFill.ts';
import type { Raster } from './raster.ts';
import { drain } from './sliced.ts';

/** Differences are averaged over this sigma, pixels: brightness counts, texture does not. */
const smoothing = 6;
/** Where a channel is off by more (code value) something else was painted; that says nothing about brightness. */
const largestShift = 0.06;
/** Fewer measured pixels than this (in smoothed weight) are no evidence. */
const leastEvidence = 0.05;

/**
 * `painted` with its difference to `known` taken off by a share (`strength`, 0..1). `rim` is 1 where both show
 * the same scene. All three have the same size; clear pixels of `known` do not count.
 */
export function matchRim(
  painted: Raster,
  known: Raster,
  { rim, strength }: { readonly rim: Uint8Array; readonly strength: number },
): Raster {
  const { image } = toFloatImage(painted);
  const { image: wanted, alpha } = toFloatImage(known);
  const isEvidence = (i: number) => rim[i] === 1 && (!alpha || alpha.data[i] === 1);
  const evidence = new Float32Array(rim.length);
  const shift = new Float32Array(rim.length * 3);
  for (let i = 0; i < rim.length; i++) {
    if (!isEvidence(i)) continue;
    evidence[i] = 1;
    for (let k = i * 3; k < i * 3 + 3; k++) {
      shift[k] = wanted.data[k] - image.data[k];
      if (Math.abs(shift[k]) > largestShift) evidence[i] = 0;
    }
  }
  const smooth = smoothed(shift, evidence, painted);
  if (!smooth) return painted;
  const spread = drain(membrane({ width: painted.width, height: painted.height, ...smooth }));
  const data = image.data.map((v, k) => v + spread[k] * strength);
  const channels = painted.channels <= 2 ? 1 : 3;
  return fromFloatImage({ ...image, data }, { channels, depth: painted.depth });
}

/** Undefined where nothing was measured. */
function smoothed(
  shift: Float32Array,
  evidence: Float32Array,
  { width, height }: Raster,
): { data: Float32Array; weights: Float32Array } | undefined {
  const near = gaussianBlur({ width, height, data: evidence }, smoothing).data;
  const weights = near.map((v, i) => (v > leastEvidence && evidence[i] > 0 ? 1 : 0));
  if (!weights.includes(1)) return undefined;
  const data = new Float32Array(shift.length);
  for (let c = 0; c < 3; c++) {
    const plane = evidence.map((v, i) => (v > 0 ? shift[i * 3 + c] : 0));
    const sums = gaussianBlur({ width, height, data: plane }, smoothing).data;
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] === 1) data[i * 3 + c] = sums[i] / near[i];
    }
  }
  return { data, weights };
}
