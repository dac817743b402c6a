import { useEffect } from 'react';
import { useDomEvents, type SpectrumElement } from './useDomEvents.ts';

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly width?: 'narrow' | 'wide';
  /** Called when the artist is done with it: Enter or leaving the field. */
  readonly onCommit: (value: string) => void;
}

/** One line of text that counts when it is left: numbers are half typed most of the time. */
export function TextField({ label, value, placeholder = '', width, onCommit }: TextFieldProps) {
  const ref = useDomEvents({
    change: (_, element) => {
      onCommit(element.value);
      element.value = value;
    },
    keydown: (event, element) => {
      if ((event as unknown as KeyboardEvent).key === 'Enter') onCommit(element.value);
    },
  });
  useEffect(() => {
    const element = ref.current as SpectrumElement | null;
    if (element && element.value !== value) element.value = value;
  });
  return (
    <sp-textfield
      ref={ref}
      class={`textfield textfield-${width ?? 'narrow'}`}
      size="s"
      label={label}
      aria-label={label}
      placeholder={placeholder}
    />
  );
}
