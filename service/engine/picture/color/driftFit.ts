/**
 * The coefficients of a drift (driftTerms.ts) from differences on cells: robust Bayesian regression, that is
 * least squares with weights found in rounds and pulled towards what is expected (driftPrior.ts).
 */
import { bandOf, writeBandWeights } from './driftBand.ts';
import { withDoubtedCast } from './driftCast.ts';
import type { Cells } from './driftCells.ts';
import { priorPrecision } from './driftPrior.ts';
import { colorTerms, makePlaceWriter, terms, writeColorTerms, writeSums } from './driftTerms.ts';
import { nthSmallest } from './nthSmallest.ts';
import { openRidge, solveRidge, writeResiduals } from './ridge.ts';
import { mapInto } from '../mapInto.ts';

const rounds = 8;
/** Cells of the band count from this round on: new content cannot set the start. */
const firstBandRound = 3;
/** Tukey's biweight: known cells that are off by more than this many median residuals do not count. */
const tukeyFactor = 5;
/** The median residual is taken for at least this (code value): pictures have 8 bits. */
const leastSpread = 0.6 / 255;
/** Deviation of the noise (code value) before there are residuals. */
const firstDeviation = 2 / 255;
/** Median length of three normal deviates of 1. */
const medianLength = 1.54;
/** Residuals of neighbours are alike, because the model is not quite true: so many cells tell what one alone would. */
const cellsAlike = 24;
/** Cells of the band count more than others: they are where the drift is wanted. */
const bandWeight = 8;

/** Cells that tell something, and which of them are at the edge of the painted area. */
export interface Evidence {
  readonly used: Int32Array;
  readonly isBand: Uint8Array;
}

export interface DriftFit {
  /** terms x 3. */
  readonly coefficients: Float64Array;
  /** Differences original - generated, 3 for each used cell. */
  readonly y: Float64Array;
  /** Lengths of what the fit leaves of them. */
  readonly residuals: Float64Array;
  /** Of the last round. */
  readonly weights: Float64Array;
}

export function robustFit(cells: Cells, evidence: Evidence): DriftFit {
  const { used, isBand } = evidence;
  const { x, y } = observations(cells, used);
  const band = bandOf(cells, used, isBand);
  const precision = priorPrecision();
  const weights = mapInto(new Float64Array(isBand.length), isBand, (v) => 1 - v);
  const residuals = new Float64Array(used.length);
  let ridge = openRidge({ size: terms, x, y });
  let deviation = firstDeviation;
  for (let round = 0; ; round++) {
    const noise = cellsAlike * deviation ** 2;
    const isLast = round === rounds - 1;
    const solved = solveRidge(ridge, weights, scaled(precision, noise));
    if (round === 0) {
      writeSmoothColors(cells, evidence, { x, coefficients: solved.coefficients });
      ridge = openRidge({ size: terms, x, y });
    }
    const coefficients = isLast
      ? withDoubtedCast(cells, { ...solved, noise, x, y, weights, used })
      : solved.coefficients;
    writeResiduals(ridge, coefficients, residuals);
    const spread = Math.max(leastSpread, median(residuals, isBand));
    deviation = spread / medianLength;
    writeKnownWeights(residuals, isBand, { weights, limit: tukeyFactor * spread });
    if (isLast) return { coefficients, y, residuals, weights };
    if (round < firstBandRound) continue;
    writeBandWeights(band, residuals, { weights, spread });
    for (const n of band.members) weights[n] *= bandWeight;
  }
}

/** Terms by the original's colours, which have no noise of the generated picture in them, and differences. */
function observations(cells: Cells, used: Int32Array): { x: Float64Array; y: Float64Array } {
  const x = new Float64Array(used.length * terms);
  const y = new Float64Array(used.length * 3);
  const writePlace = makePlaceWriter(cells);
  for (let n = 0; n < used.length; n++) {
    const at = used[n] * 3;
    writeColorTerms(cells.original, at, { x, from: n * terms });
    writePlace(used[n], x, n * terms + colorTerms);
    for (let c = 0; c < 3; c++) y[n * 3 + c] = cells.original[at + c] - cells.generated[at + c];
  }
  return { x, y };
}

/**
 * The colours that known cells have in the generated picture, but without its noise: that noise is in the
 * differences too, and what both share would pass for a loss of contrast where the surroundings have little.
 * In the band, where the scenes may differ, the mean of both.
 */
function writeSmoothColors(
  cells: Cells,
  { used, isBand }: Evidence,
  fit: { readonly x: Float64Array; readonly coefficients: Float64Array },
): void {
  const { x, coefficients } = fit;
  const { original, generated } = cells;
  const color = new Float32Array(3);
  const shift = new Float64Array(3);
  for (let n = 0; n < used.length; n++) {
    const at = used[n] * 3;
    if (isBand[n] === 0) writeSums({ x, from: n * terms }, coefficients, shift);
    for (let c = 0; c < 3; c++) {
      const known = original[at + c];
      color[c] = isBand[n] ? (known + generated[at + c]) / 2 : known - shift[c];
    }
    writeColorTerms(color, 0, { x, from: n * terms });
  }
}

const scaled = (values: Float64Array, by: number): Float64Array => values.map((v) => v * by);

function writeKnownWeights(
  residuals: Float64Array,
  isBand: Uint8Array,
  { weights, limit }: { readonly weights: Float64Array; readonly limit: number },
): void {
  for (let n = 0; n < isBand.length; n++) {
    const t = residuals[n] / limit;
    weights[n] = isBand[n] === 1 || t >= 1 ? 0 : (1 - t * t) ** 2;
  }
}

/** Of the residuals outside the band; of an even number the upper one of the two in the middle. */
function median(residuals: Float64Array, isBand: Uint8Array): number {
  const values = new Float64Array(residuals.length);
  let count = 0;
  for (let n = 0; n < residuals.length; n++) if (isBand[n] === 0) values[count++] = residuals[n];
  return nthSmallest(values.subarray(0, count), count >> 1);
}
