/**
 * The queue: what was accepted is run, first come first served, one job at a time; every end is
 * written down before it is told.
 */
import { PentimentoError, problemOf, toProblem, type Problem } from '../../shared/errors.ts';
import { maxQueuedJobs } from '../../shared/limits.ts';
import { needsModel, type GenerateRequest } from '../../shared/request.ts';
import type { AskedParts, ModelFiles } from '../messages.ts';
import type { Written } from './atomicFile.ts';
import type { BlobStore } from './blobs.ts';
import type { Clock } from './clock.ts';
import { newId } from './ids.ts';
import type { JobEvents } from './jobEvents.ts';
import type { Job, JobTable, Scope } from './jobTable.ts';
import { reasonOf, type Log } from './logFile.ts';
import { RunRecorder } from './runRecorder.ts';
import { askedParts, stageFiles, type StageSource } from './stageFiles.ts';
import type { Store } from './store.ts';
import type { Outcome, Supervisor } from './supervisor.ts';
import type { TimingTable } from './timingTable.ts';

export interface QueueParts {
  readonly store: Store;
  readonly jobs: JobTable;
  readonly events: JobEvents;
  readonly blobs: BlobStore;
  readonly timings: TimingTable;
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly log: Log;
  /** The files of a model, looked up again when the run starts: they may have moved since. */
  readonly modelFiles: (id: string, parts: AskedParts) => Promise<ModelFiles>;
  /** What further stages of a run are made with, looked up as late. */
  readonly stages: StageSource;
  /** Called after each job: the byte quota. */
  readonly onFinished?: () => void;
}

export interface Submission {
  readonly clientId: string;
  readonly idempotencyKey: string | undefined;
  readonly request: GenerateRequest;
  /** The body as it arrived, in a work file. */
  readonly body: Written;
}

/** One try and one retry. */
const maxAttempts = 2;

export class JobQueue {
  readonly #parts: QueueParts;
  #isStopping = false;
  #isPumping = false;
  #isWoken = false;
  #pumping: Promise<void> = Promise.resolve();
  #endPause = () => {};

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** Jobs that ran when the service was killed wait again, or end when that was their last try. */
  recover(): void {
    for (const job of this.#parts.jobs.running()) {
      if (job.isCancelAsked) this.#finish(job, { type: 'cancelled' });
      else this.#loseOrRetry(job, problemOf('E_ENGINE_CRASHED'));
    }
  }

  /** Throws E_SHUTTING_DOWN, E_QUEUE_FULL: worth asking before a body is read. */
  assertOpen(): void {
    if (this.#isStopping) throw new PentimentoError('E_SHUTTING_DOWN');
    if (this.#parts.jobs.queuedCount() >= maxQueuedJobs) throw new PentimentoError('E_QUEUE_FULL');
  }

  /**
   * The id of an earlier job with the same key and body. Throws E_IDEMPOTENCY_MISMATCH when the body was
   * another one.
   */
  earlier(submission: Omit<Submission, 'request'>): string | undefined {
    const { clientId, idempotencyKey, body } = submission;
    if (idempotencyKey === undefined) return undefined;
    const known = this.#parts.jobs.byKey(clientId, idempotencyKey);
    if (known && known.bodySha256 !== body.sha256) {
      throw new PentimentoError('E_IDEMPOTENCY_MISMATCH');
    }
    return known?.id;
  }

  /** Stores the job; when this returns it survives any crash. The body's file is taken over. */
  async submit(submission: Submission): Promise<{ id: string; isNew: boolean }> {
    const { events, jobs, blobs, clock } = this.#parts;
    await blobs.keep(submission.body);
    this.assertOpen();
    // Between here and the insert nothing waits: a parallel request with the same key comes after.
    const earlier = this.earlier(submission);
    if (earlier !== undefined) return { id: earlier, isNew: false };
    const createdAt = clock.wallMs();
    const id = newId('job', createdAt);
    const ahead = jobs.queuedCount() + jobs.running().length;
    events.record({ type: 'queued', jobId: id, ahead }, () => {
      jobs.insert({
        id,
        clientId: submission.clientId,
        idempotencyKey: submission.idempotencyKey,
        bodySha256: submission.body.sha256,
        inputBytes: submission.body.sizeBytes,
        request: submission.request,
        createdAt,
      });
      return true;
    });
    this.wake();
    return { id, isNew: true };
  }

  /** Same answer however often and whenever: a finished job stays what it is. Throws E_JOB_UNKNOWN. */
  cancel(id: string, scope: Scope): Job {
    const { jobs, events, supervisor, clock, store } = this.#parts;
    const job = jobs.get(id, scope);
    if (!job) throw new PentimentoError('E_JOB_UNKNOWN');
    if (job.state === 'queued') {
      events.record({ type: 'cancelled', jobId: id }, () => jobs.cancelQueued(id, clock.wallMs()));
      events.forget(id);
    } else if (job.state === 'running') {
      store.transact(() => jobs.askCancel(id));
      supervisor.cancel(id);
    }
    return jobs.get(id, scope) ?? job;
  }

  /** Starts what waits; harmless at any time. */
  wake(): void {
    this.#isWoken = true;
    if (this.#isPumping || this.#isStopping) return;
    this.#pumping = this.#pump();
  }

  /** Takes no more work and gives a running job back to the queue. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#endPause();
    await this.#parts.supervisor.stop();
    await this.#pumping;
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    try {
      while (this.#isWoken && !this.#isStopping) {
        this.#isWoken = false;
        for (let job = this.#next(); job && !this.#isStopping; job = this.#next()) {
          await this.#insist(() => this.#runOne(job));
        }
      }
    } finally {
      // In the turn in which it saw that nothing waits: whoever comes later starts it again.
      this.#isPumping = false;
    }
  }

  #next(): Job | undefined {
    return this.#parts.jobs.next();
  }

  /** A full disk delays the queue, it does not end it: tried again until it works or we stop. */
  async #insist<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 30_000)) {
      try {
        return await work();
      } catch (error) {
        this.#parts.log('queue waits', { reason: reasonOf(error), pauseMs });
      }
      if (this.#isStopping) return undefined;
      await this.#pause(pauseMs);
    }
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const forget = this.#parts.clock.timer(ms, resolve);
      this.#endPause = () => {
        forget();
        resolve();
      };
    });
  }

  async #runOne(queued: Job): Promise<void> {
    const { events, jobs, log } = this.#parts;
    const attempt = queued.attempt + 1;
    const { id } = queued;
    // The attempt is counted before the start: a job that ends the machine is counted too.
    if (!events.record({ type: 'started', jobId: id, attempt }, () => jobs.start(id))) return;
    const job: Job = { ...queued, state: 'running', attempt };
    const outcome = await this.#attempt(job).catch((error: unknown): Outcome => {
      log('run failed', { jobId: id, reason: reasonOf(error) });
      return { type: 'failed', problem: toProblem(error) };
    });
    await this.#insist(() => {
      if (outcome.type !== 'lost') this.#finish(job, outcome);
      else if (this.#isStopping) this.#giveBack(job);
      else this.#loseOrRetry(job, outcome.problem);
    });
  }

  async #attempt(job: Job): Promise<Outcome> {
    const { blobs, supervisor, jobs, modelFiles } = this.#parts;
    const { request, attempt, inputSha256 } = job;
    if (inputSha256 === undefined || (await blobs.sizeOf(inputSha256)) === undefined) {
      throw new PentimentoError('E_RESULT_LOST', 'The picture this job started from is gone.');
    }
    const model = needsModel(request)
      ? await modelFiles(request.model, askedParts(request))
      : undefined;
    const stages = await stageFiles(request, model, this.#parts.stages);
    const folder = `run-${job.id}-${attempt}`;
    const outDir = await blobs.makeFolder(folder);
    const recorder = new RunRecorder(job, outDir, this.#parts);
    try {
      const running = supervisor.run(
        {
          jobId: job.id,
          attempt,
          request,
          framePath: blobs.pathOf(inputSha256),
          inputSha256,
          outDir,
          ...(model ? { model } : {}),
          ...(stages ? { stages } : {}),
          preview: true,
        },
        (progress) => recorder.take(progress),
      );
      // A cancel that came while the run was being prepared.
      if (jobs.get(job.id, undefined)?.isCancelAsked) supervisor.cancel(job.id);
      return await recorder.complete(await running);
    } finally {
      await blobs.dropFolder(folder);
    }
  }

  #finish(job: Job, outcome: Exclude<Outcome, { type: 'lost' }>): void {
    const { events, jobs, clock, blobs, onFinished } = this.#parts;
    const { id: jobId, attempt } = job;
    const at = clock.wallMs();
    if (outcome.type === 'failed') {
      const problem: Problem = { ...outcome.problem, jobId };
      if (problem.code === 'E_DISK_FULL') blobs.releaseReserve();
      events.record({ type: 'failed', jobId, problem }, () =>
        jobs.finish(jobId, attempt, { state: 'failed', problem, at }),
      );
    } else {
      events.record({ type: outcome.type, jobId }, () =>
        jobs.finish(jobId, attempt, { state: outcome.type, at }),
      );
    }
    events.forget(jobId);
    onFinished?.();
  }

  #loseOrRetry(job: Job, problem: Problem): void {
    if (job.attempt >= maxAttempts) {
      this.#finish(job, { type: 'failed', problem });
      return;
    }
    const { events, jobs } = this.#parts;
    events.record({ type: 'queued', jobId: job.id, ahead: jobs.aheadOf(job.id) }, () =>
      jobs.requeue(job.id, job.attempt, { isCounted: true }),
    );
  }

  #giveBack(job: Job): void {
    const { events, jobs } = this.#parts;
    events.record({ type: 'queued', jobId: job.id, ahead: jobs.aheadOf(job.id) }, () =>
      jobs.requeue(job.id, job.attempt, { isCounted: false }),
    );
  }
}
