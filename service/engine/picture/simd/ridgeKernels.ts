/** The loops of a weighted regression in double precision, two numbers at a time. */
import { f64x2, i32, SimdFunction, v128, type Code } from '../../simdModule.ts';

/** Bytes of four observations in a list: their addresses (int32), then what each counts (float64). */
export const ridgeGroupBytes = 48;
/** Bytes of the coefficients of one feature: four numbers. */
export const coefficientBytes = 32;

export function ridgeKernels(): SimdFunction[] {
  return [addKernel(), residualKernel()];
}

/**
 * `(list, listEnd, sums, featureBytes, rowBytes)`: adds groups of four observations to sums of products of
 * their first features with all columns, two rows at a time, from the diagonal on.
 */
function addKernel(): SimdFunction {
  const fn = new SimdFunction('addRidge', 5);
  const list = fn.variable(fn.param(0), 'i32');
  const row = fn.variable(i32.of(0), 'i32');
  const i = fn.variable(i32.of(0), 'i32');
  const j = fn.variable(i32.of(0), 'i32');
  fn.repeat(list, fn.param(1), ridgeGroupBytes, () => {
    const group = [0, 1, 2, 3].map((n) => ({
      at: fn.keep(i32.load(fn.value(list), 4 * n), 'i32'),
      weight: fn.keep(v128.spread64(fn.value(list), 16 + 8 * n)),
    }));
    fn.set(row, fn.param(2));
    fn.set(i, i32.of(0));
    fn.repeat(i, fn.param(3), 16, () => {
      const next = fn.keep(i32.add(fn.value(row), fn.param(4)), 'i32');
      const rows = [fn.value(row), next].map((to, n) => ({
        to,
        shares: group.map(({ at, weight }) =>
          fn.keep(f64x2.mul(weight, v128.spread64(i32.add(at, fn.value(i)), 8 * n))),
        ),
      }));
      fn.set(j, fn.value(i));
      fn.repeat(j, fn.param(4), 16, () => {
        const values = group.map(({ at }) => fn.keep(v128.load(i32.add(at, fn.value(j)), 0)));
        for (const { to, shares } of rows) {
          const place = fn.keep(i32.add(to, fn.value(j)), 'i32');
          fn.store(place, 0, f64x2.add(v128.load(place, 0), sumOfProducts(shares, values)));
        }
      });
      fn.set(row, i32.add(next, fn.param(4)));
    });
  });
  return fn;
}

function sumOfProducts(a: readonly Code[], b: readonly Code[]): Code {
  const products = a.map((v, n) => f64x2.mul(v, b[n]));
  return products.slice(1).reduce((sum, product) => f64x2.add(sum, product), products[0]);
}

/**
 * `(rows, rowsEnd, coefficients, to, featureBytes, rowBytes)`: how far three targets, which follow the
 * features, are from what the coefficients say: the length of the difference.
 */
function residualKernel(): SimdFunction {
  const fn = new SimdFunction('ridgeResiduals', 6);
  const row = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(3), 'i32');
  const at = fn.variable(i32.of(0), 'i32');
  const coefficient = fn.variable(i32.of(0), 'i32');
  const left = [0, 16].map((offset) => ({ offset, value: fn.variable(v128.zero) }));
  // The length of a row is only known at run time: the last line takes it.
  fn.repeat(row, fn.param(1), 0, () => {
    const targets = fn.keep(i32.add(fn.value(row), fn.param(4)), 'i32');
    for (const { offset, value } of left) fn.set(value, v128.load(targets, offset));
    fn.set(at, fn.value(row));
    fn.set(coefficient, fn.param(2));
    fn.repeat(at, targets, 8, () => {
      const feature = fn.keep(v128.spread64(fn.value(at), 0));
      for (const { offset, value } of left) {
        const said = f64x2.mul(feature, v128.load(fn.value(coefficient), offset));
        fn.set(value, f64x2.sub(fn.value(value), said));
      }
      fn.set(coefficient, i32.add(fn.value(coefficient), i32.of(coefficientBytes)));
    });
    const [rg, b] = left.map(({ value }) => fn.keep(f64x2.mul(fn.value(value), fn.value(value))));
    const both = f64x2.add(rg, v128.lanes(rg, rg, [2, 3, 0, 1]));
    fn.store64(fn.value(to), 0, f64x2.sqrt(f64x2.add(both, b)));
    fn.set(to, i32.add(fn.value(to), i32.of(8)));
    fn.set(row, i32.add(fn.value(row), fn.param(5)));
  });
  return fn;
}
