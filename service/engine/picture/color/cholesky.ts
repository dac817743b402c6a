/** Symmetric positive definite systems by Cholesky's decomposition. */

/** The lower triangle [n x n] whose product with its transpose is `matrix`; of that the lower triangle is read. */
export function choleskyOf(matrix: Float64Array, n: number): Float64Array {
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let v = matrix[i * n + j];
      for (let k = 0; k < j; k++) v -= lower[i * n + k] * lower[j * n + k];
      lower[i * n + j] = i === j ? Math.sqrt(Math.max(v, 1e-14)) : v / lower[j * n + j];
    }
  }
  return lower;
}

/** What the decomposed matrix times it is `wanted`. */
export function choleskySolved(lower: Float64Array, wanted: Float64Array): Float64Array {
  const n = wanted.length;
  const out = wanted.slice();
  for (let i = 0; i < n; i++) {
    let v = out[i];
    for (let k = 0; k < i; k++) v -= lower[i * n + k] * out[k];
    out[i] = v / lower[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    let v = out[i];
    for (let k = i + 1; k < n; k++) v -= lower[k * n + i] * out[k];
    out[i] = v / lower[i * n + i];
  }
  return out;
}

/** Column `column` of the inverse of the decomposed matrix. */
export function inverseColumn(lower: Float64Array, n: number, column: number): Float64Array {
  const unit = new Float64Array(n);
  unit[column] = 1;
  return choleskySolved(lower, unit);
}
