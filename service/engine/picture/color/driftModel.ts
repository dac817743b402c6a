/**
 * How a generated picture's colours differ from the original's, as far as it can be told: a smooth
 * function of colour (a quadratic polynomial in RGB code values), plus one of place (a few cosines over
 * the context: a slowly varying tint), plus a constant cast of the painted part. All coefficients are
 * found together by robust weighted ridge regression, so that each takes only what is its own.
 */
import { roleBand, roleNone, type Cells } from './driftCells.ts';
import { openRidge, solveRidge, writeResiduals } from './ridge.ts';

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
/** A fit that explains a half of the squares is believed by 98 %, one that explains a tenth by half. */
const evidencePower = 6;

export interface DriftModel {
  /** colorTerms x 3 coefficients of the difference original - generated. */
  readonly color: Float64Array;
  /** Per cell and channel: the part that depends on the place. */
  readonly field: Float32Array;
}

/** undefined when too little is known of the scene. */
export function fitDrift(cells: Cells): DriftModel | undefined {
  const used = usedCells(cells.role);
  const isBand = new Uint8Array(used.length);
  let known = 0;
  for (let n = 0; n < used.length; n++) {
    if (cells.role[used[n]] === roleBand) isBand[n] = 1;
    else known++;
  }
  if (known < leastCells) return undefined;
  const x = new Float64Array(used.length * terms);
  const y = new Float64Array(used.length * 3);
  const writePlace = makePlaceWriter(cells);
  for (let n = 0; n < used.length; n++) {
    const cell = used[n];
    writeFeatures(cells.generated, cell, x, n * terms);
    writePlace(cell, x, n * terms + colorTerms);
    for (let i = cell * 3, to = n * 3; i < cell * 3 + 3; i++, to++) {
      y[to] = cells.original[i] - cells.generated[i];
    }
  }
  const fit = robustRidge(x, y, isBand);
  const { coefficients } = fit;
  const share = evidentShare(y, fit, isBand);
  for (let i = 0; i < coefficients.length; i++) coefficients[i] *= share;
  return {
    color: coefficients.subarray(0, colorTerms * 3),
    field: fieldOf(cells, coefficients, writePlace),
  };
}

function usedCells(role: Uint8Array): Int32Array {
  const used = new Int32Array(role.length);
  let count = 0;
  for (let i = 0; i < role.length; i++) if (role[i] !== roleNone) used[count++] = i;
  return used.subarray(0, count);
}

function writeFeatures(colors: Float32Array, cell: number, x: Float64Array, from: number): void {
  const at = cell * 3;
  const r = colors[at] - 0.5;
  const g = colors[at + 1] - 0.5;
  const b = colors[at + 2] - 0.5;
  x[from] = 1;
  x[from + 1] = r;
  x[from + 2] = g;
  x[from + 3] = b;
  x[from + 4] = r * r;
  x[from + 5] = g * g;
  x[from + 6] = b * b;
  x[from + 7] = r * g;
  x[from + 8] = g * b;
  x[from + 9] = b * r;
}

/** The features that depend on a cell's place: the waves, then the painted part's own cast. */
function makePlaceWriter(cells: Cells) {
  const across = cosines(cells.columns);
  const down = cosines(cells.rows);
  return (cell: number, x: Float64Array, from: number): void => {
    const column = (cell % cells.columns) * (highestWave + 1);
    const row = Math.floor(cell / cells.columns) * (highestWave + 1);
    for (let k = 0; k < waves.length; k++) {
      x[from + k] = across[column + waves[k].u] * down[row + waves[k].v];
    }
    x[from + waves.length] = cells.inside[cell];
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

interface Fit {
  /** terms x 3. */
  readonly coefficients: Float64Array;
  readonly residuals: Float64Array;
  /** Of the last round. */
  readonly weights: Float64Array;
}

/** Iterated reweighting. The first round sees known cells only, so that new content cannot set the start. */
function robustRidge(x: Float64Array, y: Float64Array, isBand: Uint8Array): Fit {
  const count = isBand.length;
  const weights = Float64Array.from(isBand, (band) => (band ? 0 : 1));
  const residuals = new Float64Array(count);
  const penalty = penalties(count);
  const ridge = openRidge({ size: terms, x, y });
  let coefficients: Float64Array = new Float64Array(terms * 3);
  for (let round = 0; round < rounds; round++) {
    coefficients = solveRidge(ridge, weights, penalty);
    writeResiduals(ridge, coefficients, residuals);
    const limit = tukeyFactor * Math.max(leastSpread, median(residuals, isBand));
    const bandLimit = Math.max(limit, bandTolerance * (1 - round / 6));
    for (let i = 0; i < count; i++) {
      const t = residuals[i] / (isBand[i] ? bandLimit : limit);
      weights[i] = t >= 1 ? 0 : (isBand[i] ? bandWeight : 1) * (1 - t * t) ** 2;
    }
  }
  return { coefficients, residuals, weights };
}

/**
 * How much of the fit is believed, 0..1: nothing where it explains nothing of the differences on known cells
 * (the pictures agree but for noise, and so the fit is noise), nearly all as soon as it explains a part.
 */
function evidentShare(y: Float64Array, { weights, residuals }: Fit, isBand: Uint8Array): number {
  let before = 0;
  let after = 0;
  for (let n = 0; n < isBand.length; n++) {
    if (isBand[n] !== 0) continue;
    before += weights[n] * (y[n * 3] ** 2 + y[n * 3 + 1] ** 2 + y[n * 3 + 2] ** 2);
    after += weights[n] * residuals[n] ** 2;
  }
  return before === 0 ? 0 : Math.max(0, 1 - (after / before) ** evidencePower);
}

/** Of the residuals outside the band; of an even number the upper one of the two in the middle. */
function median(residuals: Float64Array, isBand: Uint8Array): number {
  const values = new Float64Array(residuals.length);
  let count = 0;
  for (let i = 0; i < residuals.length; i++) if (isBand[i] === 0) values[count++] = residuals[i];
  return nthSmallest(values.subarray(0, count), count >> 1);
}

/** Hoare's selection (Algorithm 65: Find, 1961); reorders `values`. */
function nthSmallest(values: Float64Array, n: number): number {
  let left = 0;
  let right = values.length - 1;
  while (left < right) {
    const pivot = values[n];
    let i = left;
    let j = right;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const v = values[i];
      values[i++] = values[j];
      values[j--] = v;
    }
    if (j < n) left = i;
    if (i > n) right = j;
  }
  return values[n];
}

function fieldOf(
  cells: Cells,
  coefficients: Float64Array,
  writePlace: ReturnType<typeof makePlaceWriter>,
): Float32Array {
  const count = cells.columns * cells.rows;
  const field = new Float32Array(count * 3);
  const bounded = coefficients.slice(colorTerms * 3);
  for (let i = waves.length * 3; i < bounded.length; i++) {
    bounded[i] = Math.max(-largestCast, Math.min(largestCast, bounded[i]));
  }
  const x = new Float64Array(waves.length + 1);
  for (let cell = 0; cell < count; cell++) {
    writePlace(cell, x, 0);
    for (let c = 0; c < 3; c++) {
      let v = 0;
      for (let k = 0; k < x.length; k++) v += x[k] * bounded[k * 3 + c];
      field[cell * 3 + c] = v;
    }
  }
  return field;
}
