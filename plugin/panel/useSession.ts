import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Session } from '../session/session.ts';
import type { SessionState } from '../session/state.ts';

export const SessionContext = createContext<Session | undefined>(undefined);

/** The session and its present state; redraws after every change. */
export function useSession(): readonly [SessionState, Session] {
  const session = useContext(SessionContext);
  if (!session) throw new Error('Expected a session around the panel.');
  const state = useSyncExternalStore(session.subscribe, session.getState, session.getState);
  return [state, session];
}
