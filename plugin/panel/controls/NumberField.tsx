import { useState } from 'react';
import type { Range } from '../../../shared/limits.ts';
import { TextField } from './TextField.tsx';

export interface NumberFieldProps {
  readonly label: string;
  /** Undefined: nothing is set, and the placeholder says what holds. */
  readonly value: number | undefined;
  readonly range: Pick<Range, 'min' | 'max'>;
  /** Digits after the point; 0 for whole numbers. */
  readonly digits: number;
  readonly unit?: string;
  readonly placeholder?: string;
  /** Room for long numbers where there is some. */
  readonly isLong?: boolean;
  readonly onChange: (value: number) => void;
  /** Called when the field is emptied; without it a number is needed. */
  readonly onClear?: () => void;
}

/** Text that holds a number: native number fields check wrongly and end at 214748 (UXP PS-57698). */
export function NumberField(props: NumberFieldProps) {
  const { label, value, range, digits, unit, placeholder = '', onChange, onClear } = props;
  /** What is wrong with the text that was typed while `value` held. */
  const [refused, setRefused] = useState<{ readonly problem: string; readonly value?: number }>();
  const problem = refused && refused.value === value ? refused.problem : undefined;
  const onCommit = (text: string): boolean => {
    if (text.trim() === '' && onClear) {
      setRefused(undefined);
      onClear();
      return true;
    }
    const read = readNumber(text, range, digits);
    if ('problem' in read) {
      const stays = value === undefined ? '' : ` ${shownNumber(value, digits, unit)} stays in use.`;
      setRefused({
        problem: read.problem + stays,
        ...(value === undefined ? {} : { value }),
      });
      return false;
    }
    setRefused(undefined);
    if (read.number !== value) onChange(read.number);
    return true;
  };
  return (
    <>
      <TextField
        label={label}
        value={value === undefined ? '' : shownNumber(value, digits, unit)}
        placeholder={placeholder}
        {...(props.isLong === true ? { width: 'long' } : {})}
        isInvalid={problem !== undefined}
        onCommit={onCommit}
      />
      {problem !== undefined && (
        <div className="problem tiny" role="alert">
          {problem}
        </div>
      )}
    </>
  );
}

function shownNumber(value: number, digits: number, unit: string | undefined): string {
  return value.toFixed(digits) + (unit === undefined ? '' : ` ${unit}`);
}

/** The number at the start of the text, or what is wrong with it in a sentence. */
export function readNumber(
  text: string,
  { min, max }: Pick<Range, 'min' | 'max'>,
  digits: number,
): { readonly number: number } | { readonly problem: string } {
  const number = Number.parseFloat(text.replace(',', '.'));
  if (!Number.isFinite(number)) return { problem: 'A number is needed here.' };
  const rounded = Number(number.toFixed(digits));
  if (rounded >= min && rounded <= max) return { number: rounded };
  if (max >= Number.MAX_SAFE_INTEGER) return { problem: `It begins at ${min}.` };
  return { problem: `It goes from ${min} to ${max}.` };
}
