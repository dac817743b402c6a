/** The last touch of a patch fill: patches of slightly other brightness are brought to their place's. */
import {
  boundsOfMask,
  intersectRects,
  padRect,
  rectOfSize,
  type Rect,
} from '../../../../shared/geometry.ts';
import { inParts, type Sliced } from '../sliced.ts';
import { membrane } from './diffuseFill.ts';
import { patchChannels, patchRadius } from './patchLevel.ts';
import type { PatchField, PlacedLevel } from './patchMatch.ts';
import { votes } from './patchVote.ts';

/** Differences at the rim are averaged along it over this sigma, pixels: brightness counts, texture does not. */
const smoothing = 3;
const smoothingReach = 7;
/** Where a channel is off by more (code value) an edge was missed; that says nothing about brightness. */
const largestShift = 0.06;
const rimWeight = 1;
/** Known pixels that no patch covers: no difference, hardly believed. */
const elsewhereWeight = 1e-3;
/** Known pixels around the hole that the membrane is held by. */
const marginPx = 2 * patchRadius + 2;

/**
 * Around the hole patches also say what known pixels should be. What they are off by there is spread
 * through the hole as a membrane and taken off by `share` (as seamless cloning does with gradients: Perez
 * et al., Poisson Image Editing, 2003; here bounded).
 */
export function* evenOut(level: PlacedLevel, field: PatchField, share: number): Sliced<void> {
  const { width, height, hole, data } = level;
  const bounds = boundsOfMask(hole, { width, height });
  if (!bounds || share <= 0) return;
  const area = intersectRects(padRect(bounds, marginPx), rectOfSize(level));
  const rim = yield* rimShifts(level, field, area);
  const shift = yield* smoothedAlongRim(rim, area);
  const weights = rim.isRim.map((v, i) => {
    const isHole = hole[indexIn(level, area, i)] === 1;
    return isHole ? 0 : v > 0 ? rimWeight : elsewhereWeight;
  });
  const spread = yield* membrane({ ...area, data: shift, weights });
  yield* inParts(area.height, area.width * 2, (from, to) => {
    for (let i = from * area.width; i < to * area.width; i++) {
      const p = indexIn(level, area, i);
      if (hole[p] === 0) continue;
      for (let c = 0; c < 3; c++) {
        const v = data[p * patchChannels + c] + share * spread[i * 3 + c];
        data[p * patchChannels + c] = Math.max(0, Math.min(1, v));
      }
    }
  });
}

function indexIn({ width }: PlacedLevel, area: Rect, i: number): number {
  const x = i % area.width;
  return (area.y + (i - x) / area.width) * width + area.x + x;
}

interface Rim {
  /** RGB over the area, 0 elsewhere. */
  readonly shift: Float32Array;
  /** 1 where a difference of brightness is known. */
  readonly isRim: Float32Array;
}

/** What the patches are off by on the known pixels that they cover. */
function* rimShifts(level: PlacedLevel, field: PatchField, area: Rect): Sliced<Rim> {
  const { hole, data } = level;
  const { sums, total } = yield* votes(level, field, 0.5);
  const shift = new Float32Array(area.width * area.height * 3);
  const isRim = new Float32Array(area.width * area.height);
  yield* inParts(area.height, area.width * 3, (from, to) => {
    for (let i = from * area.width; i < to * area.width; i++) {
      const p = indexIn(level, area, i);
      if (hole[p] === 1 || total[p] === 0) continue;
      isRim[i] = 1;
      for (let c = 0; c < 3; c++) {
        const at = p * patchChannels + c;
        shift[i * 3 + c] = data[at] - sums[at] / total[p];
        if (Math.abs(shift[i * 3 + c]) > largestShift) isRim[i] = 0;
      }
    }
  });
  return { shift, isRim };
}

/** A Gaussian over the rim's pixels alone, which are few. */
function* smoothedAlongRim({ shift, isRim }: Rim, size: Rect): Sliced<Float32Array> {
  const out = new Float32Array(shift.length);
  const places: number[] = [];
  for (let i = 0; i < isRim.length; i++) if (isRim[i] > 0) places.push(i);
  yield* inParts(places.length, (2 * smoothingReach + 1) ** 2, (from, to) => {
    for (let n = from; n < to; n++) writeSmoothed({ shift, isRim }, size, { i: places[n], out });
  });
  return out;
}

const kernel = Float64Array.from({ length: smoothingReach + 1 }, (_, k) =>
  Math.exp((-k * k) / (2 * smoothing * smoothing)),
);

function writeSmoothed(
  { shift, isRim }: Rim,
  { width, height }: Rect,
  { i, out }: { readonly i: number; readonly out: Float32Array },
): void {
  const x = i % width;
  const y = (i - x) / width;
  const r = smoothingReach;
  let total = 0;
  for (let v = Math.max(0, y - r); v <= Math.min(height - 1, y + r); v++) {
    for (let u = Math.max(0, x - r); u <= Math.min(width - 1, x + r); u++) {
      const q = v * width + u;
      if (isRim[q] === 0) continue;
      const w = kernel[Math.abs(u - x)] * kernel[Math.abs(v - y)];
      total += w;
      for (let c = 0; c < 3; c++) out[i * 3 + c] += w * shift[q * 3 + c];
    }
  }
  for (let c = 0; c < 3; c++) out[i * 3 + c] /= total;
}
