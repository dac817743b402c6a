import { useLayoutEffect, useRef, type RefObject } from 'react';

/** The values that Spectrum elements have beside the ordinary ones of an element. */
export type SpectrumElement = HTMLElement & {
  value: string;
  checked: boolean;
  selectedIndex: number;
};

type Handlers = Readonly<Record<string, (event: Event, element: SpectrumElement) => void>>;

/**
 * Listens on the element itself: native Spectrum tags do not reach React's event props (UXP known
 * issues). The newest handlers are called; `names` decides what is attached.
 */
export function useDomEvents(handlers: Handlers): RefObject<HTMLElement | null> {
  const ref = useRef<HTMLElement>(null);
  const newest = useRef(handlers);
  // With the drawing itself: a press on a button that has just come alive must not meet the old handler.
  useLayoutEffect(() => {
    newest.current = handlers;
  });
  const names = Object.keys(handlers).join(' ');
  useLayoutEffect(() => {
    const element = ref.current as SpectrumElement | null;
    if (!element) return undefined;
    const listen = (event: Event) => newest.current[event.type]?.(event, element);
    const all = names.split(' ');
    for (const name of all) element.addEventListener(name, listen);
    return () => {
      for (const name of all) element.removeEventListener(name, listen);
    };
  }, [names]);
  return ref;
}
