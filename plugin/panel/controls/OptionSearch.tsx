import { TextField } from './TextField.tsx';

export interface OptionSearchProps {
  /** Of what is searched. */
  readonly label: string;
  readonly words: string;
  readonly onSearch: (words: string) => void;
}

/** The search above a list of choices; typing can begin at once. */
export function OptionSearch({ label, words, onSearch }: OptionSearchProps) {
  return (
    <div className="option-search">
      <TextField
        label={`Search ${label.toLowerCase()}`}
        placeholder="search"
        value={words}
        width="full"
        isFocused
        onCommit={onSearch}
        onType={onSearch}
      />
    </div>
  );
}
