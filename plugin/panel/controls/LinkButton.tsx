import type { KeyboardEvent, ReactNode, Ref } from 'react';

export interface LinkButtonProps {
  readonly onPress: () => void;
  readonly children: ReactNode;
  readonly label?: string;
  readonly isExpanded?: boolean;
  readonly elementRef?: Ref<HTMLElement>;
}

/** A quiet word that does something; plain tags, so that it flows inside a line of text. */
export function LinkButton(props: LinkButtonProps) {
  const { onPress, children, label, isExpanded, elementRef } = props;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    onPress();
  };
  return (
    <span
      ref={elementRef}
      className="link"
      role="button"
      tabIndex={0}
      onClick={onPress}
      onKeyDown={onKeyDown}
      aria-label={label}
      aria-expanded={isExpanded}
    >
      {children}
    </span>
  );
}
