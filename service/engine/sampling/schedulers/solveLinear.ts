/** The solution of a small square system, by elimination with the largest pivot. */
export function solveLinear(rows: readonly (readonly number[])[], right: readonly number[]) {
  const n = right.length;
  const a = rows.map((row, i) => [...row, right[i]!]);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) {
      if (Math.abs(a[i]![column]!) > Math.abs(a[pivot]![column]!)) pivot = i;
    }
    [a[column], a[pivot]] = [a[pivot]!, a[column]!];
    for (let i = column + 1; i < n; i++) {
      const share = a[i]![column]! / a[column]![column]!;
      for (let k = column; k <= n; k++) a[i]![k]! -= share * a[column]![k]!;
    }
  }
  const out: number[] = Array.from({ length: n }, () => 0);
  for (let i = n - 1; i >= 0; i--) {
    let sum = a[i]![n]!;
    for (let k = i + 1; k < n; k++) sum -= a[i]![k]! * out[k]!;
    out[i] = sum / a[i]![i]!;
  }
  return out;
}
