/**
 * Whether the painted part has a cast of its own. What is new there can look like one, and a cast that is taken
 * off by mistake does more harm than one that stays; so it has to be likely, alike all around, and small.
 */
import { choleskyOf, choleskySolved, inverseColumn } from './cholesky.ts';
import type { Cells } from './driftCells.ts';
import { castDeviation } from './driftPrior.ts';
import { castTerm, terms, writeSums } from './driftTerms.ts';

const first = castTerm * 3;
/** In so many pictures the painted part is expected to have a cast of its own. */
const castShare = 0.2;
/** A cast up to this length (code value) is believed as it is likely, one above the second not at all. */
const usualCast = 7 / 255;
const largestCast = 8.5 / 255;
/** Side of the blocks, in cells, whose residuals may be alike, and how much their variance counts. */
const blockCells = 8;
const blockFactor = 4;

/** A fit, and what it was made from. */
export interface CastEvidence {
  readonly coefficients: Float64Array;
  /** The decomposed system of the fit; its inverse times `noise` is the coefficients' covariance. */
  readonly lower: Float64Array;
  readonly noise: number;
  /** Per used cell: terms, three differences, weight. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly weights: Float64Array;
  readonly used: Int32Array;
}

/**
 * The coefficients, with the cast as far as it is believed: the fit with a cast weighed against the one without
 * by the Savage-Dickey ratio, the density of "no cast" after what was seen over that before.
 */
export function withDoubtedCast(cells: Cells, evidence: CastEvidence): Float64Array {
  const { coefficients, lower, noise } = evidence;
  const columns = [0, 1, 2].map((c) =>
    inverseColumn(lower, terms * 3, first + c).map((v) => v * noise),
  );
  const covariance = Float64Array.from({ length: 9 }, (_, i) => {
    return columns[i % 3][first + Math.floor(i / 3)];
  });
  const cast = coefficients.slice(first, first + 3);
  const believed = castBelief(cast, covariance, blockCovariance(cells, evidence, columns));
  const z = choleskySolved(choleskyOf(covariance, 3), cast);
  return coefficients.map((v, i) => {
    return (
      v - (1 - believed) * (columns[0][i] * z[0] + columns[1][i] * z[1] + columns[2][i] * z[2])
    );
  });
}

function castBelief(cast: Float64Array, covariance: Float64Array, blocks: Float64Array): number {
  const root = choleskyOf(
    covariance.map((v, i) => v + blockFactor * blocks[i]),
    3,
  );
  const z = choleskySolved(root, cast);
  const distance = cast[0] * z[0] + cast[1] * z[1] + cast[2] * z[2];
  const narrowing = (root[0] * root[4] * root[8]) / castDeviation ** 3;
  const odds = (castShare / (1 - castShare)) * narrowing * Math.exp(Math.min(100, distance / 2));
  const excess = (Math.hypot(...cast) - usualCast) / (largestCast - usualCast);
  return (odds / (1 + odds)) * (1 - Math.min(1, Math.max(0, excess)));
}

/**
 * The cast's covariance [3 x 3] by how differently blocks of cells pull at it (Liang and Zeger, Longitudinal data
 * analysis using generalized linear models, 1986): neighbours are not independent.
 */
function blockCovariance(
  { columns: across, rows }: Cells,
  { coefficients, noise, x, y, weights, used }: CastEvidence,
  columns: readonly Float64Array[],
): Float64Array {
  const blocksAcross = Math.ceil(across / blockCells);
  const pulls = new Float64Array(blocksAcross * Math.ceil(rows / blockCells) * 3);
  const influences = new Float64Array(terms * 3);
  for (let i = 0; i < influences.length; i++) influences[i] = columns[i % 3][i];
  const influence = new Float64Array(3);
  const said = new Float64Array(3);
  for (let n = 0; n < used.length; n++) {
    if (weights[n] === 0) continue;
    writeSums({ x, from: n * terms }, influences, influence);
    writeSums({ x, from: n * terms }, coefficients, said);
    const row = Math.floor(used[n] / across / blockCells);
    const block = row * blocksAcross + Math.floor((used[n] % across) / blockCells);
    for (let c = 0; c < 3; c++) {
      const residual = y[n * 3 + c] - said[c];
      pulls[block * 3 + c] += (weights[n] * influence[c] * residual) / noise;
    }
  }
  const out = new Float64Array(9);
  for (let from = 0; from < pulls.length; from += 3) {
    for (let i = 0; i < 9; i++) out[i] += pulls[from + Math.floor(i / 3)] * pulls[from + (i % 3)];
  }
  return out;
}
