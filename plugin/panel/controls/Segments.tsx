import type { KeyboardEvent } from 'react';
import type { Choice } from './Picker.tsx';

export interface SegmentsProps {
  readonly label: string;
  readonly look: 'chips' | 'segments';
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly onChange: (value: string) => void;
}

/** One of a few words side by side; arrow keys move, as in any group of radio buttons. */
export function Segments({ label, look, value, choices, onChange }: SegmentsProps) {
  const onKeyDown = (event: KeyboardEvent<HTMLElement>, index: number) => {
    const step = stepOf(event.key);
    const isPress = event.key === 'Enter' || event.key === ' ';
    if (step === 0 && !isPress) return;
    event.preventDefault();
    const next = choices[(index + step + choices.length) % choices.length];
    if (!next) return;
    onChange(next.value);
    const cells = event.currentTarget.parentElement?.children;
    const cell = cells?.[(index + step + choices.length) % choices.length];
    if (cell && 'focus' in cell) (cell as HTMLElement).focus();
  };
  const hasValue = choices.some((choice) => choice.value === value);
  return (
    <div className={look} role="radiogroup" aria-label={label}>
      {choices.map((choice, index) => {
        const isOn = choice.value === value;
        return (
          <div
            key={choice.value}
            className={isOn ? 'cell on' : 'cell'}
            role="radio"
            aria-checked={isOn}
            tabIndex={isOn || (!hasValue && index === 0) ? 0 : -1}
            onClick={() => onChange(choice.value)}
            onKeyDown={(event) => onKeyDown(event, index)}
          >
            {choice.label}
          </div>
        );
      })}
    </div>
  );
}

function stepOf(key: string): -1 | 0 | 1 {
  if (key === 'ArrowRight' || key === 'ArrowDown') return 1;
  return key === 'ArrowLeft' || key === 'ArrowUp' ? -1 : 0;
}
