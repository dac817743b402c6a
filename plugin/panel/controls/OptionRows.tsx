import type { KeyboardEvent, Ref } from 'react';
import { searchOptions, type Option, type OptionGroup } from './options.ts';

export interface OptionRowsProps {
  readonly label: string;
  readonly groups: readonly OptionGroup[];
  /** What is searched for; all of its words. */
  readonly words: string;
  readonly chosen: readonly string[];
  readonly isMulti?: boolean;
  /** The first row that is chosen. */
  readonly chosenRef?: Ref<HTMLDivElement>;
  readonly onChoose: (value: string) => void;
}

/** A list of choices: one stop for the tab key, arrows move, Enter chooses. */
export function OptionRows(props: OptionRowsProps) {
  const { label, words, chosen, isMulti = false, chosenRef, onChoose } = props;
  const groups = searchOptions(props.groups, words);
  const values = groups.flatMap((group) => group.options.map((option) => option.value));
  const stop = values.find((value) => chosen.includes(value)) ?? values[0];
  if (values.length === 0) {
    return <div className="tiny dim option-none">Nothing has these words.</div>;
  }
  return (
    <div role="listbox" aria-label={label} aria-multiselectable={isMulti ? true : undefined}>
      {groups.flatMap((group) => [
        ...(group.label === ''
          ? []
          : [
              <div key={`= ${group.label}`} className="option-group tiny dim" role="presentation">
                {group.label}
              </div>,
            ]),
        ...group.options.map((option) => (
          <OptionRow
            key={option.value}
            option={option}
            isChosen={chosen.includes(option.value)}
            isMulti={isMulti}
            isStop={option.value === stop}
            rowRef={option.value === stop && chosen.includes(stop) ? chosenRef : undefined}
            onChoose={onChoose}
          />
        )),
      ])}
    </div>
  );
}

interface OptionRowProps {
  readonly option: Option;
  readonly isChosen: boolean;
  readonly isMulti: boolean;
  readonly isStop: boolean;
  readonly rowRef: Ref<HTMLDivElement> | undefined;
  readonly onChoose: (value: string) => void;
}

function OptionRow({ option, isChosen, isMulti, isStop, rowRef, onChoose }: OptionRowProps) {
  const { picture, isDisabled = false } = option;
  const choose = () => !isDisabled && onChoose(option.value);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const { key, currentTarget } = event;
    if (!['ArrowDown', 'ArrowUp', 'Enter', ' '].includes(key)) return;
    event.preventDefault();
    if (key === 'ArrowDown') neighbour(currentTarget, 1)?.focus();
    else if (key === 'ArrowUp') neighbour(currentTarget, -1)?.focus();
    else choose();
  };
  return (
    <div
      ref={rowRef}
      className={`option-row${picture === undefined ? '' : ' row start'}${isChosen ? ' on' : ''}${isDisabled ? ' is-disabled' : ''}`}
      role="option"
      aria-selected={isChosen}
      aria-disabled={isDisabled ? true : undefined}
      tabIndex={isStop ? 0 : -1}
      onClick={choose}
      onKeyDown={onKeyDown}
    >
      {picture === undefined ? (
        <OptionWords {...{ option, isChosen, isMulti }} />
      ) : (
        <>
          <img className="option-picture" src={picture} alt="" />
          <div className="grow">
            <OptionWords {...{ option, isChosen, isMulti }} />
          </div>
        </>
      )}
    </div>
  );
}

function OptionWords(props: Pick<OptionRowProps, 'option' | 'isChosen' | 'isMulti'>) {
  const { option, isChosen, isMulti } = props;
  return (
    <>
      <div className="option-name">
        {isMulti && <span className="option-check">{isChosen ? '☑' : '☐'} </span>}
        {option.label}
      </div>
      {option.about !== '' && <div className="tiny dim">{option.about}</div>}
    </>
  );
}

/** The next option up or down the list, headings skipped. */
function neighbour(row: HTMLElement, step: 1 | -1): HTMLElement | undefined {
  const rows = Array.from(row.parentElement?.children ?? []).filter(
    (child): child is HTMLElement => child.getAttribute('role') === 'option',
  );
  return rows[rows.indexOf(row) + step];
}
