import type { Action } from './reduce.ts';
import { reduce } from './reduce.ts';
import type { SessionState } from './state.ts';

export interface Store {
  readonly getState: () => SessionState;
  readonly dispatch: (action: Action) => void;
  /** Calls back after every change; answers the way to stop. */
  readonly subscribe: (listener: () => void) => () => void;
}

/** The one owner of the state. */
export function createStore(initial: SessionState): Store {
  let state = initial;
  const listeners = new Set<() => void>();
  return {
    getState: () => state,
    dispatch: (action) => {
      const next = reduce(state, action);
      if (next === state) return;
      state = next;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
