/**
 * What cells just inside the painted area count for in the estimate of a drift. They may show the old scene,
 * moved a little, or something new; how far they are off is measured, ring by ring, and sets their weight.
 */
import type { Cells } from './driftCells.ts';
import { nthSmallest } from './nthSmallest.ts';
import { mapInto } from '../mapInto.ts';

/** Width of a ring (pixels of the distance from what is surely known), and how many are told apart. */
const ringPx = 5;
const rings = 6;
/** Cells that are off by this much of what is usual in their ring do not count (Tukey's biweight) ... */
const tukeyFactor = 3;
/** ... nor those that are off by this much (code value): no drift is. */
const largestDifference = 20 / 255;
/** Differences of colour below this (code value) between neighbours are noise. */
const leastSlope = 0.3 / 255;

export interface Band {
  /** Of the used cells, those of the band. */
  readonly members: readonly number[];
  /** Of each member: its ring, and how much the colour changes from it to the next cell (code value). */
  readonly ring: Uint8Array;
  readonly slope: Float64Array;
}

export function bandOf(cells: Cells, used: Int32Array, isBand: Uint8Array): Band {
  const members = [...isBand.keys()].filter((n) => isBand[n] === 1);
  const ringOf = (n: number) => (Math.sqrt(cells.toClear[used[n]]) * cells.cellPx) / ringPx;
  return {
    members,
    ring: mapInto(new Uint8Array(members.length), members, (n) =>
      Math.min(rings - 1, Math.floor(ringOf(n))),
    ),
    slope: mapInto(new Float64Array(members.length), members, (n) => slopeAt(cells, used[n])),
  };
}

/** Root mean square difference of a cell from its four neighbours, in both pictures. */
function slopeAt(cells: Cells, cell: number): number {
  const { columns, rows } = cells;
  const x = cell % columns;
  const y = Math.floor(cell / columns);
  const others: number[] = [];
  if (x > 0) others.push(cell - 1);
  if (x < columns - 1) others.push(cell + 1);
  if (y > 0) others.push(cell - columns);
  if (y < rows - 1) others.push(cell + columns);
  let sum = 0;
  for (const other of others) {
    for (let c = 0; c < 3; c++) {
      sum += (cells.original[cell * 3 + c] - cells.original[other * 3 + c]) ** 2;
      sum += (cells.generated[cell * 3 + c] - cells.generated[other * 3 + c]) ** 2;
    }
  }
  return Math.sqrt(sum / Math.max(1, 2 * others.length) + leastSlope ** 2);
}

/**
 * Writes the weights of the band's cells, 1 for one that is as reliable as a known cell. `spread`: median
 * residual of known cells. A scene that has moved by d cells is off by d times the slope of its colours: the
 * usual d of each ring is taken from the residuals, so that flat parts count where texture does not, and
 * nothing counts in a ring that shows something else.
 */
export function writeBandWeights(
  band: Band,
  residuals: Float64Array,
  { weights, spread }: { readonly weights: Float64Array; readonly spread: number },
): void {
  const { members, ring, slope } = band;
  const square = spread ** 2;
  const moved = movedByRing(band, residuals, square);
  for (let m = 0; m < members.length; m++) {
    const n = members[m];
    const variance = square + (moved[ring[m]] * slope[m]) ** 2;
    const limit = Math.min(largestDifference, tukeyFactor * Math.sqrt(variance));
    const t = residuals[n] / limit;
    weights[n] = t >= 1 ? 0 : (square / variance) * (1 - t * t) ** 2;
  }
}

/** By how many cells the scene has moved in each ring: the median. */
function movedByRing(band: Band, residuals: Float64Array, square: number): Float64Array {
  const { members, ring, slope } = band;
  const lists = Array.from({ length: rings }, (): number[] => []);
  for (let m = 0; m < members.length; m++) {
    const beyond = Math.max(0, residuals[members[m]] ** 2 - square);
    lists[ring[m]].push(Math.sqrt(beyond) / slope[m]);
  }
  return Float64Array.from(lists, (list) => {
    return list.length === 0 ? 0 : nthSmallest(Float64Array.from(list), list.length >> 1);
  });
}
