/**
 * Colour drift: what a VAE and a sampler do to the colours of a whole picture. On pixels that the
 * model was not to change, generated and original should be equal; how they differ is estimated
 * (driftModel.ts) and taken off the painted part as well.
 */
import { rectOfSize, type Rect } from '../../../../shared/geometry.ts';
import { deltaE2000, srgbToLab } from '../deltaE.ts';
import type { FloatImage, SoftMask } from '../raster.ts';
import { cellsOf, roleSeam, type Cells } from './driftCells.ts';
import { fitDrift, largestShift, type DriftModel } from './driftModel.ts';

interface DriftOptions {
  /** 1 = the same scene in both pictures, 0 = the model was free. */
  readonly known: SoftMask;
  /** What will be seen; only there is the picture changed, unless `within` is given. */
  readonly alpha: SoftMask;
  /** Change all of this: the picture is going to be enlarged, which reaches past what is seen. */
  readonly within?: Rect;
  /** 0..1: share of the drift that is taken off. */
  readonly strength: number;
}

interface DriftReport {
  /** Mean CIEDE2000 between generated and original on known cells at the seam. */
  readonly before: number;
  readonly after: number;
}

/**
 * The generated picture with its drift taken off wherever alpha is above 0. Strength 0, or too little
 * known of the scene, gives the generated picture itself. Where nothing at the seam is known there is nothing
 * to report. All four planes have the same size; throws a
 * RangeError otherwise.
 */
export function correctDrift(
  generated: FloatImage,
  original: FloatImage,
  options: DriftOptions,
): { image: FloatImage; report?: DriftReport } {
  checkSizes(generated, [original, options.known, options.alpha]);
  const cells = cellsOf(generated, original, options);
  const before = seamDifference(cells, cells.generated);
  const strength = Math.min(1, Math.max(0, options.strength));
  const model = strength > 0 ? fitDrift(cells) : undefined;
  if (!model) return { image: generated, ...reportOf(before, before) };
  const data = corrected(generated, { ...options, cells, model, strength });
  const after = seamDifference(cells, correctedCells(cells, model, strength));
  return { image: { ...generated, data }, ...reportOf(before, after) };
}

function reportOf(before: number | undefined, after: number | undefined): { report?: DriftReport } {
  return before === undefined || after === undefined ? {} : { report: { before, after } };
}

function checkSizes(
  like: FloatImage,
  planes: readonly { readonly width: number; readonly height: number }[],
): void {
  if (planes.some((p) => p.width !== like.width || p.height !== like.height)) {
    throw new RangeError(`Expected planes of ${like.width}x${like.height}`);
  }
}

/** Undefined where no cell at the seam is known. */
function seamDifference(cells: Cells, colors: Float32Array): number | undefined {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < cells.role.length; i++) {
    if (cells.role[i] !== roleSeam) continue;
    sum += deltaE2000(labOf(colors, i), labOf(cells.original, i));
    count++;
  }
  return count === 0 ? undefined : sum / count;
}

function labOf(colors: Float32Array, i: number) {
  return srgbToLab(colors[i * 3], colors[i * 3 + 1], colors[i * 3 + 2]);
}

function correctedCells(cells: Cells, model: DriftModel, strength: number): Float32Array {
  const out = cells.generated.slice();
  takeOff(out, new Float64Array(model.field), model.color, strength);
  return out;
}

interface Work extends DriftOptions {
  readonly cells: Cells;
  readonly model: DriftModel;
}

function corrected(generated: FloatImage, work: Work): Float32Array {
  const { width } = generated;
  const { cells, model, strength } = work;
  const area = work.within ?? rectOfSize(generated);
  const out = generated.data.slice();
  const row = new Float32Array(cells.columns * 3);
  const between = columnsBetween(cells, area);
  const shifts = new Float64Array(area.width * 3);
  for (let y = area.y; y < area.y + area.height; y++) {
    fieldRow(cells, model.field, { y, row });
    const colors = out.subarray((y * width + area.x) * 3, (y * width + area.x + area.width) * 3);
    if (work.within) {
      writeShifts(row, between, { first: 0, shifts });
      takeOff(colors, shifts, model.color, strength);
      continue;
    }
    const seen = work.alpha.data.subarray(y * width + area.x, y * width + area.x + area.width);
    let end = 0;
    while (end < area.width) {
      const start = endOfRun(seen, end, false);
      end = endOfRun(seen, start, true);
      const part = shifts.subarray(0, (end - start) * 3);
      writeShifts(row, between, { first: start, shifts: part });
      takeOff(colors.subarray(start * 3, end * 3), part, model.color, strength);
    }
  }
  return out;
}

/** Where a run of seen (or unseen) pixels ends that begins at `from`; `from` when none does. */
function endOfRun(alpha: Float32Array, from: number, isSeen: boolean): number {
  let x = from;
  while (x < alpha.length && alpha[x] > 0 === isSeen) x++;
  return x;
}

interface Between {
  /** First index of the two cells that a picture column lies between. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** 0..1: how near it is to the right one. */
  readonly share: Float64Array;
}

function columnsBetween(cells: Cells, area: Rect): Between {
  const left = new Int32Array(area.width);
  const right = new Int32Array(area.width);
  const share = new Float64Array(area.width);
  for (let i = 0; i < area.width; i++) {
    const x = area.x + i;
    const fx = Math.min(cells.columns - 1, Math.max(0, (x + 0.5) / cells.cellPx - 0.5));
    const x0 = Math.floor(fx);
    share[i] = fx - x0;
    left[i] = x0 * 3;
    right[i] = Math.min(cells.columns - 1, x0 + 1) * 3;
  }
  return { left, right, share };
}

/** The field along one picture row, between two rows of cells. */
function fieldRow(
  cells: Cells,
  field: Float32Array,
  at: { readonly y: number; readonly row: Float32Array },
): void {
  const fy = Math.min(cells.rows - 1, Math.max(0, (at.y + 0.5) / cells.cellPx - 0.5));
  const y0 = Math.floor(fy);
  const t = fy - y0;
  const length = cells.columns * 3;
  const upper = y0 * length;
  const lower = Math.min(cells.rows - 1, y0 + 1) * length;
  for (let k = 0; k < length; k++) at.row[k] = field[upper + k] * (1 - t) + field[lower + k] * t;
}

/** The field at picture columns from `first` on, as many as there is room for. */
function writeShifts(
  row: Float32Array,
  between: Between,
  { first, shifts }: { readonly first: number; readonly shifts: Float64Array },
): void {
  const { left, right, share } = between;
  for (let x = first, to = 0; to < shifts.length; x++, to += 3) {
    const a = left[x];
    const b = right[x];
    const t = share[x];
    shifts[to] = row[a] + (row[b] - row[a]) * t;
    shifts[to + 1] = row[a + 1] + (row[b + 1] - row[a + 1]) * t;
    shifts[to + 2] = row[a + 2] + (row[b + 2] - row[a + 2]) * t;
  }
}

/**
 * Corrects RGB pixels in place. `shifts`: the part of the drift that depends on the place, three values a
 * pixel; `k`: coefficients of the part that depends on the colour.
 */
function takeOff(out: Float32Array, shifts: Float64Array, k: Float64Array, strength: number): void {
  for (let i = 0; i < out.length; i += 3) {
    const r = out[i] - 0.5;
    const g = out[i + 1] - 0.5;
    const b = out[i + 2] - 0.5;
    const rr = r * r;
    const gg = g * g;
    const bb = b * b;
    const rg = r * g;
    const gb = g * b;
    const br = b * r;
    for (let c = 0; c < 3; c++) {
      const d =
        shifts[i + c] +
        k[c] +
        k[3 + c] * r +
        k[6 + c] * g +
        k[9 + c] * b +
        k[12 + c] * rr +
        k[15 + c] * gg +
        k[18 + c] * bb +
        k[21 + c] * rg +
        k[24 + c] * gb +
        k[27 + c] * br;
      const bounded = d > largestShift ? largestShift : d < -largestShift ? -largestShift : d;
      const v = out[i + c] + bounded * strength;
      if (v >= 1) out[i + c] = 1;
      else if (v > 0) out[i + c] = v;
      else out[i + c] = 0;
    }
  }
}
