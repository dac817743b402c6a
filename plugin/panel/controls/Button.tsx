import type { ReactNode } from 'react';
import { useFlavour } from './flavour.ts';
import { useDomEvents } from './useDomEvents.ts';

export interface ButtonProps {
  readonly kind: 'main' | 'plain' | 'small';
  readonly isDisabled?: boolean;
  readonly onPress: () => void;
  readonly children: ReactNode;
  readonly id?: string;
}

export function Button({ kind, isDisabled = false, onPress, children, id }: ButtonProps) {
  const isNative = useFlavour() === 'native';
  const ref = useDomEvents({ click: () => !isDisabled && onPress() });
  const main = isNative ? 'cta' : 'accent';
  return (
    <sp-button
      ref={ref}
      id={id}
      class={`button button-${kind}`}
      size={kind === 'main' ? 'm' : 's'}
      variant={kind === 'main' ? main : 'secondary'}
      {...(kind === 'main' || isNative ? {} : { treatment: 'outline' })}
      disabled={isDisabled ? true : undefined}
    >
      {children}
    </sp-button>
  );
}
