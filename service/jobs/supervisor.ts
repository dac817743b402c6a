/**
 * Keeps one engine process alive and runs one job on it at a time. A stage that takes longer than it
 * announced, or a cancel that is not obeyed, ends in SIGKILL; a dead engine is started again, at once
 * the first time and then with growing pauses.
 */
import { problemOf, type Problem } from '../../shared/errors.ts';
import type { FromEngine, ToEngine } from '../messages.ts';
import type { Clock } from './clock.ts';
import { EngineProcess, type EngineExit, type EngineSpec } from './engineProcess.ts';
import type { Log } from './logFile.ts';

export type RunTask = Omit<Extract<ToEngine, { type: 'run' }>, 'type'>;
/** What a run tells on its way. */
export type Progress = Extract<
  FromEngine,
  { type: 'plan' | 'stage' | 'step' | 'preview' | 'result' }
>;
export type Outcome =
  | { readonly type: 'done' }
  | { readonly type: 'cancelled' }
  | { readonly type: 'failed'; readonly problem: Problem }
  /** The engine died or had to be killed; the same job may be tried again. */
  | { readonly type: 'lost'; readonly problem: Problem };

export interface SupervisorOptions {
  readonly spec: EngineSpec;
  readonly clock: Clock;
  readonly log: Log;
  /** Time from the start to `ready`, and from a job's start to its first stage. */
  readonly startBudgetMs?: number;
  /** Cancelling waits at least this long before it kills. */
  readonly leastGraceMs?: number;
  readonly exitGraceMs?: number;
  /** Called with each new engine's process id. */
  readonly onSpawn?: (pid: number) => void;
}

const defaults = { startBudgetMs: 60_000, leastGraceMs: 2_000, exitGraceMs: 3_000 };
const maxStageMs = 3_600_000;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
const healthyAfterMs = 300_000;

interface Run {
  readonly task: RunTask;
  readonly onProgress: (progress: Progress) => void;
  readonly end: (outcome: Outcome) => void;
  budgetMs: number;
  isSent: boolean;
  isCancelAsked: boolean;
  isTimedOut: boolean;
  forgetWatchdog: () => void;
  forgetGrace: () => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions & typeof defaults;
  #engine: EngineProcess | undefined;
  #isReady = false;
  #isStopping = false;
  #device = 'unknown';
  #memoryBytes: number | undefined;
  #run: Run | undefined;
  #crashes = 0;
  #isRestarting = false;
  #startedAt = 0;
  #forgetRestart = () => {};
  #forgetStart = () => {};
  #onGone: (() => void) | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = { ...defaults, ...options };
  }

  get device(): string {
    return this.#device;
  }

  /** Resident memory the engine last reported, bytes. */
  get memoryBytes(): number | undefined {
    return this.#memoryBytes;
  }

  get state(): 'starting' | 'idle' | 'working' | 'stopped' {
    if (this.#isStopping) return 'stopped';
    if (!this.#isReady) return 'starting';
    return this.#run ? 'working' : 'idle';
  }

  get pid(): number | undefined {
    return this.#engine?.pid;
  }

  start(): void {
    if (this.#engine || this.#isStopping) return;
    this.#isRestarting = false;
    this.#forgetRestart();
    const { clock, spec, log } = this.#options;
    this.#startedAt = clock.monotonicMs();
    this.#engine = new EngineProcess(
      spec,
      { onMessage: (m) => this.#receive(m), onExit: (exit) => this.#exited(exit) },
      log,
    );
    if (this.#engine.pid !== undefined) this.#options.onSpawn?.(this.#engine.pid);
    this.#forgetStart = clock.timer(this.#options.startBudgetMs, () => {
      log('engine did not become ready');
      this.#engine?.kill();
    });
  }

  /** Runs one job; settles exactly once and never rejects. Only one at a time. */
  run(task: RunTask, onProgress: (progress: Progress) => void): Promise<Outcome> {
    if (this.#run) throw new Error('Expected no running job.');
    return new Promise((resolve) => {
      const run: Run = {
        task,
        onProgress,
        end: (outcome) => {
          run.forgetWatchdog();
          run.forgetGrace();
          this.#run = undefined;
          resolve(outcome);
        },
        budgetMs: this.#options.startBudgetMs,
        isSent: false,
        isCancelAsked: false,
        isTimedOut: false,
        forgetWatchdog: () => {},
        forgetGrace: () => {},
      };
      this.#run = run;
      if (this.#isStopping) run.end({ type: 'lost', problem: problemOf('E_SHUTTING_DOWN') });
      else if (this.#isReady) this.#send(run);
      else if (!this.#isRestarting) this.start();
    });
  }

  /** Asks the engine to stop this job; kills it when it does not within twice its stage's budget. */
  cancel(jobId: string): void {
    const run = this.#run;
    if (!run || run.task.jobId !== jobId || run.isCancelAsked) return;
    run.isCancelAsked = true;
    if (!run.isSent) {
      run.end({ type: 'cancelled' });
      return;
    }
    this.#engine?.send({ type: 'cancel', jobId });
    const graceMs = Math.max(this.#options.leastGraceMs, 2 * run.budgetMs);
    run.forgetGrace = this.#options.clock.timer(graceMs, () => this.#engine?.kill());
  }

  /** Ends the engine: a running job is lost. Settles when the process is gone. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#forgetRestart();
    const engine = this.#engine;
    if (!engine) {
      this.#run?.end({ type: 'lost', problem: problemOf('E_SHUTTING_DOWN') });
      return;
    }
    const gone = new Promise<void>((resolve) => (this.#onGone = resolve));
    if (this.#run?.isSent) engine.kill();
    engine.send({ type: 'exit' });
    const forget = this.#options.clock.timer(this.#options.exitGraceMs, () => engine.kill());
    await gone;
    forget();
  }

  #send(run: Run): void {
    run.isSent = true;
    this.#watch(run, this.#options.startBudgetMs);
    this.#engine?.send({ type: 'run', ...run.task });
  }

  #watch(run: Run, budgetMs: number): void {
    run.forgetWatchdog();
    run.budgetMs = Math.min(Math.max(budgetMs, 0), maxStageMs);
    run.forgetWatchdog = this.#options.clock.timer(run.budgetMs, () => {
      run.isTimedOut = true;
      this.#options.log('stage took too long', { jobId: run.task.jobId, budgetMs });
      this.#engine?.kill();
    });
  }

  #receive(message: FromEngine): void {
    if (message.type === 'ready') {
      this.#forgetStart();
      this.#isReady = true;
      this.#device = message.device;
      if (this.#run && !this.#run.isSent) this.#send(this.#run);
      return;
    }
    if (message.type === 'memory') {
      this.#memoryBytes = message.residentBytes;
      return;
    }
    const run = this.#run;
    if (message.type === 'converted' || !run || message.jobId !== run.task.jobId) return;
    // An engine that brings a run to an end is well.
    if (['done', 'cancelled', 'failed'].includes(message.type)) this.#crashes = 0;
    switch (message.type) {
      case 'done':
        return run.end({ type: 'done' });
      case 'cancelled':
        return run.end({ type: 'cancelled' });
      case 'failed':
        return run.end({ type: 'failed', problem: message.problem });
      case 'stage':
        this.#watch(run, message.budgetMs);
        return run.onProgress(message);
      case 'plan':
      case 'step':
      case 'preview':
      case 'result':
        return run.onProgress(message);
    }
  }

  #exited(exit: EngineExit): void {
    const { clock, log } = this.#options;
    this.#forgetStart();
    this.#engine = undefined;
    this.#isReady = false;
    this.#memoryBytes = undefined;
    if (!this.#isStopping) log('engine ended', { ...exit });
    this.#endLostRun();
    if (this.#isStopping) {
      this.#onGone?.();
      return;
    }
    if (clock.monotonicMs() - this.#startedAt > healthyAfterMs) this.#crashes = 0;
    const pauseMs =
      this.#crashes === 0
        ? 0
        : Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#crashes - 1, 10));
    this.#crashes += 1;
    this.#isRestarting = true;
    this.#forgetRestart = clock.timer(pauseMs, () => this.start());
  }

  #endLostRun(): void {
    const run = this.#run;
    if (!run) return;
    if (run.isCancelAsked) run.end({ type: 'cancelled' });
    else {
      const code = run.isTimedOut ? 'E_ENGINE_TIMEOUT' : 'E_ENGINE_CRASHED';
      run.end({ type: 'lost', problem: problemOf(code) });
    }
  }
}
