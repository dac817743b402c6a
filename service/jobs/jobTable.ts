/**
 * Jobs and results as rows: accepted -> queued -> running -> done | failed | cancelled. Every change of
 * a running job names its attempt (fencing): what an engine of an earlier attempt says changes nothing.
 */
import { z } from 'zod';
import { Problem } from '../../shared/errors.ts';
import { ResultInfo, type JobState } from '../../shared/event.ts';
import { GenerateRequest } from '../../shared/request.ts';
import type { Store } from './store.ts';

export interface Job {
  readonly id: string;
  readonly clientId: string;
  readonly bodySha256: string;
  readonly state: JobState;
  readonly attempt: number;
  readonly isCancelAsked: boolean;
  readonly request: GenerateRequest;
  readonly inputSha256: string | undefined;
  readonly problem: Problem | undefined;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface NewJob {
  readonly id: string;
  readonly clientId: string;
  readonly idempotencyKey: string | undefined;
  /** SHA-256 (hex) of the body as it arrived; tells a repeated request from another one. */
  readonly bodySha256: string;
  readonly inputBytes: number;
  readonly request: GenerateRequest;
  readonly createdAt: number;
}

/** Whose jobs are meant: a client's own, or (undefined) everybody's. */
export type Scope = string | undefined;

const JobRow = z.object({
  id: z.string(),
  client_id: z.string(),
  body_sha256: z.string(),
  state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  attempt: z.number(),
  cancel_asked: z.number(),
  request: z.string(),
  input_sha256: z.string().nullable(),
  problem: z.string().nullable(),
  created_at: z.number(),
});

const ResultRow = z.object({ info: z.string(), lost: z.number(), client_id: z.string() });

export interface StoredResult {
  readonly info: ResultInfo;
  readonly isLost: boolean;
}

export class JobTable {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  insert(job: NewJob): void {
    this.#store.db
      .prepare(
        `INSERT INTO jobs (id, client_id, idem_key, body_sha256, state, request, input_sha256,
         input_bytes, created_at) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?)`,
      )
      .run(
        job.id,
        job.clientId,
        job.idempotencyKey ?? null,
        job.bodySha256,
        JSON.stringify(job.request),
        job.bodySha256,
        job.inputBytes,
        job.createdAt,
      );
  }

  get(id: string, scope: Scope): Job | undefined {
    const job = this.#one('SELECT * FROM jobs WHERE id = ?', id);
    return job && (scope === undefined || job.clientId === scope) ? job : undefined;
  }

  byKey(clientId: string, idempotencyKey: string): Job | undefined {
    return this.#one(
      'SELECT * FROM jobs WHERE client_id = ? AND idem_key = ?',
      clientId,
      idempotencyKey,
    );
  }

  /** Newest first; `before`: only those older than that job. */
  list(scope: Scope, page: { before?: string | undefined; limit: number }): Job[] {
    const rows = this.#store.db
      .prepare(
        `SELECT * FROM jobs WHERE (@scope IS NULL OR client_id = @scope)
         AND (@before IS NULL OR n < (SELECT n FROM jobs WHERE id = @before))
         ORDER BY n DESC LIMIT @limit`,
      )
      .all({ scope: scope ?? null, before: page.before ?? null, limit: page.limit });
    return rows.map(jobOfRow);
  }

  /** The oldest that waits. */
  next(): Job | undefined {
    return this.#one("SELECT * FROM jobs WHERE state = 'queued' ORDER BY n LIMIT 1");
  }

  running(): Job[] {
    return this.#store.db
      .prepare("SELECT * FROM jobs WHERE state = 'running' ORDER BY n")
      .all()
      .map(jobOfRow);
  }

  queuedCount(): number {
    return this.#count("SELECT COUNT(*) FROM jobs WHERE state = 'queued'");
  }

  /** Waiting or running jobs that were accepted before this one. */
  aheadOf(id: string): number {
    return this.#count(
      `SELECT COUNT(*) FROM jobs WHERE state IN ('queued','running')
       AND n < (SELECT n FROM jobs WHERE id = ?)`,
      id,
    );
  }

  /** queued -> running with the next attempt number; false when it is not waiting any more. */
  start(id: string): boolean {
    return this.#changed(
      "UPDATE jobs SET state = 'running', attempt = attempt + 1 WHERE id = ? AND state = 'queued'",
      id,
    );
  }

  /** running -> queued; a start that was no crash (the service stops) does not count as an attempt. */
  requeue(id: string, attempt: number, options: { isCounted: boolean }): boolean {
    return this.#changed(
      `UPDATE jobs SET state = 'queued', attempt = ?
       WHERE id = ? AND state = 'running' AND attempt = ?`,
      options.isCounted ? attempt : attempt - 1,
      id,
      attempt,
    );
  }

  /** The end of a run; false when another attempt or an end came first. */
  finish(
    id: string,
    attempt: number,
    end: { state: 'done' | 'failed' | 'cancelled'; problem?: Problem; at: number },
  ): boolean {
    return this.#changed(
      `UPDATE jobs SET state = ?, problem = ?, finished_at = ?
       WHERE id = ? AND state = 'running' AND attempt = ?`,
      end.state,
      end.problem ? JSON.stringify(end.problem) : null,
      end.at,
      id,
      attempt,
    );
  }

  cancelQueued(id: string, at: number): boolean {
    return this.#changed(
      `UPDATE jobs SET state = 'cancelled', cancel_asked = 1, finished_at = ?
       WHERE id = ? AND state = 'queued'`,
      at,
      id,
    );
  }

  /** Remembered, so that a crash before the engine obeyed ends in `cancelled`, not in a new run. */
  askCancel(id: string): boolean {
    return this.#changed(
      "UPDATE jobs SET cancel_asked = 1 WHERE id = ? AND state = 'running' AND cancel_asked = 0",
      id,
    );
  }

  /** False when this attempt no longer counts or the picture was already there. */
  addResult(info: ResultInfo, attempt: number, at: number): boolean {
    return this.#changed(
      `INSERT OR IGNORE INTO results (id, job_id, idx, sha256, size_bytes, info, created_at)
       SELECT ?, id, ?, ?, ?, ?, ? FROM jobs WHERE id = ? AND state = 'running' AND attempt = ?`,
      info.id,
      info.index,
      info.sha256,
      info.sizeBytes,
      JSON.stringify(info),
      at,
      info.jobId,
      attempt,
    );
  }

  resultsOf(jobId: string): ResultInfo[] {
    const rows = z
      .array(z.string())
      .parse(
        this.#store.db
          .prepare('SELECT info FROM results WHERE job_id = ? ORDER BY idx')
          .pluck()
          .all(jobId),
      );
    return rows.map((text) => ResultInfo.parse(JSON.parse(text)));
  }

  result(id: string, scope: Scope): StoredResult | undefined {
    const row = ResultRow.optional().parse(
      this.#store.db
        .prepare(
          `SELECT r.info, r.lost, j.client_id FROM results r
           JOIN jobs j ON j.id = r.job_id WHERE r.id = ?`,
        )
        .get(id),
    );
    if (!row || (scope !== undefined && row.client_id !== scope)) return undefined;
    return { info: ResultInfo.parse(JSON.parse(row.info)), isLost: row.lost === 1 };
  }

  markDelivered(resultId: string, at: number): void {
    this.#store.transact(() =>
      this.#changed(
        'UPDATE results SET delivered_at = ? WHERE id = ? AND delivered_at IS NULL',
        at,
        resultId,
      ),
    );
  }

  markLost(resultId: string): void {
    this.#store.transact(() => this.#changed('UPDATE results SET lost = 1 WHERE id = ?', resultId));
  }

  #one(sql: string, ...values: readonly (string | number)[]): Job | undefined {
    const row: unknown = this.#store.db.prepare(sql).get(...values);
    return row === undefined ? undefined : jobOfRow(row);
  }

  #count(sql: string, ...values: readonly string[]): number {
    return Number(
      this.#store.db
        .prepare(sql)
        .pluck()
        .get(...values),
    );
  }

  #changed(sql: string, ...values: readonly (string | number | null)[]): boolean {
    return this.#store.db.prepare(sql).run(...values).changes > 0;
  }
}

function jobOfRow(found: unknown): Job {
  const row = JobRow.parse(found);
  return {
    id: row.id,
    clientId: row.client_id,
    bodySha256: row.body_sha256,
    state: row.state,
    attempt: row.attempt,
    isCancelAsked: row.cancel_asked === 1,
    request: GenerateRequest.parse(JSON.parse(row.request)),
    inputSha256: row.input_sha256 ?? undefined,
    problem: row.problem === null ? undefined : Problem.parse(JSON.parse(row.problem)),
    createdAt: row.created_at,
  };
}
