/** What it costs to copy a hole's pixels by shifts: where sources lie, the old edge, and seams between copies. */
import { inParts, type Sliced } from '../sliced.ts';
import { patchChannels, patchRadius, type PatchLevel } from './patchLevel.ts';
import { sourceOf, type Shift } from './shift.ts';
import type { SourcePrior } from './sourcePrior.ts';

/** A level; without a prior all sources are as good. */
export type LabelledLevel = PatchLevel & { readonly prior?: SourcePrior | undefined };

export interface ShiftCosts {
  /** Per shift and pixel of the level: the known pixel that is copied there, or -1. */
  readonly source: Int32Array;
  /** Per shift and hole pixel, in the order of `pixels`: what the copy costs beside seams. */
  readonly own: Int32Array;
}

/** Costs are whole numbers, so that cuts are exact: of a difference of one code value from black to white. */
const unit = 1000;
/** Of a pixel that nothing can be copied to. */
const impossible = 50 * unit;
/** Assumed where what two copies differ by is not known. */
const unknownDifference = 0.5;
/** Weights of what patches are known by beside their fit (sourcePrior.ts) and of the old edge; seams far inside count 1. */
const priorWeight = 20;
const edgeWeight = 8;
/** So far inside a seam counts by 1 / e of that more: else each pixel of the edge had a copy of its own, and a seam behind it. */
const edgeReachPx = 8;
/** Of a step right at the old edge, beside what its surroundings differ by. */
const stepShare = 0.5;
/** A seam through flat pixels counts by 1 / 0.4, the less the more texture there is on both of its sides. */
const leastRuggedness = 0.4;
const ruggednessPerSlope = 3;
const patchPixels = (2 * patchRadius + 1) ** 2;

/** `pixels` are the hole's. */
export function* shiftCosts(
  level: LabelledLevel,
  shifts: readonly Shift[],
  pixels: Int32Array,
): Sliced<ShiftCosts> {
  const { hole } = level;
  const source = new Int32Array(shifts.length * hole.length);
  const own = new Int32Array(shifts.length * pixels.length);
  for (const [s, shift] of shifts.entries()) {
    yield* inParts(hole.length, 2, (from, to) => {
      for (let p = from; p < to; p++) source[s * hole.length + p] = sourceOf(level, p, shift);
    });
    yield* inParts(pixels.length, 10, (from, to) => {
      for (let n = from; n < to; n++) {
        own[s * pixels.length + n] = copyCost(level, pixels[n], shift);
      }
    });
  }
  return { source, own };
}

function copyCost(level: LabelledLevel, p: number, shift: Shift): number {
  const { width, height, prior } = level;
  const q = sourceOf(level, p, shift);
  if (q < 0) return impossible;
  const x = Math.min(width - 1 - patchRadius, Math.max(patchRadius, q % width));
  const y = Math.min(height - 1 - patchRadius, Math.max(patchRadius, (q / width) | 0));
  const unusual = prior ? prior.rarity[y * width + x] + prior.perSquaredRow * shift.dy ** 2 : 0;
  const edge = edgeDifference(level, p, shift);
  return Math.round(unit * ((priorWeight * unusual) / patchPixels + edgeWeight * edge));
}

/**
 * By how much the copy would break what is known next to a hole pixel, summed over its known neighbours: what is around
 * them beside what is around their sources, and the step to the pixel itself, or an edge of the source would lie there.
 */
function edgeDifference(level: LabelledLevel, p: number, shift: Shift): number {
  const { width, hole, data } = level;
  const x = p % width;
  const source = sourceOf(level, p, shift);
  const across = (q: number) =>
    knownDifference(level, q, shift) + stepShare * Math.sqrt(squares(data, source, q));
  let sum = 0;
  if (x > 0 && !hole[p - 1]) sum += across(p - 1);
  if (x < width - 1 && !hole[p + 1]) sum += across(p + 1);
  if (p >= width && !hole[p - width]) sum += across(p - width);
  if (p + width < hole.length && !hole[p + width]) sum += across(p + width);
  return sum;
}

/** Between what is known in a patch around `q` and what is where the shift points; nearer pixels count more. */
function knownDifference(level: LabelledLevel, q: number, shift: Shift): number {
  const { width, height, hole, data } = level;
  const qx = q % width;
  const qy = (q / width) | 0;
  let sum = 0;
  let total = 0;
  for (let y = Math.max(0, qy - patchRadius); y <= Math.min(height - 1, qy + patchRadius); y++) {
    for (let x = Math.max(0, qx - patchRadius); x <= Math.min(width - 1, qx + patchRadius); x++) {
      const k = y * width + x;
      const there = hole[k] ? -1 : sourceOf(level, k, shift);
      if (there < 0) continue;
      const weight = 1 / (1 + Math.max(Math.abs(y - qy), Math.abs(x - qx)));
      sum += weight * squares(data, k, there);
      total += weight;
    }
  }
  return total < 1 ? unknownDifference : Math.sqrt(sum / total);
}

interface Pair {
  readonly p: number;
  readonly q: number;
  /** Shifts' indices. */
  readonly a: number;
  readonly b: number;
}

/** What it costs that p is copied by one shift and its neighbour by another: the more, the nearer to the old edge. */
export function seamCost(
  { hole, data, depth }: PatchLevel,
  { source }: ShiftCosts,
  { p, q, a, b }: Pair,
): number {
  if (a === b) return 0;
  const atP = visible(data, source[a * hole.length + p], source[b * hole.length + p]);
  const atQ = visible(data, source[a * hole.length + q], source[b * hole.length + q]);
  const weight = unit * (1 + (edgeWeight - 1) * Math.exp(-depth[p] / edgeReachPx));
  if (atP < 0 && atQ < 0) return Math.round(weight * 2 * unknownDifference);
  return Math.round(weight * (atP < 0 ? 2 * atQ : atQ < 0 ? 2 * atP : atP + atQ));
}

/** How much a change from one pixel to another shows (Kwatra et al., Graphcut Textures, 2003); -1: not known. */
function visible(data: Float32Array, a: number, b: number): number {
  if (a < 0 || b < 0) return -1;
  if (a === b) return 0;
  const i = a * patchChannels + 3;
  const j = b * patchChannels + 3;
  const slope = Math.min(data[i] + data[i + 1], data[j] + data[j + 1]);
  return Math.sqrt(squares(data, a, b)) / (leastRuggedness + ruggednessPerSlope * slope);
}

function squares(data: Float32Array, a: number, b: number): number {
  let sum = 0;
  for (let c = 0; c < patchChannels; c++) {
    sum += (data[a * patchChannels + c] - data[b * patchChannels + c]) ** 2;
  }
  return sum;
}
