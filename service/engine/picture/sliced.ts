/**
 * Long work in small parts: a generator that yields, after each part, how many pixels were visited.
 * Whoever drives it may listen to other things in between, so that a run can be stopped at once.
 */
import { setImmediate } from 'node:timers/promises';
import { PentimentoError } from '../../../shared/errors.ts';

/** Yields the visits of each part: one pixel looked at once, about 10 ns. */
export type Sliced<T> = Generator<number, T, void>;

/** No part visits more, but for a single step (a row, a patch) that does by itself. */
export const mostVisits = 100_000;
/** Visits between two looks at the event loop: 2 to 6 ms. */
const visitsBetweenLooks = 400_000;

/** Steps 0 .. count - 1 of about `visitsEach`, in parts: `work` does the steps from `from` on, before `to`. */
export function* inParts(
  count: number,
  visitsEach: number,
  work: (from: number, to: number) => void,
): Sliced<void> {
  const size = Math.max(1, Math.floor(mostVisits / Math.max(1, visitsEach)));
  for (let from = 0; from < count; from += size) {
    const to = Math.min(count, from + size);
    work(from, to);
    yield (to - from) * visitsEach;
  }
}

/** Does all of it at once. */
export function drain<T>(work: Sliced<T>): T {
  for (;;) {
    const state = work.next();
    if (state.done === true) return state.value;
  }
}

/**
 * Does all of it, other work of the process in between. `onVisits` is told the sum so far at each look at the
 * event loop. Throws E_CANCELLED when the signal is aborted.
 */
export async function giveWayBetween<T>(
  work: Sliced<T>,
  watch: { readonly signal?: AbortSignal | undefined; readonly onVisits?: (sum: number) => void },
): Promise<T> {
  let sum = 0;
  let next = 0;
  for (;;) {
    const state = work.next();
    if (state.done === true) return state.value;
    sum += state.value;
    if (sum < next) continue;
    next = sum + visitsBetweenLooks;
    watch.onVisits?.(sum);
    await setImmediate();
    if (watch.signal?.aborted) throw new PentimentoError('E_CANCELLED');
  }
}
