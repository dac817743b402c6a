/** Weights of Adams and Bashforth's rules for even steps: of the newest slope, the one before, ... */
const rules: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/** Slopes that the rule of the highest order uses. */
export const adamsBashforthSlopes = rules.length;

/** The rule for a number of slopes, 1 to 4. */
export function adamsBashforth(slopes: number): readonly number[] {
  return rules[slopes - 1]!;
}
