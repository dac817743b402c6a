/** Stopping a service that nobody uses any more (--idle). */
import type { Clock } from './clock.ts';
import type { Data } from './openData.ts';

const checkMs = 5_000;

export interface IdleParts {
  readonly clock: Clock;
  /** Monotonic. */
  readonly server: { lastRequestMs(): number };
  readonly data: Pick<Data, 'jobs' | 'events'>;
  readonly stop: () => Promise<void>;
}

/** Stops after so many minutes without a request, a reader or a job; 0: never. */
export function stopWhenIdle(idleMinutes: number, parts: IdleParts): void {
  if (idleMinutes <= 0) return;
  const { clock, server, data, stop } = parts;
  const check = () => {
    const isBusy =
      data.events.waiterCount() > 0 ||
      data.jobs.queuedCount() > 0 ||
      data.jobs.running().length > 0;
    const quietMs = clock.monotonicMs() - server.lastRequestMs();
    if (!isBusy && quietMs >= idleMinutes * 60_000) void stop();
    else clock.timer(checkMs, check);
  };
  clock.timer(checkMs, check);
}
