import type { ReactNode } from 'react';

export interface FieldProps {
  readonly label: string;
  readonly children: ReactNode;
}

/** A label and its control in one line; what does not fit goes below. */
export function Field({ label, children }: FieldProps) {
  return (
    <div className="row field wrap">
      <div className="field-label">{label}</div>
      {children}
    </div>
  );
}
