/** What is kept how long: results and inputs under one byte quota, the oldest fetched ones go first. */
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { BlobStore } from './blobs.ts';
import type { Store } from './store.ts';

const undeliveredAgeMs = 24 * 3_600_000;
/** Objects removed in one sweep; the next sweep goes on. */
const perSweep = 200;

const Candidate = z.object({ sha256: z.string(), size: z.number(), kind: z.string() });

/** True while a job or a result needs the object. */
export function isReferenced(store: Store, sha256: string): boolean {
  const found: unknown = store.db
    .prepare(
      `SELECT 1 FROM jobs WHERE input_sha256 = @sha256
       UNION ALL SELECT 1 FROM results WHERE sha256 = @sha256 AND lost = 0 LIMIT 1`,
    )
    .get({ sha256 });
  return found !== undefined;
}

export interface SweepOptions {
  readonly quotaBytes: number;
  readonly wallMs: number;
}

/**
 * Brings the store under its quota: inputs of finished jobs first (oldest first), then results that
 * were fetched, then results older than a day. Waiting and running jobs are never touched.
 * Returns the bytes freed.
 */
export async function sweep(
  store: Store,
  blobs: BlobStore,
  options: SweepOptions,
): Promise<number> {
  let excess = storedBytes(store) - options.quotaBytes;
  let freed = 0;
  if (excess <= 0) return 0;
  for (const candidate of candidates(store, options.wallMs)) {
    if (excess <= 0) break;
    store.transact(() => {
      const sql =
        candidate.kind === 'input'
          ? `UPDATE jobs SET input_sha256 = NULL
             WHERE input_sha256 = ? AND state IN ('done','failed','cancelled')`
          : 'UPDATE results SET lost = 1 WHERE sha256 = ?';
      store.db.prepare(sql).run(candidate.sha256);
    });
    // Seen to be unused and removed in one turn; the next candidate has another, so that requests are heard.
    if (!isReferenced(store, candidate.sha256) && blobs.remove(candidate.sha256)) {
      excess -= candidate.size;
      freed += candidate.size;
    }
    await setImmediate();
  }
  return freed;
}

function storedBytes(store: Store): number {
  return Number(
    store.db
      .prepare(
        `SELECT (SELECT COALESCE(SUM(input_bytes), 0) FROM jobs WHERE input_sha256 IS NOT NULL)
         + (SELECT COALESCE(SUM(size_bytes), 0) FROM results WHERE lost = 0)`,
      )
      .pluck()
      .get(),
  );
}

function candidates(store: Store, wallMs: number): Array<z.infer<typeof Candidate>> {
  const rows = store.db
    .prepare(
      `SELECT sha256, size, kind FROM (
         SELECT input_sha256 AS sha256, input_bytes AS size, 'input' AS kind, 0 AS rank, finished_at AS at
         FROM jobs WHERE input_sha256 IS NOT NULL AND state IN ('done','failed','cancelled')
         UNION ALL
         SELECT sha256, size_bytes, 'result', 1, delivered_at FROM results
         WHERE lost = 0 AND delivered_at IS NOT NULL
         UNION ALL
         SELECT sha256, size_bytes, 'result', 2, created_at FROM results
         WHERE lost = 0 AND delivered_at IS NULL AND created_at < ?
       ) ORDER BY rank, at LIMIT ${perSweep}`,
    )
    .all(wallMs - undeliveredAgeMs);
  return z.array(Candidate).parse(rows);
}
