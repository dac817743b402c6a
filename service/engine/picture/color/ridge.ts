/**
 * Weighted ridge regression by normal equations, for a few dozen unknowns and three targets. The observations
 * lie in the memory of the vector kernels: nobody else may use those between `openRidge` and the last call.
 */
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
 * The coefficients [size x 3] that minimise the weighted squares plus `penalty[i]` times the square of each
 * coefficient. A weight of 0: not at all; a penalty above 0 everywhere keeps the system solvable.
 */
export function solveRidge(
  ridge: Ridge,
  weights: Float64Array,
  penalty: Float64Array,
): Float64Array {
  const { kernels, size, rowLength, sums, list } = ridge;
  const end = writeList(ridge, weights);
  const wanted = kernels.doubles.subarray(sums / 8, sums / 8 + multipleOf2(size) * rowLength);
  wanted.fill(0);
  if (end > list) kernels.run['addRidge'](list, end, sums, size * 8, rowLength * 8);
  return solved(wanted, { size, rowLength, penalty });
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

interface System {
  readonly size: number;
  readonly rowLength: number;
  readonly penalty: Float64Array;
}

/** Cholesky's decomposition; `sums`: rows of the upper triangle of X' W X, each followed by X' W Y. */
function solved(sums: Float64Array, { size, rowLength, penalty }: System): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let v = sums[j * rowLength + i] + (i === j ? penalty[i] : 0);
      for (let k = 0; k < j; k++) v -= lower[i * size + k] * lower[j * size + k];
      lower[i * size + j] = i === j ? Math.sqrt(Math.max(v, 1e-12)) : v / lower[j * size + j];
    }
  }
  const out = Float64Array.from(
    { length: size * sides },
    (_, n) => sums[Math.floor(n / sides) * rowLength + size + (n % sides)],
  );
  for (let s = 0; s < sides; s++) {
    for (let i = 0; i < size; i++) {
      let v = out[i * sides + s];
      for (let k = 0; k < i; k++) v -= lower[i * size + k] * out[k * sides + s];
      out[i * sides + s] = v / lower[i * size + i];
    }
    for (let i = size - 1; i >= 0; i--) {
      let v = out[i * sides + s];
      for (let k = i + 1; k < size; k++) v -= lower[k * size + i] * out[k * sides + s];
      out[i * sides + s] = v / lower[i * size + i];
    }
  }
  return out;
}
