import { createContext, useContext } from 'react';

/** Whose Spectrum tags are drawn: Photoshop's own, or the web components of the browser build. */
export type Flavour = 'native' | 'web';

export const FlavourContext = createContext<Flavour>('web');

export function useFlavour(): Flavour {
  return useContext(FlavourContext);
}
