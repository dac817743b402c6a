/**
 * How a generated picture's colours differ from the original's, as far as it can be told: a smooth function
 * of colour and place and a cast of the painted part (driftTerms.ts), found from known cells and from those
 * at the edge of the painted area as far as they can be relied on (driftFit.ts).
 */
import { roleBand, roleNone, type Cells } from './driftCells.ts';
import { robustFit, type DriftFit } from './driftFit.ts';
import { colorTerms, makePlaceWriter, waves, writeSums } from './driftTerms.ts';
import { mapInto } from '../mapInto.ts';

/** Fewer known cells than this cannot hold the model. */
const leastCells = 24;
/** No part of the correction may be larger than this (code value). */
export const largestShift = 0.2;
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
  const isBand = mapInto(new Uint8Array(used.length), used, (cell) =>
    cells.role[cell] === roleBand ? 1 : 0,
  );
  const known = isBand.reduce((sum, v) => sum + 1 - v, 0);
  if (known < leastCells) return undefined;
  const fit = robustFit(cells, { used, isBand });
  const share = evidentShare(fit, isBand);
  const coefficients = fit.coefficients.map((v) => v * share);
  return {
    color: coefficients.subarray(0, colorTerms * 3),
    field: fieldOf(cells, coefficients.subarray(colorTerms * 3)),
  };
}

function usedCells(role: Uint8Array): Int32Array {
  const used = new Int32Array(role.length);
  let count = 0;
  for (let i = 0; i < role.length; i++) if (role[i] !== roleNone) used[count++] = i;
  return used.subarray(0, count);
}

/**
 * How much of the fit is believed, 0..1: nothing where it explains nothing of the differences on known cells
 * (the pictures agree but for noise, and so the fit is noise), nearly all as soon as it explains a part.
 */
function evidentShare({ y, weights, residuals }: DriftFit, isBand: Uint8Array): number {
  let before = 0;
  let after = 0;
  for (let n = 0; n < isBand.length; n++) {
    if (isBand[n] !== 0) continue;
    before += weights[n] * (y[n * 3] ** 2 + y[n * 3 + 1] ** 2 + y[n * 3 + 2] ** 2);
    after += weights[n] * residuals[n] ** 2;
  }
  return before === 0 ? 0 : Math.max(0, 1 - (after / before) ** evidencePower);
}

/** `coefficients`: of the waves and the cast. */
function fieldOf(cells: Cells, coefficients: Float64Array): Float32Array {
  const count = cells.columns * cells.rows;
  const field = new Float32Array(count * 3);
  const writePlace = makePlaceWriter(cells);
  const x = new Float64Array(waves.length + 1);
  for (let cell = 0; cell < count; cell++) {
    writePlace(cell, x, 0);
    writeSums({ x, from: 0 }, coefficients, field, cell * 3);
  }
  return field;
}
