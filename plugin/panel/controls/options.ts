/** One thing to choose, with what it is good for. */
export interface Option {
  readonly value: string;
  readonly label: string;
  readonly about: string;
  /** Other names, for the search. */
  readonly aliases: readonly string[];
  /** It can be seen and not be chosen; `about` says why. */
  readonly isDisabled?: boolean;
  /** Data URL of a small picture. */
  readonly picture?: string | undefined;
}

export interface OptionGroup {
  readonly label: string;
  readonly options: readonly Option[];
}

/** The groups with what has all the words in its names or its sentence; empty groups are left out. */
export function searchOptions(groups: readonly OptionGroup[], words: string): OptionGroup[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return groups
    .map(({ label, options }) => ({
      label,
      options: options.filter((option) => {
        const text = [option.label, ...option.aliases, option.about].join(' ').toLowerCase();
        return wanted.every((word) => text.includes(word));
      }),
    }))
    .filter(({ options }) => options.length > 0);
}
