/** Writes down what one attempt tells: events in order, results as objects, and how fast it was. */
import { resolve, sep } from 'node:path';
import { PentimentoError, problemOf } from '../../shared/errors.ts';
import type { Plan } from '../../shared/plan.ts';
import { needsModel, type DiffusionRequest } from '../../shared/request.ts';
import type { BlobStore } from './blobs.ts';
import type { Clock } from './clock.ts';
import { newId } from './ids.ts';
import type { JobEvents } from './jobEvents.ts';
import type { Job, JobTable } from './jobTable.ts';
import { reasonOf, type Log } from './logFile.ts';
import type { Outcome, Progress, Supervisor } from './supervisor.ts';
import type { TimingTable } from './timingTable.ts';

export interface RecorderParts {
  readonly jobs: JobTable;
  readonly events: JobEvents;
  readonly blobs: BlobStore;
  readonly timings: TimingTable;
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly log: Log;
}

/** Steps of a variant beyond which its pace is worth remembering. */
const leastSteps = 2;

export class RunRecorder {
  readonly #job: Job;
  readonly #outDir: string;
  readonly #parts: RecorderParts;
  #plan: Plan | undefined;
  #stage = '';
  #pace: { from: number; index: number; steps: number; untilMs: number } | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  constructor(job: Job, outDir: string, parts: RecorderParts) {
    this.#job = job;
    this.#outDir = outDir;
    this.#parts = parts;
  }

  /** Called for each message, in order. Never throws: a failure to write ends the run. */
  take(progress: Progress): void {
    try {
      this.#take(progress);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The outcome after everything is written: `done` only when every picture is there. */
  async complete(outcome: Outcome): Promise<Outcome> {
    await this.#writing;
    const { jobs, log } = this.#parts;
    const { id, request } = this.#job;
    if (this.#failure !== undefined) throw this.#failure;
    if (outcome.type !== 'done') return outcome;
    const count = jobs.resultsOf(id).length;
    if (count < request.count) {
      log('engine said done too early', { jobId: id, count, expected: request.count });
      return { type: 'failed', problem: problemOf('E_INTERNAL') };
    }
    this.#rememberPace();
    return outcome;
  }

  #take(progress: Progress): void {
    const { events } = this.#parts;
    const { id: jobId, attempt } = this.#job;
    switch (progress.type) {
      case 'plan':
        this.#plan = progress.plan;
        events.record({ type: 'started', jobId, attempt, plan: progress.plan });
        return;
      case 'stage':
        // The engine announces every step; people only want to know when the activity changes.
        if (progress.name === this.#stage) return;
        this.#stage = progress.name;
        events.record({ type: 'stage', jobId, name: progress.name });
        return;
      case 'step':
        this.#measure(progress.index, progress.step);
        events.show(progress);
        return;
      case 'preview':
        events.show(progress);
        return;
      case 'result':
        this.#writing = this.#writing
          .then(() => this.#keepResult(progress))
          .catch((error) => {
            this.#fail(error);
          });
    }
  }

  async #keepResult(result: Extract<Progress, { type: 'result' }>): Promise<void> {
    const { blobs, events, jobs, clock } = this.#parts;
    const { id: jobId, attempt } = this.#job;
    if (!resolve(result.framePath).startsWith(resolve(this.#outDir) + sep)) {
      throw new PentimentoError('E_INTERNAL', 'A result lies outside its folder.');
    }
    const object = await blobs.adopt(result.framePath);
    const at = clock.wallMs();
    const info = {
      id: newId('result', at),
      jobId,
      index: result.index,
      bounds: result.bounds,
      recipe: result.recipe,
      sha256: object.sha256,
      sizeBytes: object.sizeBytes,
    };
    // A picture that an earlier attempt finished stays: the same seed makes the same pixels.
    events.record({ type: 'result', jobId, result: info }, () => jobs.addResult(info, attempt, at));
  }

  #fail(error: unknown): void {
    const { supervisor, log } = this.#parts;
    log('could not write down a run', { jobId: this.#job.id, reason: reasonOf(error) });
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    supervisor.cancel(this.#job.id);
  }

  #measure(index: number, step: number): void {
    const now = this.#parts.clock.monotonicMs();
    const pace = this.#pace;
    if (!pace) this.#pace = { from: now, index, steps: 0, untilMs: now };
    else if (pace.index === index && step > 0) {
      pace.steps += 1;
      pace.untilMs = now;
    }
  }

  /** From the first step told to the last of the same variant: loading does not count. */
  #rememberPace(): void {
    const pace = this.#pace;
    const plan = this.#plan;
    // Filling without a model counts other things than network evaluations.
    if (!needsModel(this.#job.request) || hasStages(this.#job.request)) return;
    if (!pace || !plan || pace.steps < leastSteps) return;
    const megapixels = (plan.workingSize.width * plan.workingSize.height) / 1e6;
    const seconds = (pace.untilMs - pace.from) / 1000 / pace.steps;
    const { timings, supervisor, clock } = this.#parts;
    timings.record(supervisor.device, seconds / megapixels, clock.wallMs());
  }
}

/** Passes of two sizes, or of two models, have no one pace. */
function hasStages(request: DiffusionRequest): boolean {
  const isTwice = request.kind === 'text' && request.hires !== undefined;
  return isTwice || request.refiner !== undefined;
}
