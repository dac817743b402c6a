import { useEffect, useImperativeHandle, type Ref } from 'react';
import { caretOf, type TextSelection } from './caret.ts';
import { useFlavour } from './flavour.ts';
import { useDomEvents, type SpectrumElement } from './useDomEvents.ts';

/** The text and what is selected in it afterwards; undefined changes nothing. */
export type TextEdit = (
  text: string,
  selection: TextSelection,
) => ({ readonly text: string } & TextSelection) | undefined;

export interface TextAreaHandle {
  /** Changes the text at its caret, or at its end where the field does not tell, and goes there. */
  edit(edit: TextEdit): void;
}

export interface TextAreaProps {
  readonly handle?: Ref<TextAreaHandle>;
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly rows: number;
  readonly onChange: (value: string) => void;
  /** Ctrl+Up (1) and Ctrl+Down (-1). */
  readonly onWeigh?: (
    text: string,
    selection: TextSelection,
    direction: 1 | -1,
  ) => ReturnType<TextEdit>;
  /** Ctrl+Enter (Cmd+Enter). */
  readonly onSubmit?: () => void;
}

export function TextArea(props: TextAreaProps) {
  const { handle, label, placeholder, value, rows, onChange, onWeigh, onSubmit } = props;
  const isNative = useFlavour() === 'native';
  const ref = useDomEvents({
    input: (_, element) => onChange(element.value),
    keydown: (event, element) => {
      const { key, ctrlKey, metaKey } = event as unknown as KeyboardEvent;
      if (!ctrlKey && !metaKey) return;
      if (key === 'Enter') onSubmit?.();
      if (key === 'ArrowUp' || key === 'ArrowDown') {
        // The page would scroll, or the caret jump to the beginning.
        event.preventDefault();
        weigh(element, key === 'ArrowUp' ? 1 : -1);
      }
    },
  });
  const weigh = (element: SpectrumElement, direction: 1 | -1) => {
    const caret = caretOf(element);
    const edited = caret && onWeigh?.(element.value, caret.selection, direction);
    if (edited) show(element, edited);
  };
  const show = (element: SpectrumElement, edited: NonNullable<ReturnType<TextEdit>>) => {
    element.value = edited.text;
    caretOf(element)?.show(edited.text, edited);
    onChange(edited.text);
  };
  useImperativeHandle(handle, () => ({
    edit(edit) {
      const element = ref.current as SpectrumElement | null;
      if (!element) return;
      const end = { start: element.value.length, end: element.value.length };
      const edited = edit(element.value, caretOf(element)?.selection ?? end);
      if (edited) show(element, edited);
      element.focus();
    },
  }));
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
