/**
 * Approximate nearest patches (Barnes et al., PatchMatch, 2009): good matches found by chance are
 * handed on to neighbours, then bettered by a search in ever smaller circles.
 */
import { patchChannels, patchRadius, type PatchLevel } from './patchLevel.ts';

export interface PatchField {
  /** Per pixel: centre of the source patch; -1 where no patch is sought. */
  readonly match: Int32Array;
  /** Per pixel: squared distance to it, summed over the patch. */
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
export function enlargedField(
  level: PatchLevel,
  below: { readonly level: PatchLevel; readonly field: PatchField },
  random: () => number,
): PatchField {
  const { width, height, sources, isSource } = level;
  const coarse = below.level;
  const match = new Int32Array(width * height).fill(-1);
  for (const t of level.targets) {
    const x = t % width;
    const y = (t - x) / width;
    const cx = clampTo(x >> 1, patchRadius, coarse.width - 1 - patchRadius);
    const cy = clampTo(y >> 1, patchRadius, coarse.height - 1 - patchRadius);
    const from = below.field.match[cy * coarse.width + cx];
    let found = -1;
    if (from >= 0) {
      const fx = from % coarse.width;
      const sx = clampTo(x + 2 * (fx - cx), patchRadius, width - 1 - patchRadius);
      const sy = clampTo(
        y + 2 * ((from - fx) / coarse.width - cy),
        patchRadius,
        height - 1 - patchRadius,
      );
      if (isSource[sy * width + sx]) found = sy * width + sx;
    }
    match[t] = found >= 0 ? found : sources[Math.floor(random() * sources.length)];
  }
  return { match, distance: new Float32Array(match.length) };
}

function clampTo(v: number, low: number, high: number): number {
  return v < low ? low : v > high ? high : v;
}

/** Measures every match anew, after the estimate has changed. */
export function measureField(level: PatchLevel, field: PatchField): void {
  for (const t of level.targets) {
    field.distance[t] = patchDistance(level, t, field.match[t], Infinity);
  }
}

/** Squared difference of two patches; stops early once it is above `limit`. */
function patchDistance(level: PatchLevel, a: number, b: number, limit: number): number {
  const { data, width } = level;
  const rowValues = (2 * patchRadius + 1) * patchChannels;
  const stride = width * patchChannels;
  const corner = (patchRadius * width + patchRadius) * patchChannels;
  let p = a * patchChannels - corner;
  let q = b * patchChannels - corner;
  let sum = 0;
  for (let row = 0; row <= 2 * patchRadius; row++) {
    for (let k = 0; k < rowValues; k++) {
      const d = data[p + k] - data[q + k];
      sum += d * d;
    }
    if (sum >= limit) return sum;
    p += stride;
    q += stride;
  }
  return sum;
}

/** One sweep over targets [from, to) of the list, forwards (even `turn`) or backwards. */
export function sweep(
  level: PatchLevel,
  field: PatchField,
  part: { readonly from: number; readonly to: number; readonly turn: number },
  random: () => number,
): void {
  const { targets, width } = level;
  const backwards = part.turn % 2 === 1;
  const step = backwards ? 1 : -1;
  for (let n = part.from; n < part.to; n++) {
    const t = targets[backwards ? targets.length - 1 - n : n];
    improveFrom(level, field, { t, neighbour: t + step, shift: -step });
    improveFrom(level, field, { t, neighbour: t + step * width, shift: -step * width });
    searchAround(level, field, { t, random });
  }
}

/** The neighbour's match, moved back by the way to the neighbour. */
function improveFrom(
  level: PatchLevel,
  field: PatchField,
  at: { readonly t: number; readonly neighbour: number; readonly shift: number },
): void {
  const theirs = field.match[at.neighbour];
  if (theirs < 0) return;
  const candidate = theirs + at.shift;
  if (level.isSource[candidate] === 1) tryMatch(level, field, at.t, candidate);
}

function tryMatch(level: PatchLevel, field: PatchField, t: number, candidate: number): void {
  if (candidate === field.match[t]) return;
  const d = patchDistance(level, t, candidate, field.distance[t]);
  if (d < field.distance[t]) {
    field.distance[t] = d;
    field.match[t] = candidate;
  }
}

function searchAround(
  level: PatchLevel,
  field: PatchField,
  at: { readonly t: number; readonly random: () => number },
): void {
  const { width, height, isSource } = level;
  const { t, random } = at;
  for (let radius = Math.max(width, height); radius >= 1; radius >>= 1) {
    const best = field.match[t];
    const bx = best % width;
    const by = (best - bx) / width;
    const x = bx + Math.round((random() * 2 - 1) * radius);
    const y = by + Math.round((random() * 2 - 1) * radius);
    if (x < 0 || x >= width || y < 0 || y >= height) continue;
    if (isSource[y * width + x] === 1) tryMatch(level, field, t, y * width + x);
  }
}
