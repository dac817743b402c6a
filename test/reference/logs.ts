/** Natural logarithms of the values above 0: a relative tolerance does not test the small ones. */
export function logs(values: ArrayLike<number>): number[] {
  return Array.from(values)
    .filter((v) => v > 0)
    .map(Math.log);
}
