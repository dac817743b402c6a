/** Rotations from skew-symmetric matrices (Cayley transform), as OFT stores them (Qiu et al. 2023). */

/**
 * R = (I + Q)(I - Q)^-1 with Q = B - B^T for every block, [blocks, side, side]. `limit`: the largest
 * length of all Q together; longer ones are shortened to it.
 */
export function cayley(
  values: Float32Array,
  side: number,
  limit: number | undefined,
): Float32Array {
  const size = side * side;
  const count = values.length / size;
  const skew = new Float64Array(values.length);
  let squares = 0;
  for (let block = 0; block < count; block++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const at = block * size + y * side + x;
        skew[at] = values[at] - values[block * size + x * side + y];
        squares += skew[at] ** 2;
      }
    }
  }
  const length = Math.sqrt(squares);
  // 1e-8 on both sides keeps the quotient whole for empty blocks, as the original does.
  const factor = limit === undefined ? 1 : (Math.min(length, limit) + 1e-8) / (length + 1e-8);
  const rotation = new Float32Array(values.length);
  for (let block = 0; block < count; block++) {
    const q = skew.subarray(block * size, (block + 1) * size).map((value) => value * factor);
    rotation.set(rotationOf(q, side), block * size);
  }
  return rotation;
}

/** (I + Q)(I - Q)^-1: the factors commute, so it solves (I - Q) R = I + Q. */
function rotationOf(q: Float64Array, side: number): Float64Array {
  const left = q.map((value) => -value);
  const right = Float64Array.from(q);
  for (let i = 0; i < side; i++) {
    left[i * side + i] += 1;
    right[i * side + i] += 1;
  }
  solve(left, right, side);
  return right;
}

/** Gauss-Jordan with row exchange; I - Q is never singular for a skew-symmetric Q. */
function solve(left: Float64Array, right: Float64Array, side: number): void {
  for (let column = 0; column < side; column++) {
    let pivot = column;
    for (let row = column + 1; row < side; row++) {
      if (Math.abs(left[row * side + column]) > Math.abs(left[pivot * side + column])) pivot = row;
    }
    for (const matrix of [left, right]) exchange(matrix, side, column, pivot);
    const divisor = left[column * side + column];
    for (let x = 0; x < side; x++) {
      left[column * side + x] /= divisor;
      right[column * side + x] /= divisor;
    }
    for (let row = 0; row < side; row++) {
      const factor = left[row * side + column];
      if (row === column || factor === 0) continue;
      for (let x = 0; x < side; x++) {
        left[row * side + x] -= factor * left[column * side + x];
        right[row * side + x] -= factor * right[column * side + x];
      }
    }
  }
}

function exchange(matrix: Float64Array, side: number, a: number, b: number): void {
  if (a === b) return;
  for (let x = 0; x < side; x++) {
    const kept = matrix[a * side + x];
    matrix[a * side + x] = matrix[b * side + x];
    matrix[b * side + x] = kept;
  }
}
