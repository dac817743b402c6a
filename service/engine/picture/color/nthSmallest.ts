/** Hoare's selection (Algorithm 65: Find, 1961): the value that would stand at `n` if all were sorted. Reorders `values`. */
export function nthSmallest(values: Float64Array, n: number): number {
  let left = 0;
  let right = values.length - 1;
  while (left < right) {
    const pivot = values[n];
    let i = left;
    let j = right;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const v = values[i];
      values[i++] = values[j];
      values[j--] = v;
    }
    if (j < n) left = i;
    if (i > n) right = j;
  }
  return values[n];
}
