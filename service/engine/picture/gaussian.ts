/**
 * Gaussian blur of one float32 channel with a finite reach: pixels further than `gaussianReach` from
 * a value do not feel it at all. Outside the plane its edge pixels are repeated.
 */
import type { Rect } from '../../../shared/geometry.ts';
import type { Mask, SoftMask } from './raster.ts';
import { blurMaskArea, blurSoftPlane, type SoftFilter } from './simd/softBlur.ts';

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
  return { width, height, data: blurSoftPlane(plane, filterOf(sigma)) };
}

/**
 * A mask's `area`, 0 to 1, blurred with `sigma` (above 0) and written into `out`, which is as large as the mask:
 * from 0 to 1, and 0 below 1e-5. Answers the largest value before that.
 */
export function gaussianBlurArea(mask: Mask, area: Rect, sigma: number, out: Float32Array): number {
  return blurMaskArea(mask, area, filterOf(sigma), out);
}

function filterOf(sigma: number): SoftFilter {
  return sigma <= largestSampledSigma ? sampledFilter(sigma) : boxFilter(sigma);
}

/** Weights from the middle on, their sum with both sides 1. */
function sampledFilter(sigma: number): SoftFilter {
  const reach = gaussianReach(sigma);
  const weights = new Float64Array(reach + 1);
  let sum = 0;
  for (let i = 0; i <= reach; i++) {
    weights[i] = Math.exp((-i * i) / (2 * sigma * sigma));
    sum += i === 0 ? weights[i] : 2 * weights[i];
  }
  for (let i = 0; i <= reach; i++) weights[i] /= sum;
  return { kind: 'sampled', reach, weights };
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

function boxFilter(sigma: number): SoftFilter {
  const { radius, end } = boxOf(sigma);
  const norm = 1 / (2 * radius + 1 + 2 * end);
  return { kind: 'box', reach: radius + 1, passes: boxPasses, end, norm };
}
