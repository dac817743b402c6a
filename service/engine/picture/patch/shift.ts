/** Shifted copies of a picture: where they take their pixels, and how much of a hole they can fill. */
import type { PatchLevel } from './patchLevel.ts';

/** From a place to the place that is copied there, pixels. */
export interface Shift {
  readonly dx: number;
  readonly dy: number;
}

/** Hole pixels that are looked at. */
const mostAsked = 60;

/** From one pixel's index to another's. */
export function shiftBetween(from: number, to: number, width: number): Shift {
  const dx = (to % width) - (from % width);
  return { dx, dy: ((to / width) | 0) - ((from / width) | 0) };
}

/** The known pixel that the shift copies to `p`, or -1. */
export function sourceOf(
  { width, height, hole }: PatchLevel,
  p: number,
  { dx, dy }: Shift,
): number {
  const x = (p % width) + dx;
  const y = ((p / width) | 0) + dy;
  if (x < 0 || y < 0 || x >= width || y >= height) return -1;
  return hole[y * width + x] ? -1 : y * width + x;
}

/** Every pixel of the hole, row by row. */
export function holePixels(hole: Uint8Array): Int32Array {
  const places = new Int32Array(hole.length);
  let count = 0;
  for (let p = 0; p < hole.length; p++) if (hole[p]) places[count++] = p;
  return places.slice(0, count);
}

/** So many of them at equal distances, or all. */
export function spaced(all: Int32Array, most: number): Int32Array {
  if (all.length <= most) return all;
  const out = new Int32Array(most);
  for (let n = 0; n < most; n++) out[n] = all[Math.floor(((n + 0.5) * all.length) / most)];
  return out;
}

/** Tells which share of the level's hole a shift fills, 0..1. */
export function coverage(level: PatchLevel): (shift: Shift) => number {
  const asked = spaced(holePixels(level.hole), mostAsked);
  const told = new Map<number, number>();
  return (shift) => {
    const key = shift.dx * 65_536 + shift.dy;
    const known = told.get(key);
    if (known !== undefined) return known;
    let covered = 0;
    for (const p of asked) if (sourceOf(level, p, shift) >= 0) covered++;
    told.set(key, covered / asked.length);
    return covered / asked.length;
  };
}
