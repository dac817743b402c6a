import { NumberField } from './NumberField.tsx';

export interface PercentFieldProps {
  readonly label: string;
  /** 0..1; shown in whole percents. */
  readonly value: number;
  readonly onChange: (value: number) => void;
}

/** A share of 0..1 as 0 to 100 %. */
export function PercentField({ label, value, onChange }: PercentFieldProps) {
  return (
    <NumberField
      label={label}
      value={Math.round(value * 100)}
      range={{ min: 0, max: 100 }}
      digits={0}
      unit="%"
      onChange={(percent) => onChange(percent / 100)}
    />
  );
}
