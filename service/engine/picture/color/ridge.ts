/** Weighted ridge regression by normal equations, for a few dozen unknowns and several right-hand sides. */

interface RidgeSums {
  readonly size: number;
  readonly sides: number;
  /** Upper triangle of X' W X, row by row in a full square. */
  readonly normal: Float64Array;
  /** X' W Y, `sides` columns. */
  readonly right: Float64Array;
}

export function ridgeSums(size: number, sides: number): RidgeSums {
  return {
    size,
    sides,
    normal: new Float64Array(size * size),
    right: new Float64Array(size * sides),
  };
}

/** Adds one observation: features `x[from..from + size]`, targets `y[at..at + sides]`, weight w. */
export function addObservation(
  sums: RidgeSums,
  features: { readonly x: Float64Array; readonly from: number },
  target: { readonly y: Float64Array; readonly at: number },
  w: number,
): void {
  const { size, sides, normal, right } = sums;
  const { x, from } = features;
  for (let i = 0; i < size; i++) {
    const wx = w * x[from + i];
    if (wx === 0) continue;
    const row = i * size;
    for (let j = i; j < size; j++) normal[row + j] += wx * x[from + j];
    for (let s = 0; s < sides; s++) right[i * sides + s] += wx * target.y[target.at + s];
  }
}

/**
 * The coefficients [size x sides] that minimise the weighted squares plus `penalty[i]` times the square
 * of each coefficient (Cholesky). A penalty above 0 everywhere keeps the system solvable.
 */
export function solveRidge(sums: RidgeSums, penalty: Float64Array): Float64Array {
  const { size, sides } = sums;
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let v = sums.normal[j * size + i] + (i === j ? penalty[i] : 0);
      for (let k = 0; k < j; k++) v -= lower[i * size + k] * lower[j * size + k];
      lower[i * size + j] = i === j ? Math.sqrt(Math.max(v, 1e-12)) : v / lower[j * size + j];
    }
  }
  const out = sums.right.slice();
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
