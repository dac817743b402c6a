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
  /** Mean CIEDE2000 between generated and original on known cells at the seam; 0 when there are none. */
  readonly before: number;
  readonly after: number;
}

/**
 * The generated picture with its drift taken off wherever alpha is above 0. Strength 0, or too little
 * known of the scene, gives the generated picture itself. All four planes have the same size; throws a
 * RangeError otherwise.
 */
export function correctDrift(
  generated: FloatImage,
  original: FloatImage,
  options: DriftOptions,
): { image: FloatImage; report: DriftReport } {
  checkSizes(generated, [original, options.known, options.alpha]);
  const cells = cellsOf(generated, original, options);
  const before = seamDifference(cells, cells.generated);
  const strength = Math.min(1, Math.max(0, options.strength));
  const model = strength > 0 ? fitDrift(cells) : undefined;
  if (!model) return { image: generated, report: { before, after: before } };
  const data = corrected(generated, { ...options, cells, model, strength });
  const after = seamDifference(cells, correctedCells(cells, model, strength));
  return { image: { ...generated, data }, report: { before, after } };
}

function checkSizes(
  like: FloatImage,
  planes: readonly { readonly width: number; readonly height: number }[],
): void {
  if (planes.some((p) => p.width !== like.width || p.height !== like.height)) {
    throw new RangeError(`Expected planes of ${like.width}x${like.height}`);
  }
}

function seamDifference(cells: Cells, colors: Float32Array): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < cells.role.length; i++) {
    if (cells.role[i] !== roleSeam) continue;
    sum += deltaE2000(labOf(colors, i), labOf(cells.original, i));
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

function labOf(colors: Float32Array, i: number) {
  return srgbToLab(colors[i * 3], colors[i * 3 + 1], colors[i * 3 + 2]);
}

function correctedCells(cells: Cells, model: DriftModel, strength: number): Float32Array {
  const out = cells.generated.slice();
  for (let i = 0; i < out.length; i += 3) {
    const shift = model.field.subarray(i, i + 3);
    applyAt(out, i, { color: model.color, strength, r: shift[0], g: shift[1], b: shift[2] });
  }
  return out;
}

interface Work extends DriftOptions {
  readonly cells: Cells;
  readonly model: DriftModel;
}

function corrected(generated: FloatImage, work: Work): Float32Array {
  const { width } = generated;
  const { cells, model, alpha, strength } = work;
  const area = work.within ?? rectOfSize(generated);
  const out = generated.data.slice();
  const row = new Float32Array(cells.columns * 3);
  for (let y = area.y; y < area.y + area.height; y++) {
    fieldRow(cells, model.field, { y, row });
    for (let x = area.x; x < area.x + area.width; x++) {
      const i = y * width + x;
      if (!work.within && alpha.data[i] <= 0) continue;
      const fx = Math.min(cells.columns - 1, Math.max(0, (x + 0.5) / cells.cellPx - 0.5));
      const x0 = Math.floor(fx);
      const t = fx - x0;
      const a = x0 * 3;
      const b = Math.min(cells.columns - 1, x0 + 1) * 3;
      applyAt(out, i * 3, {
        color: model.color,
        strength,
        r: row[a] + (row[b] - row[a]) * t,
        g: row[a + 1] + (row[b + 1] - row[a + 1]) * t,
        b: row[a + 2] + (row[b + 2] - row[a + 2]) * t,
      });
    }
  }
  return out;
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

interface Shift {
  readonly color: Float64Array;
  readonly strength: number;
  /** The part that depends on the place. */
  readonly r: number;
  readonly g: number;
  readonly b: number;
}

function applyAt(out: Float32Array, i: number, shift: Shift): void {
  const k = shift.color;
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
    const place = c === 0 ? shift.r : c === 1 ? shift.g : shift.b;
    const d =
      place +
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
    const v = out[i + c] + bounded * shift.strength;
    out[i + c] = v > 0 ? (v < 1 ? v : 1) : 0;
  }
}
