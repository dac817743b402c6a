/** The last touch of a patch fill: patches of slightly other brightness are brought to their place's. */
import { gaussianBlur } from '../gaussian.ts';
import { membrane } from './diffuseFill.ts';
import { patchChannels, type PatchLevel } from './patchLevel.ts';
import type { PatchField } from './patchMatch.ts';
import { votes } from './patchVote.ts';

/** Differences at the rim are averaged along it over this sigma, pixels: brightness counts, texture does not. */
const smoothing = 3;
/** Where a channel is off by more (code value) an edge was missed; that says nothing about brightness. */
const largestShift = 0.06;
const rimWeight = 1;
/** Known pixels that no patch covers: no difference, hardly believed. */
const elsewhereWeight = 1e-3;

/**
 * Around the hole patches also say what known pixels should be. What they are off by there is spread
 * through the hole as a membrane and taken off (as seamless cloning does with gradients: Perez et al.,
 * Poisson Image Editing, 2003; here bounded).
 */
export function evenOut(level: PatchLevel, field: PatchField): void {
  const { width, height, hole, data } = level;
  const count = width * height;
  const { sums, total } = votes(level, field, { sharpness: 0.5, rim: true });
  const shift = new Float32Array(count * 3);
  const rim = new Float32Array(count);
  for (let p = 0; p < count; p++) {
    if (hole[p] === 1 || total[p] === 0) continue;
    rim[p] = 1;
    for (let c = 0; c < 3; c++) {
      const d = data[p * patchChannels + c] - sums[p * patchChannels + c] / total[p];
      shift[p * 3 + c] = d;
      if (Math.abs(d) > largestShift) rim[p] = 0;
    }
  }
  smoothAlongRim(shift, rim, { width, height });
  const weights = rim.map((v, p) => (hole[p] ? 0 : v > 0 ? rimWeight : elsewhereWeight));
  const spread = membrane({ width, height, data: shift, weights });
  for (let p = 0; p < count; p++) {
    if (hole[p] === 0) continue;
    for (let c = 0; c < 3; c++) {
      const v = data[p * patchChannels + c] + spread[p * 3 + c];
      data[p * patchChannels + c] = Math.max(0, Math.min(1, v));
    }
  }
}

function smoothAlongRim(
  shift: Float32Array,
  rim: Float32Array,
  size: { readonly width: number; readonly height: number },
): void {
  const near = gaussianBlur({ ...size, data: rim }, smoothing).data;
  for (let c = 0; c < 3; c++) {
    const plane = rim.map((v, p) => (v > 0 ? shift[p * 3 + c] : 0));
    const smooth = gaussianBlur({ ...size, data: plane }, smoothing).data;
    for (let p = 0; p < rim.length; p++) shift[p * 3 + c] = rim[p] > 0 ? smooth[p] / near[p] : 0;
  }
}
