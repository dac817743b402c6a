/** A bucket of tries for those who fail: what succeeds is never held up by it. */
import type { Clock } from '../jobs/clock.ts';

export interface Limiter {
  /** Counts one failure; false when there were too many lately. */
  fail(): boolean;
  /** False when one more failure would be too many. */
  canFail(): boolean;
}

/** `burst` failures at once, then one more each `refillMs`. */
export function failureLimiter(clock: Clock, burst: number, refillMs: number): Limiter {
  let left = burst;
  let filledAt = clock.monotonicMs();
  const canFail = () => {
    const now = clock.monotonicMs();
    left = Math.min(burst, left + (now - filledAt) / refillMs);
    filledAt = now;
    return left >= 1;
  };
  return {
    canFail,
    fail() {
      const isAllowed = canFail();
      if (isAllowed) left -= 1;
      return isAllowed;
    },
  };
}
