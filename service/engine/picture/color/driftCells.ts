/**
 * The pictures in square cells: averages do not see grain, softened texture or a shift by a pixel, so
 * that what differs between two cells of the same scene is a difference of colour.
 */
import { squaredDistance } from '../../../../shared/mask/distance.ts';
import { gaussianBlur } from '../gaussian.ts';
import type { FloatImage, SoftMask } from '../raster.ts';
import { pictureKernels } from '../simd/pictureKernels.ts';
import { mapInto } from '../mapInto.ts';

/** About as many cells are made of a picture of any size, so that the time does not grow with it. */
const wantedCells = 7000;
const leastCellPx = 4;
/** Around where half is seen pixels may still show the known scene; so far, for a picture of 512 px ... */
const bandPx = 12;
/** ... and inwards by so much more, but at most so far to the middle of what is painted: that is new. */
const deepShare = 1.2;
const deepestShare = 0.5;
/** Distances are measured as far as so many widths of the band. */
const farReaches = 6;
const bandForSidePx = 512;
/** Cells darker or brighter than this (0..1) may be cut off and say nothing about drift. */
const darkest = 0.012;
const brightest = 0.988;

export interface Cells {
  readonly columns: number;
  readonly rows: number;
  /** Side of a cell, pixels; what is left over at the right and bottom belongs to no cell. */
  readonly cellPx: number;
  /** Mean RGB of generated and original, 3 values per cell. */
  readonly generated: Float32Array;
  readonly original: Float32Array;
  /** 0..1: how much of the painted area's own cast a cell has; soft at its edge. */
  readonly inside: Float32Array;
  /** Per cell: what it can tell. */
  readonly role: Uint8Array;
  /** Per cell: squared distance to the nearest one of which nothing is seen, in cells; 1e12 when far. */
  readonly toClear: Float32Array;
}

/** Says nothing. */
export const roleNone = 0;
/** Shows the same scene in both pictures. */
const roleKnown = 1;
/** At the edge of the painted area: shows the same scene perhaps. */
export const roleBand = 2;
/** Known, and next to what is painted: there the seam is judged. */
export const roleSeam = 3;

export function cellsOf(
  generated: FloatImage,
  original: FloatImage,
  masks: { readonly known: SoftMask; readonly alpha: SoftMask },
): Cells {
  const { width, height } = generated;
  const side = Math.sqrt(width * height);
  const smallest = Math.min(width, height);
  const cellPx = Math.min(
    smallest,
    Math.max(leastCellPx, Math.round(side / Math.sqrt(wantedCells))),
  );
  const columns = Math.floor(width / cellPx);
  const rows = Math.floor(height / cellPx);
  const grid = { columns, rows, cellPx };
  const means = (data: Float32Array, channels: 1 | 3): Float32Array =>
    cellMeans({ data, width, channels }, grid, ['sumColumns'])[0];
  const known = means(masks.known.data, 1);
  // The second: which share of each cell is seen at least half.
  const [alpha, covered] = cellMeans({ data: masks.alpha.data, width, channels: 1 }, grid, [
    'sumColumns',
    'countHalves',
  ]);
  const band = bandPx * Math.max(1, side / bandForSidePx);
  const inside = gaussianBlur(
    { width: columns, height: rows, data: covered },
    band / 2 / cellPx,
  ).data;
  const painted = means(generated.data, 3);
  const roles = rolesOf({ known, alpha, covered, means: painted }, grid, band);
  return {
    columns,
    rows,
    cellPx,
    generated: painted,
    original: means(original.data, 3),
    inside,
    ...roles,
  };
}

interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly cellPx: number;
}

interface Plane {
  readonly data: Float32Array;
  /** Of the picture, pixels. */
  readonly width: number;
  readonly channels: 1 | 3;
}

/** For each kernel (cellKernels.ts) the cells' means of what it sums. */
function cellMeans(
  { data, width, channels }: Plane,
  { columns, rows, cellPx }: Grid,
  kernelNames: readonly string[],
): Float32Array[] {
  const rowLength = width * channels;
  const bandLength = rowLength * cellPx;
  const sums = multipleOf4(bandLength);
  const { run, singles } = pictureKernels((sums + multipleOf4(rowLength)) * 4);
  const out = kernelNames.map(() => new Float32Array(columns * rows * channels));
  for (let row = 0; row < rows; row++) {
    singles.set(data.subarray(row * bandLength, (row + 1) * bandLength));
    for (const [n, name] of kernelNames.entries()) {
      const end = (sums + rowLength) * 4;
      run[name](0, bandLength * 4, rowLength * 4, sums * 4, end);
      const line = out[n].subarray(row * columns * channels, (row + 1) * columns * channels);
      addAcross(singles.subarray(sums, sums + rowLength), line, { channels, cellPx });
    }
  }
  return out;
}

const multipleOf4 = (count: number): number => Math.ceil(count / 4) * 4;

/** Means of the cells that lie beside each other, from sums of their columns. */
function addAcross(
  sums: Float32Array,
  line: Float32Array,
  { channels, cellPx }: { readonly channels: number; readonly cellPx: number },
): void {
  const scale = 1 / (cellPx * cellPx);
  const length = cellPx * channels;
  for (let to = 0, from = 0; to < line.length; to += channels, from += length) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = from + c; i < from + length; i += channels) sum += sums[i];
      line[to + c] = sum * scale;
    }
  }
}

function rolesOf(
  cells: {
    readonly known: Float32Array;
    readonly alpha: Float32Array;
    readonly covered: Float32Array;
    readonly means: Float32Array;
  },
  grid: Grid,
  band: number,
): { role: Uint8Array; toClear: Float32Array } {
  const { known, alpha, covered, means } = cells;
  const size = { width: grid.columns, height: grid.rows };
  const isKnown = mapInto(new Uint8Array(known.length), known, (v) => (v > 0.999 ? 1 : 0));
  const isClear = mapInto(new Uint8Array(alpha.length), alpha, (v) => (v <= 0 ? 1 : 0));
  const isOuter = mapInto(new Uint8Array(covered.length), covered, (v) => (v < 0.5 ? 1 : 0));
  const reach = band / grid.cellPx;
  const toClear = squaredDistance(isClear, size, farReaches * reach);
  const toOuter = squaredDistance(isOuter, size, farReaches * reach);
  const isUnknown = isKnown.map((v) => 1 - v);
  const toUnknown = squaredDistance(isUnknown, size, 2 * reach + 1);
  const hasUnknown = isKnown.includes(0);
  const deep = deepReach(toOuter, reach);
  const role = mapInto(new Uint8Array(isKnown.length), isKnown, (v, i) => {
    const low = Math.min(means[i * 3], means[i * 3 + 1], means[i * 3 + 2]);
    const high = Math.max(means[i * 3], means[i * 3 + 1], means[i * 3 + 2]);
    if (high < darkest || low > brightest) return roleNone;
    if (v === 1) return !hasUnknown || toUnknown[i] <= 4 * reach ** 2 ? roleSeam : roleKnown;
    return toOuter[i] <= deep ** 2 ? roleBand : roleNone;
  });
  return { role, toClear };
}

/** How far the band goes inwards from where half is seen, in cells. */
function deepReach(toOuter: Float32Array, reach: number): number {
  let deepest = 0;
  for (const distance of toOuter) deepest = Math.max(deepest, distance);
  return Math.min(deepShare * reach, deepestShare * Math.sqrt(deepest));
}
