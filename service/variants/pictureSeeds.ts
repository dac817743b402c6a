/** Seeds of every picture of a run (AUTOMATIC1111, modules/processing.py all_seeds, all_subseeds). Pure. */

export interface SeedQuestion {
  /** One for all, counted up; a list is taken as it is. */
  readonly seed: number | readonly number[];
  readonly variationSeed: number | readonly number[];
  /** Above 0 all pictures keep the seed, and only the variation seed counts up. */
  readonly variationStrength: number;
}

export function pictureSeeds(
  { seed, variationSeed, variationStrength }: SeedQuestion,
  count: number,
): { seeds: number[]; variationSeeds: number[] } {
  const step = variationStrength === 0 ? 1 : 0;
  return {
    seeds: countUp(seed, step, count),
    variationSeeds: countUp(variationSeed, 1, count),
  };
}

function countUp(first: number | readonly number[], step: number, count: number): number[] {
  if (typeof first !== 'number') return [...first];
  return Array.from({ length: count }, (_, i) => first + i * step);
}
