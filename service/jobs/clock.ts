/** Time as a parameter. Time limits use the monotonic clock: the wall clock may jump. */
export interface Clock {
  /** Milliseconds since 1970, for what people read. */
  wallMs(): number;
  /** Milliseconds since some moment; never goes back. */
  monotonicMs(): number;
  /** Calls `action` once after `ms`; the returned function forgets it. */
  timer(ms: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  timer(ms, action) {
    const handle = setTimeout(action, ms);
    handle.unref();
    return () => clearTimeout(handle);
  },
};
