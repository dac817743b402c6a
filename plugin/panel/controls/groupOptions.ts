import type { Option, OptionGroup } from './options.ts';

/** Things as options, under headings in the order in which these come up. */
export function groupOptions<T>(
  things: readonly T[],
  headingOf: (thing: T) => string,
  optionOf: (thing: T) => Option,
): OptionGroup[] {
  return [...new Set(things.map(headingOf))].map((label) => ({
    label,
    options: things.filter((thing) => headingOf(thing) === label).map(optionOf),
  }));
}
