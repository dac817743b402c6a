/** Beside it a double has no bits for fractions. */
const large = 1.5 * 2 ** 52;

/** The nearest integer, halves to the even one, as C's lrint and numpy's rint; the value is below 2^51. */
export function roundEven(value: number): number {
  return value + large - large;
}
