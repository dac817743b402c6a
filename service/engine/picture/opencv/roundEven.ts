/** The nearest integer, halves to the even one, as C's lrint and numpy's rint. */
export function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest === 0.5) return floor + Math.abs(floor % 2);
  return rest < 0.5 ? floor : floor + 1;
}
