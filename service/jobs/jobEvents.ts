/**
 * What jobs tell, numbered per job. Events are rows, written in the same transaction as the change
 * they tell of; steps and previews live in memory only, the newest of each.
 */
import { z } from 'zod';
import { isFinal, JobEvent } from '../../shared/event.ts';
import type { Clock } from './clock.ts';
import type { Store } from './store.ts';

type WithoutSeq<T> = T extends unknown ? Omit<T, 'seq'> : never;
/** An event before it has its number. */
export type EventDraft = WithoutSeq<JobEvent>;

/**
 * Numbers given to steps die with the process, so after a restart the count goes on at the next
 * multiple of this: a reader that saw a late step never waits for a number that comes again.
 */
const numbersPerLife = 1_000_000;

interface Live {
  seq: number;
  step?: JobEvent;
  preview?: JobEvent;
  readonly waiters: Set<() => void>;
}

export class JobEvents {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #live = new Map<string, Live>();
  #isClosed = false;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Writes the event together with `change`, then tells who waits. Returns false, and writes nothing,
   * when `change` returns false. Throws E_DISK_FULL, E_STORAGE.
   */
  record(draft: EventDraft, change: () => boolean = () => true): boolean {
    const live = this.#liveOf(draft.jobId);
    const event = JobEvent.parse({ ...draft, seq: live.seq + 1 });
    const isWritten = this.#store.transact(() => {
      if (!change()) return false;
      this.#store.db
        .prepare('INSERT INTO job_events (job_id, seq, event) VALUES (?, ?, ?)')
        .run(event.jobId, event.seq, JSON.stringify(event));
      return true;
    });
    if (!isWritten) return false;
    live.seq = event.seq;
    if (isFinal(event)) {
      delete live.step;
      delete live.preview;
    }
    wake(live);
    return true;
  }

  /** A step or a preview: kept in memory until the next one. */
  show(draft: Extract<EventDraft, { type: 'step' | 'preview' }>): void {
    const live = this.#liveOf(draft.jobId);
    live.seq += 1;
    const event = JobEvent.parse({ ...draft, seq: live.seq });
    if (event.type === 'step') live.step = event;
    else live.preview = event;
    wake(live);
  }

  /** Everything after `seq`, oldest first. */
  read(jobId: string, after: number): JobEvent[] {
    const rows = z
      .array(z.string())
      .parse(
        this.#store.db
          .prepare('SELECT event FROM job_events WHERE job_id = ? AND seq > ? ORDER BY seq')
          .pluck()
          .all(jobId, after),
      );
    const events = rows.map((text) => JobEvent.parse(JSON.parse(text)));
    const live = this.#live.get(jobId);
    for (const event of [live?.step, live?.preview]) {
      if (event && event.seq > after) events.push(event);
    }
    return events.toSorted((a, b) => a.seq - b.seq);
  }

  /** Like `read`, but waits up to `waitMs` for something new; an empty list when nothing came. */
  async wait(
    jobId: string,
    after: number,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<JobEvent[]> {
    const deadline = this.#clock.monotonicMs() + waitMs;
    for (;;) {
      const ready = this.read(jobId, after);
      const leftMs = deadline - this.#clock.monotonicMs();
      if (ready.length > 0 || leftMs <= 0 || this.#isClosed || signal?.aborted) return ready;
      await this.#nextChange(jobId, leftMs, signal);
    }
  }

  #nextChange(jobId: string, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const live = this.#liveOf(jobId);
    return new Promise<void>((resolve) => {
      const finish = () => {
        live.waiters.delete(finish);
        forgetTimer();
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const forgetTimer = this.#clock.timer(waitMs, finish);
      signal?.addEventListener('abort', finish);
      live.waiters.add(finish);
    });
  }

  /** Number of readers that wait now. */
  waiterCount(): number {
    let count = 0;
    for (const live of this.#live.values()) count += live.waiters.size;
    return count;
  }

  /** A finished job needs no memory; its events stay in the database. */
  forget(jobId: string): void {
    const live = this.#live.get(jobId);
    if (live && live.waiters.size === 0) this.#live.delete(jobId);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Lets every reader go; later ones do not wait any more. */
  close(): void {
    this.#isClosed = true;
    for (const live of this.#live.values()) wake(live);
  }

  #liveOf(jobId: string): Live {
    const known = this.#live.get(jobId);
    if (known) return known;
    const last = Number(
      this.#store.db
        .prepare('SELECT COALESCE(MAX(seq), 0) FROM job_events WHERE job_id = ?')
        .pluck()
        .get(jobId),
    );
    const live: Live = {
      seq: last === 0 ? 0 : Math.ceil(last / numbersPerLife) * numbersPerLife,
      waiters: new Set(),
    };
    this.#live.set(jobId, live);
    return live;
  }
}

function wake(live: Live): void {
  for (const waiter of live.waiters) waiter();
}
