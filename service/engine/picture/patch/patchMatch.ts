/**
 * Approximate nearest patches (Barnes et al., PatchMatch, 2009): good matches found by chance are
 * handed on to neighbours, then bettered by a search in ever smaller circles.
 */
import { inParts, type Sliced } from '../sliced.ts';
import type { PatchKernel } from './patchKernel.ts';
import { patchChannels, patchRadius, type PatchLevel } from './patchLevel.ts';
import { priorCost, type SourcePrior } from './sourcePrior.ts';
import { countMatches, moveMatch } from './sourceUsage.ts';

/** A level whose pixels lie where the kernel can read them. */
export interface PlacedLevel extends PatchLevel {
  readonly kernel: PatchKernel;
  /** None: only the misfit counts. */
  readonly prior?: SourcePrior | undefined;
}

export interface PatchField {
  /** Per pixel: centre of the source patch; -1 where no patch is sought. */
  readonly match: Int32Array;
  /** Per pixel: squared distance to it, summed over the patch, and what the source costs beside (sourcePrior.ts). */
  readonly distance: Float32Array;
}

/** Numbers 0..1, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = (seed ^ Math.floor(seed / 0x100000000)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
}

/** Random sources; a start has to be measured with `measureField` before it is bettered. */
export function randomField(level: PatchLevel, random: () => number): PatchField {
  const match = new Int32Array(level.width * level.height).fill(-1);
  const { sources } = level;
  for (const t of level.targets) match[t] = sources[Math.floor(random() * sources.length)];
  return { match, distance: new Float32Array(match.length) };
}

/** The field of the scale below at this one: the same offsets, twice as long; random where that hits the hole. */
export function* enlargedField(
  level: PatchLevel,
  below: { readonly level: PatchLevel; readonly field: PatchField },
  random: () => number,
): Sliced<PatchField> {
  const { sources, targets } = level;
  const match = new Int32Array(level.width * level.height).fill(-1);
  yield* inParts(targets.length, 10, (from, to) => {
    for (let n = from; n < to; n++) {
      const found = enlargedMatch(level, below, targets[n]);
      match[targets[n]] = found >= 0 ? found : sources[Math.floor(random() * sources.length)];
    }
  });
  return { match, distance: new Float32Array(match.length) };
}

/** -1 where there is none. */
function enlargedMatch(
  { width, height, isSource }: PatchLevel,
  below: { readonly level: PatchLevel; readonly field: PatchField },
  t: number,
): number {
  const coarse = below.level;
  const x = t % width;
  const y = (t - x) / width;
  const cx = clampTo(x >> 1, patchRadius, coarse.width - 1 - patchRadius);
  const cy = clampTo(y >> 1, patchRadius, coarse.height - 1 - patchRadius);
  const from = below.field.match[cy * coarse.width + cx];
  if (from < 0) return -1;
  const fx = from % coarse.width;
  const fy = (from - fx) / coarse.width;
  const sx = clampTo(x + 2 * (fx - cx), patchRadius, width - 1 - patchRadius);
  const sy = clampTo(y + 2 * (fy - cy), patchRadius, height - 1 - patchRadius);
  return isSource[sy * width + sx] ? sy * width + sx : -1;
}

function clampTo(v: number, low: number, high: number): number {
  return v < low ? low : v > high ? high : v;
}

/** Of one comparison of two patches. */
const visitsPerComparison = 8;

/** Measures every match anew, after the estimate has changed. */
export function* measureField(level: PlacedLevel, field: PatchField): Sliced<void> {
  const { targets, prior } = level;
  if (prior) countMatches(prior.usage, targets, field.match);
  yield* inParts(targets.length, visitsPerComparison, (from, to) => {
    for (let n = from; n < to; n++) {
      const t = targets[n];
      const source = field.match[t];
      field.distance[t] = priorCost(level, t, source) + patchDistance(level, t, source);
    }
  });
}

/** Squared difference of two patches, by their centres. */
function patchDistance({ kernel, width }: PlacedLevel, a: number, b: number): number {
  const corner = (patchRadius * width + patchRadius) * patchChannels;
  const stride = width * patchChannels;
  return kernel.difference(a * patchChannels - corner, b * patchChannels - corner, stride);
}

/** One sweep over all targets, forwards (even `turn`) or backwards. */
export function* sweep(
  level: PlacedLevel,
  field: PatchField,
  { turn, random }: { readonly turn: number; readonly random: () => number },
): Sliced<void> {
  const { targets, width } = level;
  const backwards = turn % 2 === 1;
  const step = backwards ? 1 : -1;
  yield* inParts(targets.length, visitsPerTarget(level), (from, to) => {
    for (let n = from; n < to; n++) {
      const t = targets[backwards ? targets.length - 1 - n : n];
      improveFrom(level, field, { t, neighbour: t + step, shift: -step });
      improveFrom(level, field, { t, neighbour: t + step * width, shift: -step * width });
      searchAround(level, field, { t, random });
    }
  });
}

/** Of one target in a sweep: two neighbours and one comparison for each circle. */
export function visitsPerTarget(level: PatchLevel): number {
  return (2 + Math.ceil(Math.log2(farthest(level)))) * visitsPerComparison;
}

/** The first circle's radius, pixels. */
function farthest({ width, height }: PatchLevel): number {
  return Math.max(width, height);
}

/** The neighbour's match, moved back by the way to the neighbour. */
function improveFrom(
  level: PlacedLevel,
  field: PatchField,
  at: { readonly t: number; readonly neighbour: number; readonly shift: number },
): void {
  const theirs = field.match[at.neighbour];
  if (theirs < 0) return;
  const candidate = theirs + at.shift;
  if (level.isSource[candidate] === 1) tryMatch(level, field, at.t, candidate);
}

function tryMatch(level: PlacedLevel, field: PatchField, t: number, candidate: number): void {
  if (candidate === field.match[t]) return;
  const cost = priorCost(level, t, candidate);
  if (cost >= field.distance[t]) return;
  const d = cost + patchDistance(level, t, candidate);
  if (d < field.distance[t]) {
    if (level.prior) moveMatch(level.prior.usage, field.match[t], candidate);
    field.distance[t] = d;
    field.match[t] = candidate;
  }
}

function searchAround(
  level: PlacedLevel,
  field: PatchField,
  at: { readonly t: number; readonly random: () => number },
): void {
  const { width, height, isSource } = level;
  const { t, random } = at;
  for (let radius = farthest(level); radius >= 1; radius >>= 1) {
    const best = field.match[t];
    const bx = best % width;
    const by = (best - bx) / width;
    const x = bx + Math.round((random() * 2 - 1) * radius);
    const y = by + Math.round((random() * 2 - 1) * radius);
    if (x < 0 || x >= width || y < 0 || y >= height) continue;
    if (isSource[y * width + x] === 1) tryMatch(level, field, t, y * width + x);
  }
}
