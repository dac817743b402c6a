import type { Range } from '../../../shared/limits.ts';
import { TextField } from './TextField.tsx';

export interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly range: Pick<Range, 'min' | 'max'>;
  /** Digits after the point; 0 for whole numbers. */
  readonly digits: number;
  readonly unit?: string;
  readonly onChange: (value: number) => void;
}

/** Text that holds a number: native number fields check wrongly and end at 214748 (UXP PS-57698). */
export function NumberField({ label, value, range, digits, unit, onChange }: NumberFieldProps) {
  const onCommit = (text: string) => {
    const number = numberOf(text, range, digits);
    if (number !== undefined && number !== value) onChange(number);
  };
  const shown = value.toFixed(digits) + (unit === undefined ? '' : ` ${unit}`);
  return <TextField label={label} value={shown} onCommit={onCommit} />;
}

/** The number at the start of the text, inside the range; undefined when there is none. */
export function numberOf(
  text: string,
  range: Pick<Range, 'min' | 'max'>,
  digits: number,
): number | undefined {
  const number = Number.parseFloat(text.replace(',', '.'));
  if (!Number.isFinite(number)) return undefined;
  return Math.min(range.max, Math.max(range.min, Number(number.toFixed(digits))));
}
