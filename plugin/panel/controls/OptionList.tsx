import { useEffect, useRef, useState } from 'react';
import { LinkButton } from './LinkButton.tsx';
import { OptionFrame } from './OptionFrame.tsx';
import { OptionRows } from './OptionRows.tsx';
import type { Option, OptionGroup } from './options.ts';
import { OptionSearch } from './OptionSearch.tsx';

export interface OptionListProps {
  readonly label: string;
  readonly value: string;
  readonly suggested: readonly Option[];
  readonly more: readonly OptionGroup[];
  readonly onChoose: (value: string) => void;
  readonly onClose: () => void;
}

/** The open list of a picker: the good ones, the rest behind "More…" with a search. Escape closes. */
export function OptionList({ label, value, suggested, more, onChoose, onClose }: OptionListProps) {
  const isAmongMore = more.some((group) => group.options.some((o) => o.value === value));
  const [isAll, setAll] = useState(isAmongMore);
  const [words, setWords] = useState('');
  const chosen = useRef<HTMLDivElement>(null);
  // What was chosen, so that the arrows begin there; the search, when that has just come.
  useEffect(() => {
    if (!isAll) chosen.current?.focus();
  }, [isAll]);
  return (
    <OptionFrame onClose={onClose}>
      {isAll && <OptionSearch label={label} words={words} onSearch={setWords} />}
      <OptionRows
        label={label}
        groups={[{ label: '', options: suggested }, ...(isAll ? more : [])]}
        words={words}
        chosen={[value]}
        chosenRef={chosen}
        onChoose={onChoose}
      />
      {!isAll && more.length > 0 && (
        <div className="option-more tiny">
          <LinkButton onPress={() => setAll(true)}>More…</LinkButton>
        </div>
      )}
    </OptionFrame>
  );
}
