/**
 * Which shifted copy of the picture goes on where past its edges: a few shifts for all of the hole, and cuts between
 * them where they differ least (Pritch et al., Shift-Map Image Editing, 2009), found by expansion moves (Boykov et al.,
 * Fast Approximate Energy Minimization via Graph Cuts, 2001).
 */
import { boundsOfMask, type Rect } from '../../../../shared/geometry.ts';
import type { Sliced } from '../sliced.ts';
import { cutGrid, type GridCut } from './gridCut.ts';
import { holePixels, type Shift } from './shift.ts';
import { seamCost, shiftCosts, type LabelledLevel, type ShiftCosts } from './shiftCosts.ts';

/** Each shift is offered to the whole hole so often, unless nothing changes any more. */
const mostCycles = 2;
const visitsPerMove = 100;

interface Labelling {
  readonly level: LabelledLevel;
  readonly pixels: Int32Array;
  /** Of the hole. */
  readonly bounds: Rect;
  readonly costs: ShiftCosts;
  /** Per pixel of the level. */
  readonly label: Int32Array;
}

/** The index of its shift for each hole pixel, -1 elsewhere. Where no shift reaches it is any. */
export function* labelShifts(level: LabelledLevel, shifts: readonly Shift[]): Sliced<Int32Array> {
  const label = new Int32Array(level.hole.length).fill(-1);
  const bounds = boundsOfMask(level.hole, level);
  if (!bounds || shifts.length === 0) return label;
  const pixels = holePixels(level.hole);
  const costs = yield* shiftCosts(level, shifts, pixels);
  const labelling = { level, pixels, bounds, costs, label };
  labelCheapest(labelling, shifts.length);
  for (let cycle = 0; cycle < mostCycles; cycle++) {
    let changed = 0;
    for (let s = 0; s < shifts.length; s++) {
      changed += yield* offerShift(labelling, s);
      yield pixels.length * visitsPerMove;
    }
    if (changed === 0) break;
  }
  return label;
}

/** To begin with, as if there were no seams. */
function labelCheapest({ pixels, costs: { own }, label }: Labelling, count: number): void {
  for (let n = 0; n < pixels.length; n++) {
    let best = 0;
    for (let s = 1; s < count; s++) {
      if (own[s * pixels.length + n] < own[best * pixels.length + n]) best = s;
    }
    label[pixels[n]] = best;
  }
}

/** Gives a shift to all pixels for which that makes the whole cheaper; the number of those. */
function* offerShift(labelling: Labelling, s: number): Sliced<number> {
  const { pixels, label } = labelling;
  const takes = yield* cutGrid(movesTo(labelling, s));
  let changed = 0;
  for (const p of pixels) {
    if (takes[cellOf(labelling, p)] === 0 || label[p] === s || !reaches(labelling, s, p)) continue;
    label[p] = s;
    changed++;
  }
  return changed;
}

/** The hole's bounds as a grid: pixels on the first side keep their label, those on the second take the shift. */
function movesTo(labelling: Labelling, s: number): GridCut {
  const { pixels, costs, label, bounds, level } = labelling;
  const cells = bounds.width * bounds.height;
  const grid = { ...bounds, links: new Int32Array(cells * 4), pull: new Int32Array(cells) };
  for (let n = 0; n < pixels.length; n++) {
    const p = pixels[n];
    if (reaches(labelling, s, p)) {
      const [before, after] = [label[p], s].map((l) => costs.own[l * pixels.length + n]);
      grid.pull[cellOf(labelling, p)] += after - before;
    }
    const isLast = p % level.width === level.width - 1;
    if (!isLast) linkPair(labelling, s, { p, q: p + 1, d: 0, grid });
    if (p + level.width < label.length) {
      linkPair(labelling, s, { p, q: p + level.width, d: 2, grid });
    }
  }
  return grid;
}

/** Seams between two neighbours, `q` in direction `d` of `p`, in all four cases of who takes the shift. */
function linkPair(
  labelling: Labelling,
  s: number,
  to: { readonly p: number; readonly q: number; readonly d: number; readonly grid: GridCut },
): void {
  const { level, costs, label } = labelling;
  const { p, q, d, grid } = to;
  const [a, b] = [label[p], label[q]];
  if (b < 0) return;
  const [canP, canQ] = [reaches(labelling, s, p), reaches(labelling, s, q)];
  if (!canP && !canQ) return;
  const neither = seamCost(level, costs, { p, q, a, b });
  const onlyP = canP ? seamCost(level, costs, { p, q, a: s, b }) : 0;
  const onlyQ = canQ ? seamCost(level, costs, { p, q, a, b: s }) : 0;
  const [atP, atQ] = [cellOf(labelling, p), cellOf(labelling, q)];
  if (!canQ) grid.pull[atP] += onlyP - neither;
  else if (!canP) grid.pull[atQ] += onlyQ - neither;
  else {
    // Both taking it costs nothing; what is left falls to q alone taking it, where the cut parts p from q.
    grid.pull[atP] += onlyP - neither;
    grid.pull[atQ] -= onlyP;
    grid.links[atP * 4 + d] = Math.max(0, onlyP + onlyQ - neither);
  }
}

function reaches({ costs, label }: Labelling, s: number, p: number): boolean {
  return costs.source[s * label.length + p] >= 0;
}

function cellOf({ bounds, level: { width } }: Labelling, p: number): number {
  const y = (p / width) | 0;
  return (y - bounds.y) * bounds.width + (p - y * width - bounds.x);
}
