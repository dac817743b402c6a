import { useRef, useState, type KeyboardEvent } from 'react';
import { Field } from './Field.tsx';
import { OptionList } from './OptionList.tsx';
import type { Option, OptionGroup } from './options.ts';

export interface OptionPickerProps {
  readonly label: string;
  /** Said instead of the label where several have the same one. */
  readonly name?: string;
  /** What is shown as chosen, also when it is none of the options. */
  readonly shown: string;
  /** One sentence about what is chosen, or why nothing can be. */
  readonly about: string | undefined;
  readonly value: string;
  readonly suggested: readonly Option[];
  readonly more: readonly OptionGroup[];
  readonly isDisabled?: boolean;
  readonly onChange: (value: string) => void;
}

/**
 * A choice where every option has a sentence: the good ones first, the rest behind "More…" with a
 * search. It opens in the page, as text fields would show through anything laid over them (UXP).
 */
export function OptionPicker(props: OptionPickerProps) {
  const {
    label,
    name = label,
    shown,
    about,
    value,
    suggested,
    more,
    isDisabled = false,
    onChange,
  } = props;
  const [isOpen, setOpen] = useState(false);
  const field = useRef<HTMLDivElement>(null);
  const close = () => {
    setOpen(false);
    field.current?.focus();
  };
  const toggle = () => !isDisabled && setOpen(!isOpen);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!['Enter', ' ', 'ArrowDown', 'ArrowUp'].includes(event.key)) return;
    event.preventDefault();
    toggle();
  };
  const isListShown = isOpen && !isDisabled;
  return (
    <div className="option-picker">
      <Field label={label}>
        <div
          ref={field}
          className={isDisabled ? 'choice row grow is-disabled' : 'choice row grow'}
          role="combobox"
          aria-label={name}
          aria-expanded={isListShown}
          aria-haspopup="listbox"
          aria-disabled={isDisabled}
          tabIndex={isDisabled ? -1 : 0}
          onClick={toggle}
          onKeyDown={onKeyDown}
        >
          <div className="grow cut">{shown}</div>
          <div className="dim choice-sign">{isListShown ? '▴' : '▾'}</div>
        </div>
      </Field>
      {isListShown ? (
        <OptionList
          label={name}
          value={value}
          suggested={suggested}
          more={more}
          onChoose={(next) => {
            close();
            onChange(next);
          }}
          onClose={close}
        />
      ) : (
        about !== undefined && <div className="about tiny dim">{about}</div>
      )}
    </div>
  );
}
