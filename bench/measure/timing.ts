/** Times of pieces of work, few repetitions: the machine may be somebody else's too. */

export interface Timed<T> {
  /** Of all repetitions but the warm-ups. */
  readonly medianMs: number;
  readonly fastestMs: number;
  /** What the last repetition answered. */
  readonly value: T;
}

interface Repetitions {
  readonly warmUps?: number;
  readonly repetitions?: number;
}

/** Runs `work` a few times, one after the other. */
export async function timed<T>(
  work: () => T | Promise<T>,
  { warmUps = 2, repetitions = 5 }: Repetitions = {},
): Promise<Timed<T>> {
  const all: number[] = [];
  let value = await work();
  for (let i = 1; i < warmUps + repetitions; i++) {
    const start = performance.now();
    value = await work();
    if (i >= warmUps) all.push(performance.now() - start);
  }
  return { medianMs: median(all), fastestMs: Math.min(...all), value };
}

/** The middle value; of an even number the upper one of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
