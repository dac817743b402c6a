/**
 * How a generated picture's colours differ from the original's, as far as it can be told: a smooth
 * function of colour (a quadratic polynomial in RGB code values), plus one of place (a few cosines over
 * the context: a slowly varying tint), plus a constant cast of the painted part. All coefficients are
 * found together by robust weighted ridge regression, so that each takes only what is its own.
 */
import { roleBand, roleNone, type Cells } from './driftCells.ts';
import { addObservations, ridgeSums, solveRidge } from './ridge.ts';

const colorTerms = 10;
/** Cosines up to this many half waves over both sides together. */
const highestWave = 4;
const waves = Array.from({ length: (highestWave + 1) ** 2 }, (_, k) => ({
  u: k % (highestWave + 1),
  v: Math.floor(k / (highestWave + 1)),
})).filter(({ u, v }) => u + v > 0 && u + v <= highestWave);
const castTerm = colorTerms + waves.length;
const terms = castTerm + 1;

const rounds = 8;
/** Tukey's biweight: cells that are off by more than this many median residuals do not count. */
const tukeyFactor = 5;
/** The median residual is taken for at least this (code value): pictures have 8 bits. */
const leastSpread = 0.6 / 255;
/** Cells at the rim of the painted area count more than far ones, as long as they agree. */
const bandWeight = 4;
/** In the first rounds they may be off by this much (code value): the painted part may have a cast of its own. */
const bandTolerance = 8 / 255;
/** Fewer cells than this cannot hold the model. */
const leastCells = 24;
/** No part of the correction may be larger than this (code value). */
export const largestShift = 0.2;
const largestCast = 12 / 255;

export interface DriftModel {
  /** colorTerms x 3 coefficients of the difference original - generated. */
  readonly color: Float64Array;
  /** Per cell and channel: the part that depends on the place. */
  readonly field: Float32Array;
}

/** undefined when too little is known of the scene. */
export function fitDrift(cells: Cells): DriftModel | undefined {
  const used: number[] = [];
  let known = 0;
  for (let i = 0; i < cells.role.length; i++) {
    if (cells.role[i] === roleNone) continue;
    used.push(i);
    if (cells.role[i] !== roleBand) known++;
  }
  if (known < leastCells) return undefined;
  const x = new Float64Array(used.length * terms);
  const y = new Float64Array(used.length * 3);
  const writePlace = makePlaceWriter(cells);
  used.forEach((cell, n) => {
    writeFeatures(cells, cell, { x, from: n * terms });
    writePlace(cell, { x, from: n * terms + colorTerms });
    for (let c = 0; c < 3; c++) {
      y[n * 3 + c] = cells.original[cell * 3 + c] - cells.generated[cell * 3 + c];
    }
  });
  const isBand = Uint8Array.from(used, (cell) => (cells.role[cell] === roleBand ? 1 : 0));
  const coefficients = robustRidge(x, y, isBand);
  return {
    color: coefficients.subarray(0, colorTerms * 3),
    field: fieldOf(cells, coefficients, writePlace),
  };
}

function writeFeatures(
  cells: Cells,
  cell: number,
  to: { readonly x: Float64Array; readonly from: number },
): void {
  const { x, from } = to;
  const at = cell * 3;
  const r = cells.generated[at] - 0.5;
  const g = cells.generated[at + 1] - 0.5;
  const b = cells.generated[at + 2] - 0.5;
  x.set([1, r, g, b, r * r, g * g, b * b, r * g, g * b, b * r], from);
}

/** The features that depend on a cell's place: the waves, then the painted part's own cast. */
function makePlaceWriter(cells: Cells) {
  const across = cosines(cells.columns);
  const down = cosines(cells.rows);
  return (cell: number, to: { readonly x: Float64Array; readonly from: number }): void => {
    const column = (cell % cells.columns) * (highestWave + 1);
    const row = Math.floor(cell / cells.columns) * (highestWave + 1);
    for (let k = 0; k < waves.length; k++) {
      to.x[to.from + k] = across[column + waves[k].u] * down[row + waves[k].v];
    }
    to.x[to.from + waves.length] = cells.inside[cell];
  };
}

/** cos(pi u p) for u = 0..highestWave at the middle p of each of `count` cells, 0..1. */
function cosines(count: number): Float64Array {
  const out = new Float64Array(count * (highestWave + 1));
  for (let i = 0; i < out.length; i++) {
    const p = (Math.floor(i / (highestWave + 1)) + 0.5) / count;
    out[i] = Math.cos(Math.PI * (i % (highestWave + 1)) * p);
  }
  return out;
}

/** Weak pulls towards "no drift": curvature and fast waves are believed less than plain gain and offset. */
function penalties(observations: number): Float64Array {
  const out = new Float64Array(terms);
  for (let k = 0; k < terms; k++) {
    if (k === 0) out[k] = 1e-6;
    else if (k < 4 || k === castTerm) out[k] = 1e-4;
    else if (k < colorTerms) out[k] = 3e-3;
    else {
      const { u, v } = waves[k - colorTerms];
      out[k] = 5e-4 * (u + v) ** 2;
    }
  }
  return out.map((p) => p * observations);
}

/** Iterated reweighting. The first round sees known cells only, so that new content cannot set the start. */
function robustRidge(x: Float64Array, y: Float64Array, isBand: Uint8Array): Float64Array {
  const count = isBand.length;
  const weights = Float64Array.from(isBand, (band) => (band ? 0 : 1));
  const residuals = new Float64Array(count);
  const penalty = penalties(count);
  let coefficients: Float64Array = new Float64Array(terms * 3);
  for (let round = 0; round < rounds; round++) {
    const sums = ridgeSums(terms, 3);
    addObservations(sums, { x, y, weights });
    coefficients = solveRidge(sums, penalty);
    writeResiduals(x, y, { coefficients, residuals });
    const limit = tukeyFactor * Math.max(leastSpread, median(residuals, isBand));
    const bandLimit = Math.max(limit, bandTolerance * (1 - round / 6));
    for (let i = 0; i < count; i++) {
      const t = residuals[i] / (isBand[i] ? bandLimit : limit);
      weights[i] = t >= 1 ? 0 : (isBand[i] ? bandWeight : 1) * (1 - t * t) ** 2;
    }
  }
  return coefficients;
}

function writeResiduals(
  x: Float64Array,
  y: Float64Array,
  state: { readonly coefficients: Float64Array; readonly residuals: Float64Array },
): void {
  const { coefficients, residuals } = state;
  for (let i = 0; i < residuals.length; i++) {
    let r = y[i * 3];
    let g = y[i * 3 + 1];
    let b = y[i * 3 + 2];
    for (let k = 0; k < terms; k++) {
      const v = x[i * terms + k];
      r -= v * coefficients[k * 3];
      g -= v * coefficients[k * 3 + 1];
      b -= v * coefficients[k * 3 + 2];
    }
    residuals[i] = Math.sqrt(r * r + g * g + b * b);
  }
}

function median(residuals: Float64Array, isBand: Uint8Array): number {
  const sorted = residuals.filter((_, i) => isBand[i] === 0).sort();
  return sorted[sorted.length >> 1];
}

function fieldOf(
  cells: Cells,
  coefficients: Float64Array,
  writePlace: ReturnType<typeof makePlaceWriter>,
): Float32Array {
  const count = cells.columns * cells.rows;
  const field = new Float32Array(count * 3);
  const x = new Float64Array(waves.length + 1);
  for (let cell = 0; cell < count; cell++) {
    writePlace(cell, { x, from: 0 });
    for (let c = 0; c < 3; c++) {
      let v = 0;
      for (let k = 0; k < waves.length; k++) v += x[k] * coefficients[(colorTerms + k) * 3 + c];
      const cast = coefficients[castTerm * 3 + c];
      v += x[waves.length] * Math.max(-largestCast, Math.min(largestCast, cast));
      field[cell * 3 + c] = v;
    }
  }
  return field;
}
