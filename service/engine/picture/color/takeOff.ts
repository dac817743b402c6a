/** Takes an estimated drift (driftModel.ts) off pixels, by the vector kernels. */
import type { Rect } from '../../../../shared/geometry.ts';
import type { FloatImage, SoftMask } from '../raster.ts';
import {
  driftAt,
  driftColumnBytes,
  driftPixelBytes,
  fieldPlaceBytes,
} from '../simd/driftKernels.ts';
import { pictureKernels, type PictureKernels } from '../simd/pictureKernels.ts';
import type { Cells } from './driftCells.ts';
import { colorTerms } from './driftTerms.ts';
import { largestShift, type DriftModel } from './driftModel.ts';

export interface Drift {
  readonly cells: Cells;
  readonly model: DriftModel;
  /** 0..1: share of it that is taken off. */
  readonly strength: number;
}

/** The cells' colours in the generated picture without its drift. */
export function correctedCells(drift: Drift): Float32Array {
  const { cells, model } = drift;
  const count = cells.columns * cells.rows;
  const work = openWork(drift, { places: count, columns: count });
  for (let i = 0; i < count; i++) {
    writePlace(work, i, model.field, i * 3);
    writeColumn(work, i, { place: i, share: 0 });
  }
  // The last one's neighbour is read too.
  writePlace(work, count, model.field, (count - 1) * 3);
  const out = cells.generated.slice();
  takeOff(work, out, 0);
  return out;
}

/**
 * A copy of the picture [height, width, 3] with the drift taken off in `area`, there wherever alpha is above 0,
 * or everywhere without an alpha.
 */
export function withoutDrift(
  { data, width }: FloatImage,
  drift: Drift,
  { area, alpha }: { readonly area: Rect; readonly alpha?: SoftMask },
): Float32Array {
  const out = data.slice();
  const work = openWork(drift, { places: drift.cells.columns, columns: area.width });
  writeColumns(work, drift.cells, area);
  for (let y = area.y; y < area.y + area.height; y++) {
    const at = y * width + area.x;
    const seen = alpha?.data.subarray(at, at + area.width);
    const runs = seen ? runsOf(seen) : [{ start: 0, end: area.width }];
    if (runs.length > 0) writeFieldRow(work, drift, y);
    for (const { start, end } of runs) {
      takeOff(work, out.subarray((at + start) * 3, (at + end) * 3), start);
    }
  }
  return out;
}

interface Run {
  readonly start: number;
  readonly end: number;
}

/** Runs of pixels that are seen. */
function runsOf(alpha: Float32Array): Run[] {
  const runs: Run[] = [];
  for (let x = 0; x < alpha.length; x++) {
    if (!(alpha[x] > 0)) continue;
    const start = x;
    while (x < alpha.length && alpha[x] > 0) x++;
    runs.push({ start, end: x });
  }
  return runs;
}

/** Bytes where a part of the kernels' memory begins. */
interface Work {
  readonly kernels: PictureKernels;
  readonly columns: number;
  readonly from: number;
  readonly to: number;
}

/** The memory is everybody's: nothing else may use it while this work lasts. */
function openWork(
  { model, strength }: Drift,
  room: { readonly places: number; readonly columns: number },
): Work {
  // One place more: the last one's right neighbour is itself.
  const columns = driftAt.field + (room.places + 1) * fieldPlaceBytes;
  const from = columns + room.columns * driftColumnBytes;
  const bytes = (room.columns + 2) * driftPixelBytes;
  const kernels = pictureKernels(from + 2 * bytes);
  const { singles } = kernels;
  for (let term = 0; term < colorTerms; term++) {
    const at = driftAt.coefficients / 4 + term * 4;
    for (let c = 0; c < 3; c++) singles[at + c] = model.color[term * 3 + c];
    singles[at + 3] = 0;
  }
  singles.fill(strength, driftAt.strength / 4, driftAt.strength / 4 + 4);
  singles.fill(largestShift, driftAt.largest / 4, driftAt.largest / 4 + 4);
  return { kernels, columns, from, to: from + bytes };
}

function writePlace({ kernels }: Work, place: number, values: Float32Array, at: number): void {
  const to = (driftAt.field + place * fieldPlaceBytes) / 4;
  for (let c = 0; c < 3; c++) kernels.singles[to + c] = values[at + c];
}

function writeColumn(
  { kernels, columns }: Work,
  column: number,
  { place, share }: { readonly place: number; readonly share: number },
): void {
  const to = (columns + column * driftColumnBytes) / 4;
  kernels.words[to] = driftAt.field + place * fieldPlaceBytes;
  kernels.singles[to + 1] = share;
}

/** Which two cells each picture column of the area lies between. */
function writeColumns(work: Work, cells: Cells, area: Rect): void {
  for (let i = 0; i < area.width; i++) {
    const { place, share } = between(area.x + i, cells.cellPx, cells.columns);
    writeColumn(work, i, { place, share });
  }
}

/** The field along one picture row, between two rows of cells. */
function writeFieldRow({ kernels }: Work, { cells, model }: Drift, y: number): void {
  const { columns, rows, cellPx } = cells;
  const { place, share } = between(y, cellPx, rows);
  const upper = place * columns * 3;
  const lower = Math.min(rows - 1, place + 1) * columns * 3;
  const { singles } = kernels;
  let to = driftAt.field / 4;
  for (let column = 0; column <= columns; column++, to += 4) {
    const at = Math.min(column, columns - 1) * 3;
    for (let c = 0; c < 3; c++) {
      const above = model.field[upper + at + c];
      singles[to + c] = above + (model.field[lower + at + c] - above) * share;
    }
  }
}

/** The cell before a pixel's middle, of `count` along this side, and how near it is to the next, 0..1. */
function between(pixel: number, cellPx: number, count: number): { place: number; share: number } {
  const at = Math.min(count - 1, Math.max(0, (pixel + 0.5) / cellPx - 0.5));
  const place = Math.floor(at);
  return { place, share: at - place };
}

/** Corrects pixels in place; the first of them lies in column `column` of the work. */
function takeOff({ kernels, ...at }: Work, pixels: Float32Array, column: number): void {
  if (pixels.length === 0) return;
  const { singles, run } = kernels;
  singles.set(pixels, at.from / 4);
  const columns = at.columns + column * driftColumnBytes;
  run['takeOffDrift'](at.from, at.to, at.to + pixels.length * 4, columns);
  pixels.set(singles.subarray(at.to / 4, at.to / 4 + pixels.length));
}
