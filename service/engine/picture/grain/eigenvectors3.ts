/** Nine numbers, row by row. */
export type Matrix3 = readonly number[];

const sweeps = 12;

/** Rows: the unit eigenvectors of a symmetric matrix (Jacobi's rotations). */
export function eigenvectors3(symmetric: Matrix3): Matrix3 {
  const a = [...symmetric];
  const v = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ]) {
      const off = a[p * 3 + q];
      if (Math.abs(off) < 1e-15) continue;
      const angle = 0.5 * Math.atan2(2 * off, a[q * 3 + q] - a[p * 3 + p]);
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      for (let k = 0; k < 3; k++) rotate(a, [k * 3 + p, k * 3 + q], [c, s]);
      for (let k = 0; k < 3; k++) rotate(a, [p * 3 + k, q * 3 + k], [c, s]);
      for (let k = 0; k < 3; k++) rotate(v, [p * 3 + k, q * 3 + k], [c, s]);
    }
  }
  return v;
}

function rotate(
  m: number[],
  [i, j]: readonly [number, number],
  [c, s]: readonly [number, number],
): void {
  const [x, y] = [m[i], m[j]];
  m[i] = c * x - s * y;
  m[j] = s * x + c * y;
}
