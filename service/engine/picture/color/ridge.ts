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

export interface Observations {
  /** `size` features each. */
  readonly x: Float64Array;
  /** `sides` targets each. */
  readonly y: Float64Array;
  /** What each one counts; 0: not at all. */
  readonly weights: Float64Array;
}

/** Adds all observations, four at a time: the sums are read and written a quarter as often. */
export function addObservations(sums: RidgeSums, { x, y, weights }: Observations): void {
  const { size, sides, normal, right } = sums;
  const used: number[] = [];
  for (let i = 0; i < weights.length; i++) if (weights[i] > 0) used.push(i);
  for (let n = 0; n < used.length; n += 4) {
    const [a, b, c, d] = [0, 1, 2, 3].map((k) => used[Math.min(n + k, used.length - 1)]);
    const weightOf = (i: number, k: number) => (n + k < used.length ? weights[i] : 0);
    const [p, q, r, s] = [a * size, b * size, c * size, d * size];
    const [wp, wq, wr, ws] = [weightOf(a, 0), weightOf(b, 1), weightOf(c, 2), weightOf(d, 3)];
    for (let i = 0; i < size; i++) {
      const xp = wp * x[p + i];
      const xq = wq * x[q + i];
      const xr = wr * x[r + i];
      const xs = ws * x[s + i];
      const row = i * size;
      for (let j = i; j < size; j++) {
        normal[row + j] += xp * x[p + j] + xq * x[q + j] + xr * x[r + j] + xs * x[s + j];
      }
      for (let t = 0; t < sides; t++) {
        right[i * sides + t] +=
          xp * y[a * sides + t] +
          xq * y[b * sides + t] +
          xr * y[c * sides + t] +
          xs * y[d * sides + t];
      }
    }
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
