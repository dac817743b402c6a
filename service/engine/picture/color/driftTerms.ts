/**
 * What a drift may depend on: the colour (a quadratic polynomial in RGB code values), the place (a few
 * cosines over the context: a slowly varying tint), and being painted (a cast of the painted part alone).
 * Coefficients are three to a term, one for each channel of the difference original - generated.
 */
import type { Cells } from './driftCells.ts';

export const colorTerms = 10;
/** Cosines up to this many half waves over both sides together. */
const highestWave = 4;
export const waves = Array.from({ length: (highestWave + 1) ** 2 }, (_, k) => ({
  u: k % (highestWave + 1),
  v: Math.floor(k / (highestWave + 1)),
})).filter(({ u, v }) => u + v > 0 && u + v <= highestWave);
export const castTerm = colorTerms + waves.length;
export const terms = castTerm + 1;

/** The terms of the colour at `at` (three values): 1, then r, g and b around 0.5, then their products. */
export function writeColorTerms(
  colors: Float32Array,
  at: number,
  to: { readonly x: Float64Array; readonly from: number },
): void {
  const { x, from } = to;
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

/** Writes a cell's terms of place, then how much of the painted part's cast it has, to `x` at `from`. */
type PlaceWriter = (cell: number, x: Float64Array, from: number) => void;

export function makePlaceWriter(cells: Cells): PlaceWriter {
  const across = cosines(cells.columns);
  const down = cosines(cells.rows);
  return (cell, x, from) => {
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

/** Writes what three coefficients to a term make of the terms from `from` on, as many as there are coefficients for. */
export function writeSums(
  { x, from }: { readonly x: Float64Array; readonly from: number },
  coefficients: Float64Array,
  to: Float64Array | Float32Array,
  at = 0,
): void {
  let r = 0;
  let g = 0;
  let b = 0;
  for (let k = 0, i = from; k < coefficients.length; k += 3, i++) {
    const term = x[i];
    r += term * coefficients[k];
    g += term * coefficients[k + 1];
    b += term * coefficients[k + 2];
  }
  to[at] = r;
  to[at + 1] = g;
  to[at + 2] = b;
}
