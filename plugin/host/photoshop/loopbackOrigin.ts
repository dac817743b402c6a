/** Which of its two names reaches the service: Photoshop does not treat them alike everywhere. */
import { defaultPort } from '../../../shared/limits.ts';

/** Both are listed in manifest.json, exactly so: undeclared origins are refused without a word. */
const origins = [`http://127.0.0.1:${defaultPort}`, `http://localhost:${defaultPort}`] as const;

export interface LoopbackOrigin {
  /** The origin to address next. */
  readonly baseUrl: string;
  readonly fetch: (request: Request) => Promise<Response>;
}

/**
 * Begins with 127.0.0.1, where the service listens. A request that finds nobody makes the next one
 * try the other name, until one has answered (macOS and some security programs allow only one of
 * them). Rejects as `fetch` does.
 */
export function loopbackOrigin(fetch: (request: Request) => Promise<Response>): LoopbackOrigin {
  let chosen = 0;
  let hasAnswered = false;
  return {
    get baseUrl() {
      return origins[chosen] ?? origins[0];
    },
    async fetch(request) {
      const asked = chosen;
      try {
        const answer = await fetch(request);
        hasAnswered = true;
        return answer;
      } catch (error) {
        const isOwnAbort = request.signal?.aborted === true;
        if (!hasAnswered && !isOwnAbort && chosen === asked) chosen = 1 - chosen;
        throw error;
      }
    },
  };
}
