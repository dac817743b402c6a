import { useEffect } from 'react';
import { useFlavour } from './flavour.ts';
import { useDomEvents, type SpectrumElement } from './useDomEvents.ts';

export interface TextAreaProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly rows: number;
  readonly onChange: (value: string) => void;
  /** Ctrl+Enter (Cmd+Enter). */
  readonly onSubmit?: () => void;
}

export function TextArea(props: TextAreaProps) {
  const { label, placeholder, value, rows, onChange, onSubmit } = props;
  const isNative = useFlavour() === 'native';
  const ref = useDomEvents({
    input: (_, element) => onChange(element.value),
    keydown: (event) => {
      const { key, ctrlKey, metaKey } = event as unknown as KeyboardEvent;
      if (key === 'Enter' && (ctrlKey || metaKey)) onSubmit?.();
    },
  });
  useEffect(() => {
    const element = ref.current as SpectrumElement | null;
    // Setting an equal value would move the caret.
    if (element && element.value !== value) element.value = value;
  }, [ref, value]);
  const empty = value === '' ? ' is-empty' : '';
  const shape = { class: `textarea textarea-${rows}${empty}`, 'aria-label': label, placeholder };
  if (isNative) return <sp-textarea ref={ref} {...shape} />;
  return <sp-textfield ref={ref} {...shape} label={label} multiline rows={rows} size="s" />;
}
