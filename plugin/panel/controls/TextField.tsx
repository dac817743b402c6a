import { useEffect, useState } from 'react';
import { useDomEvents, type SpectrumElement } from './useDomEvents.ts';

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly width?: 'narrow' | 'long' | 'wide' | 'full';
  /** What was typed could not be used: it stays where it is. */
  readonly isInvalid?: boolean;
  /** Typing can begin as soon as it is there. */
  readonly isFocused?: boolean;
  /** Called when the artist is done with it: Enter or leaving the field. False: it could not be used. */
  readonly onCommit: (value: string) => boolean | void;
  /** Called instead for Enter, where leaving the field should do less. */
  readonly onEnter?: (value: string) => void;
  /** Called with every letter. */
  readonly onType?: (value: string) => void;
}

/** One line of text that counts when it is left: numbers are half typed most of the time. */
export function TextField(props: TextFieldProps) {
  const { label, value, placeholder = '', width, isInvalid = false, onCommit, onType } = props;
  const isFocused = props.isFocused === true;
  const [typed, setTyped] = useState<string>();
  const ref = useDomEvents({
    change: (_, element) => {
      if (onCommit(element.value) === false) return;
      setTyped(undefined);
      element.value = value;
    },
    input: (_, element) => {
      setTyped(element.value);
      onType?.(element.value);
    },
    keydown: (event, element) => {
      if ((event as unknown as KeyboardEvent).key === 'Enter')
        (props.onEnter ?? onCommit)(element.value);
    },
  });
  useEffect(() => {
    const element = ref.current as SpectrumElement | null;
    if (element && !isInvalid && element.value !== value) element.value = value;
  }, [ref, value, isInvalid]);
  useEffect(() => {
    const element = ref.current;
    if (isFocused && element) void drawn(element).then(() => element.focus());
  }, [ref, isFocused]);
  const classes = ['textfield', `textfield-${width ?? 'narrow'}`];
  if (isInvalid) classes.push('is-invalid');
  // Placeholders have the colour of text unless the style knows that there is none.
  if ((typed ?? value) === '') classes.push('is-empty');
  return (
    <sp-textfield
      ref={ref}
      class={classes.join(' ')}
      size="s"
      label={label}
      aria-label={label}
      aria-invalid={isInvalid ? true : undefined}
      placeholder={placeholder}
    />
  );
}

/** Web components draw their insides a moment after they come into the page. */
async function drawn(element: HTMLElement): Promise<void> {
  if ('updateComplete' in element) await element.updateComplete;
}
