import { useEffect, type ReactNode } from 'react';
import { useDomEvents, type SpectrumElement } from './useDomEvents.ts';

export interface CheckboxProps {
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
  readonly children: ReactNode;
}

export function Checkbox({ isChecked, onChange, children }: CheckboxProps) {
  const ref = useDomEvents({ change: (_, element) => onChange(element.checked) });
  useEffect(() => {
    const element = ref.current as SpectrumElement | null;
    if (element && element.checked !== isChecked) element.checked = isChecked;
  }, [ref, isChecked]);
  return (
    <sp-checkbox ref={ref} class="checkbox" size="s">
      {children}
    </sp-checkbox>
  );
}
