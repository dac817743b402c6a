/**
 * Weighted ridge regression by normal equations, for a few dozen unknowns and three targets. The observations
 * lie in the memory of the vector kernels: nobody else may use those between `openRidge` and the last call.
 */
import { choleskyOf, choleskySolved } from './cholesky.ts';
import { coefficientBytes, ridgeGroupBytes } from '../simd/ridgeKernels.ts';
import { pictureKernels, type PictureKernels } from '../simd/pictureKernels.ts';

const sides = 3;

interface Observations {
  /** How many features each one has. */
  readonly size: number;
  /** `size` features each. */
  readonly x: Float64Array;
  /** Three targets each. */
  readonly y: Float64Array;
}

export interface Ridge {
  readonly kernels: PictureKernels;
  readonly size: number;
  readonly count: number;
  /** Numbers of a row: features, targets, and what makes them even. */
  readonly rowLength: number;
  /** Bytes where they begin. */
  readonly rows: number;
  readonly sums: number;
  readonly coefficients: number;
  readonly residuals: number;
  readonly list: number;
}

const multipleOf2 = (count: number): number => Math.ceil(count / 2) * 2;

export function openRidge({ size, x, y }: Observations): Ridge {
  const count = y.length / sides;
  const rowLength = multipleOf2(size + sides);
  const rows = 0;
  const sums = rows + count * rowLength * 8;
  const coefficients = sums + multipleOf2(size) * rowLength * 8;
  const residuals = coefficients + size * coefficientBytes;
  const list = residuals + multipleOf2(count) * 8;
  const kernels = pictureKernels(list + Math.ceil(count / 4) * ridgeGroupBytes);
  const { doubles } = kernels;
  for (let n = 0, to = 0; n < count; n++, to += rowLength) {
    for (let k = 0; k < size; k++) doubles[to + k] = x[n * size + k];
    for (let k = 0; k < sides; k++) doubles[to + size + k] = y[n * sides + k];
  }
  return { kernels, size, count, rowLength, rows, sums, coefficients, residuals, list };
}

/** Lists those that count, four at a time; answers where the list ends. */
function writeList(ridge: Ridge, weights: Float64Array): number {
  const { words, doubles } = ridge.kernels;
  const groupWords = ridgeGroupBytes / 4;
  let n = 0;
  let last = 0;
  for (let i = 0; i < ridge.count; i++) if (weights[i] > 0) write(i, weights[i]);
  // Fewer than four at the end: the last one again, without weight.
  while (n % 4 !== 0) write(last, 0);
  return ridge.list + (n / 4) * ridgeGroupBytes;

  function write(i: number, weight: number): void {
    const group = ridge.list / 4 + Math.floor(n / 4) * groupWords;
    words[group + (n % 4)] = ridge.rows + i * ridge.rowLength * 8;
    doubles[group / 2 + 2 + (n % 4)] = weight;
    last = i;
    n++;
  }
}

/**
 * The coefficients [size x 3] that minimise the weighted squares plus the quadratic form of `penalty`
 * [3 size x 3 size], and the decomposed system, whose inverse is their covariance over that of the noise. A
 * weight of 0: not at all; a positive definite penalty keeps the system solvable.
 */
export function solveRidge(
  ridge: Ridge,
  weights: Float64Array,
  penalty: Float64Array,
): { coefficients: Float64Array; lower: Float64Array } {
  const { kernels, size, rowLength, sums, list } = ridge;
  const end = writeList(ridge, weights);
  const wanted = kernels.doubles.subarray(sums / 8, sums / 8 + multipleOf2(size) * rowLength);
  wanted.fill(0);
  if (end > list) kernels.run['addRidge'](list, end, sums, size * 8, rowLength * 8);
  const unknowns = size * sides;
  const system = penalty.slice();
  const targets = new Float64Array(unknowns);
  for (let i = 0; i < unknowns; i++) {
    const side = i % sides;
    const row = Math.floor(i / sides);
    targets[i] = wanted[row * rowLength + size + side];
    // Rows of the upper triangle of X' W X are summed; the lower one is wanted.
    for (let k = 0; k <= row; k++) {
      system[i * unknowns + k * sides + side] += wanted[k * rowLength + row];
    }
  }
  const lower = choleskyOf(system, unknowns);
  return { coefficients: choleskySolved(lower, targets), lower };
}

/** How far each observation is from what the coefficients say: the length of the difference. */
export function writeResiduals(
  ridge: Ridge,
  coefficients: Float64Array,
  residuals: Float64Array,
): void {
  const { kernels, size, count, rowLength, rows } = ridge;
  const { doubles, run } = kernels;
  for (let k = 0; k < size; k++) {
    const at = (ridge.coefficients + k * coefficientBytes) / 8;
    doubles.set(coefficients.subarray(k * sides, (k + 1) * sides), at);
    doubles[at + sides] = 0;
  }
  if (count === 0) return;
  const rowBytes = rowLength * 8;
  const end = rows + count * rowBytes;
  run['ridgeResiduals'](rows, end, ridge.coefficients, ridge.residuals, size * 8, rowBytes);
  residuals.set(doubles.subarray(ridge.residuals / 8, ridge.residuals / 8 + count));
}
