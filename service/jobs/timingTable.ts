/** How fast this machine was: what the plan's seconds are estimated from. */
import { z } from 'zod';
import type { Store } from './store.ts';

const kept = 15;

export class TimingTable {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  record(device: string, secondsPerMegapixelStep: number, wallMs: number): void {
    if (!Number.isFinite(secondsPerMegapixelStep) || secondsPerMegapixelStep <= 0) return;
    this.#store.transact(() => {
      const { db } = this.#store;
      db.prepare(
        'INSERT INTO timings (device, seconds_per_megapixel_step, at) VALUES (?, ?, ?)',
      ).run(device, secondsPerMegapixelStep, wallMs);
      db.prepare(
        `DELETE FROM timings WHERE device = ? AND n NOT IN
         (SELECT n FROM timings WHERE device = ? ORDER BY n DESC LIMIT ${kept})`,
      ).run(device, device);
    });
  }

  /** Median of the newest runs, so that one run beside a busy editor does not count. */
  secondsPerMegapixelStep(device: string): number | undefined {
    const values = z
      .array(z.number())
      .parse(
        this.#store.db
          .prepare('SELECT seconds_per_megapixel_step FROM timings WHERE device = ?')
          .pluck()
          .all(device),
      );
    values.sort((a, b) => a - b);
    return values[Math.floor(values.length / 2)];
  }
}
