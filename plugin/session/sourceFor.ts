import { hasSelection, situationOf } from './select.ts';
import type { SessionState } from './state.ts';

/** What is read: a selection from what is visible, a whole layer from the layer itself. */
export function sourceFor(state: SessionState): 'layer' | 'composite' {
  const { source } = state.settings;
  if (source !== 'automatic') return source;
  return hasSelection(state) || situationOf(state) === 'expand' ? 'composite' : 'layer';
}
