import type { KeyboardEvent, ReactNode } from 'react';

export interface LinkButtonProps {
  readonly onPress: () => void;
  readonly children: ReactNode;
  readonly label?: string;
  readonly isExpanded?: boolean;
}

/** A quiet word that does something; plain tags, so that it flows inside a line of text. */
export function LinkButton({ onPress, children, label, isExpanded }: LinkButtonProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    onPress();
  };
  return (
    <span
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
