/** Colours of a noise turned so that it is independent in three directions. */
import { blockValues, isNoiseFrequency, type BlockSpectra } from './blockSpectra.ts';
import { eigenvectors3, type Matrix3 } from './eigenvectors3.ts';

/** Directions of colour, in rows. */
export type ColorBasis = Matrix3;

/** The blocks' own directions; every block counts the same, however strong its noise. */
export function colorBasis(spectra: BlockSpectra, blocks: readonly number[]): ColorBasis {
  const sums = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  const { coefficients, variance } = spectra;
  for (const n of blocks) {
    const scale = 1 / (variance[n] || 1);
    const at = n * 3 * blockValues;
    for (let k = 0; k < blockValues; k++) {
      if (!isNoiseFrequency(k)) continue;
      for (let i = 0; i < 9; i++) {
        const row = coefficients[at + Math.floor(i / 3) * blockValues + k];
        sums[i] += scale * row * coefficients[at + (i % 3) * blockValues + k];
      }
    }
  }
  return eigenvectors3(sums);
}

/** A block's coefficients in these directions, after one another. */
export function inBasis(spectra: BlockSpectra, n: number, basis: ColorBasis): Float64Array {
  const out = new Float64Array(3 * blockValues);
  const block = spectra.coefficients.subarray(n * 3 * blockValues, (n + 1) * 3 * blockValues);
  for (let c = 0; c < 3; c++) {
    for (let k = 0; k < blockValues; k++) {
      out[c * blockValues + k] =
        basis[c * 3] * block[k] +
        basis[c * 3 + 1] * block[blockValues + k] +
        basis[c * 3 + 2] * block[2 * blockValues + k];
    }
  }
  return out;
}
