/** Sums down the columns of a few rows of float32, four columns at a time. */
import { f32x4, i32, SimdFunction, v128, type Code } from '../../simdModule.ts';

export function cellKernels(): SimdFunction[] {
  const half = f32x4.splat(0.5);
  return [
    columnSums('sumColumns', (value) => value),
    // All bits where it is below a half; elsewhere the bits of 1.
    columnSums('countHalves', (value) => v128.andNot(f32x4.splat(1), f32x4.lessThan(value, half))),
  ];
}

/** `(rows, rowsEnd, rowBytes, to, toEnd)`: the sum of each column, of what is made of its values. */
function columnSums(name: string, made: (value: Code) => Code): SimdFunction {
  const fn = new SimdFunction(name, 5);
  const column = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(3), 'i32');
  const end = fn.variable(fn.param(1), 'i32');
  const row = fn.variable(i32.of(0), 'i32');
  const sum = fn.variable(v128.zero);
  fn.repeat(to, fn.param(4), 16, () => {
    fn.set(sum, v128.zero);
    fn.set(row, fn.value(column));
    // The length of a row is only known at run time: the last line takes it.
    fn.repeat(row, fn.value(end), 0, () => {
      fn.set(sum, f32x4.add(fn.value(sum), made(v128.load(fn.value(row), 0))));
      fn.set(row, i32.add(fn.value(row), fn.param(2)));
    });
    fn.store(fn.value(to), 0, fn.value(sum));
    fn.set(column, i32.add(fn.value(column), i32.of(16)));
    fn.set(end, i32.add(fn.value(end), i32.of(16)));
  });
  return fn;
}
