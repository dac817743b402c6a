/** The token counters: asked for a moment after the artist stopped typing. */
import type { TokenRequest } from '../../../shared/api.ts';
import { maxPromptCharacters } from '../../../shared/limits.ts';
import type { SessionParts } from '../parts.ts';
import type { SessionState } from '../state.ts';

const quietMs = 250;

/** Watches the prompts and keeps their counts in step; answers the way to stop. */
export function keepCounting(parts: SessionParts): () => void {
  const { store } = parts;
  let asked = '';
  let stopAsking = new AbortController();
  const consider = () => {
    const request = requestFor(store.getState());
    const wanted = request ? JSON.stringify(request) : '';
    if (wanted === asked) return;
    asked = wanted;
    stopAsking.abort();
    stopAsking = new AbortController();
    if (request) void ask(parts, request, stopAsking.signal);
    else store.dispatch({ type: 'tokensCounted', counts: undefined });
  };
  consider();
  const unsubscribe = store.subscribe(consider);
  return () => {
    unsubscribe();
    stopAsking.abort();
  };
}

function requestFor({ service, settings }: SessionState): TokenRequest | undefined {
  const { prompt, negativePrompt, dialect, emphasis } = settings;
  const isTooLong = [prompt, negativePrompt].some((text) => text.length > maxPromptCharacters);
  if (service.phase !== 'ready' || isTooLong) return undefined;
  return { texts: [prompt, negativePrompt], dialect, emphasis };
}

async function ask(parts: SessionParts, request: TokenRequest, signal: AbortSignal): Promise<void> {
  await parts.pause(quietMs, signal);
  if (signal.aborted) return;
  try {
    const [prompt, negativePrompt] = await parts.client.countTokens(request, signal);
    const counts = prompt && negativePrompt ? { prompt, negativePrompt } : undefined;
    if (!signal.aborted) parts.store.dispatch({ type: 'tokensCounted', counts });
  } catch {
    // A missing counter is no reason to disturb; what ails the service is told elsewhere.
    if (!signal.aborted) parts.store.dispatch({ type: 'tokensCounted', counts: undefined });
  }
}
