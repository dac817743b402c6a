/** A job's events as one async stream, over long polling: UXP has no EventSource. */
import { PentimentoError } from '../../shared/errors.ts';
import { isFinal, type JobEvent } from '../../shared/event.ts';
import type { ServiceClient } from './serviceClient.ts';

export interface FollowOptions {
  readonly client: Pick<ServiceClient, 'events'>;
  readonly jobId: string;
  /** Last event already seen; -1 for none. */
  readonly after: number;
  readonly signal: AbortSignal;
  /** Resolves after `ms`, or at once when the signal fires. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told when the service stops answering (true) and when it answers again (false). */
  readonly onSilence?: (isSilent: boolean) => void;
}

const waitSeconds = 25;
const firstPauseMs = 500;
const longestPauseMs = 8_000;

/**
 * Yields every event after `after` once and in order, up to and with the final one. While the service
 * does not answer it asks again with growing pauses; any other failure is thrown. Ends without a final
 * event only when the signal fires.
 */
export async function* followJob(options: FollowOptions): AsyncGenerator<JobEvent> {
  const { client, jobId, signal } = options;
  let after = options.after;
  let pauseMs = 0;
  while (!signal.aborted) {
    let events: JobEvent[];
    try {
      events = await client.events(jobId, { after, waitSeconds, signal });
    } catch (error) {
      if (signal.aborted) return;
      if (!isSilence(error)) throw error;
      options.onSilence?.(true);
      pauseMs = Math.min(longestPauseMs, Math.max(firstPauseMs, pauseMs * 2));
      await options.pause(pauseMs, signal);
      continue;
    }
    if (pauseMs > 0) options.onSilence?.(false);
    pauseMs = 0;
    for (const event of events) {
      if (event.seq <= after) continue;
      after = event.seq;
      yield event;
      if (isFinal(event)) return;
    }
  }
}

function isSilence(error: unknown): boolean {
  return (
    error instanceof PentimentoError &&
    (error.code === 'E_SERVICE_DOWN' || error.code === 'E_SHUTTING_DOWN')
  );
}
