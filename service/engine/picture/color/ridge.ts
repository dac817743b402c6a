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
  const used = new Int32Array(weights.length);
  let count = 0;
  for (let i = 0; i < weights.length; i++) if (weights[i] > 0) used[count++] = i;
  for (let n = 0; n < count; n += 4) {
    // Fewer than four at the end: the last one again, without weight.
    const b = used[Math.min(n + 1, count - 1)];
    const c = used[Math.min(n + 2, count - 1)];
    const d = used[Math.min(n + 3, count - 1)];
    const group = {
      a: used[n],
      b,
      c,
      d,
      wa: weights[used[n]],
      wb: n + 1 < count ? weights[b] : 0,
      wc: n + 2 < count ? weights[c] : 0,
      wd: n + 3 < count ? weights[d] : 0,
    };
    addNormal(sums, x, group);
    addRight(sums, { x, y }, group);
  }
}

/** Four observations and what each counts. */
type Group = Readonly<Record<'a' | 'b' | 'c' | 'd' | 'wa' | 'wb' | 'wc' | 'wd', number>>;

/** Two rows of the triangle at a time: they share what they are multiplied with. */
function addNormal({ size, normal }: RidgeSums, x: Float64Array, group: Group): void {
  const { wa, wb, wc, wd } = group;
  const a = group.a * size;
  const b = group.b * size;
  const c = group.c * size;
  const d = group.d * size;
  for (let i = 0; i < size; i += 2) {
    const ai = wa * x[a + i];
    const bi = wb * x[b + i];
    const ci = wc * x[c + i];
    const di = wd * x[d + i];
    const row = i * size;
    normal[row + i] += ai * x[a + i] + bi * x[b + i] + ci * x[c + i] + di * x[d + i];
    if (i + 1 === size) break;
    const ak = wa * x[a + i + 1];
    const bk = wb * x[b + i + 1];
    const ck = wc * x[c + i + 1];
    const dk = wd * x[d + i + 1];
    for (let j = i + 1, at = row + j; j < size; j++, at++) {
      const xa = x[a + j];
      const xb = x[b + j];
      const xc = x[c + j];
      const xd = x[d + j];
      normal[at] += ai * xa + bi * xb + ci * xc + di * xd;
      normal[at + size] += ak * xa + bk * xb + ck * xc + dk * xd;
    }
  }
}

function addRight(
  { size, sides, right }: RidgeSums,
  { x, y }: Pick<Observations, 'x' | 'y'>,
  { a, b, c, d, wa, wb, wc, wd }: Group,
): void {
  for (let i = 0; i < size; i++) {
    const ai = wa * x[a * size + i];
    const bi = wb * x[b * size + i];
    const ci = wc * x[c * size + i];
    const di = wd * x[d * size + i];
    for (let t = 0; t < sides; t++) {
      right[i * sides + t] +=
        ai * y[a * sides + t] +
        bi * y[b * sides + t] +
        ci * y[c * sides + t] +
        di * y[d * sides + t];
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
