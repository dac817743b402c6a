import type { ReactNode } from 'react';

export interface OptionFrameProps {
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** The box that choices stand in; Escape closes it, ArrowDown goes from its search to the first one. */
export function OptionFrame({ onClose, children }: OptionFrameProps) {
  return (
    <div
      className="option-list"
      onKeyDown={(event) => {
        if (event.key === 'ArrowDown' && !event.defaultPrevented) {
          event.preventDefault();
          event.currentTarget.querySelector<HTMLElement>('[role="option"]')?.focus();
        }
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onClose();
      }}
    >
      {children}
    </div>
  );
}
