/** Times of pieces of work, few repetitions: the machine may be somebody else's too. */

/** Of several measurements of the same. */
export interface Summary {
  readonly median: number;
  readonly least: number;
}

export interface Timed<T> {
  /** Milliseconds. */
  readonly ms: Summary;
  /** What the last repetition answered. */
  readonly value: T;
}

interface Repetitions {
  /** Not counted; at least 1. */
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
  return { ms: summaryOf(all), value };
}

/**
 * As long as it takes to be sure of quick work: 5 to 25 repetitions, as many as 0.4 s allow, after 0.2 s that
 * do not count (what is compiled at run time is compiled then).
 */
export async function timedFor(work: () => unknown): Promise<Summary> {
  const warmUp = performance.now();
  await work();
  while (performance.now() - warmUp < 200) await work();
  const all: number[] = [];
  const begun = performance.now();
  while (all.length < 5 || (performance.now() - begun < 400 && all.length < 25)) {
    const start = performance.now();
    await work();
    all.push(performance.now() - start);
  }
  return summaryOf(all);
}

/** The median of an even number of values is the upper one of the two in the middle. */
export function summaryOf(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)], least: sorted[0] };
}
