/** One forked engine: validated messages both ways, the end of its stderr kept, one exit told once. */
import { fork, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { FromEngine, ToEngine } from '../messages.ts';
import type { Log } from './logFile.ts';

export interface EngineSpec {
  /** Absolute path of the engine's entry (JavaScript). */
  readonly path: string;
  readonly args: readonly string[];
  /** An empty folder. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface EngineExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last of what it wrote to stderr: for the log only. */
  readonly stderr: string;
}

export interface EngineHandlers {
  readonly onMessage: (message: FromEngine) => void;
  readonly onExit: (exit: EngineExit) => void;
}

const keptStderrCharacters = 16_384;

export class EngineProcess {
  readonly #child: ChildProcess;
  readonly #handlers: EngineHandlers;
  readonly #log: Log;
  #stderr = '';
  #hasExited = false;
  #isKilled = false;

  constructor(spec: EngineSpec, handlers: EngineHandlers, log: Log) {
    this.#handlers = handlers;
    this.#log = log;
    this.#child = fork(spec.path, [...spec.args], {
      cwd: spec.cwd,
      env: { ...spec.env },
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#listen();
    this.#offerToOomKiller();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** A message to an engine that is gone is dropped: its exit is told separately. */
  send(message: ToEngine): void {
    const checked = ToEngine.parse(message);
    if (this.#hasExited || !this.#child.connected) return;
    this.#child.send(checked, (error) => {
      if (error) this.#log('engine message not sent', { type: checked.type });
    });
  }

  /**
   * At once: a network that runs hears nothing else. What it had said by then and was not yet heard
   * no longer counts; only its exit is told.
   */
  kill(): void {
    this.#isKilled = true;
    if (!this.#hasExited) this.#child.kill('SIGKILL');
  }

  #listen(): void {
    const child = this.#child;
    child.stdout?.resume();
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-keptStderrCharacters);
    });
    child.on('message', (raw) => this.#receive(raw));
    child.on('error', (error) => {
      this.#stderr += `\n${error.message}`;
      // A child that could not be started has no exit event.
      if (child.pid === undefined) this.#end(null, null);
    });
    child.on('exit', (code, signal) => this.#end(code, signal));
  }

  #receive(raw: unknown): void {
    if (this.#hasExited || this.#isKilled) return;
    const parsed = FromEngine.safeParse(raw);
    if (parsed.success) {
      this.#handlers.onMessage(parsed.data);
      return;
    }
    this.#log('engine said something unknown', { issue: parsed.error.issues[0]?.message });
    this.kill();
  }

  #end(code: number | null, signal: string | null): void {
    if (this.#hasExited) return;
    this.#hasExited = true;
    this.#handlers.onExit({ code, signal, stderr: this.#stderr });
  }

  /** When memory runs out the engine goes first: the server keeps every job, the editor every picture. */
  #offerToOomKiller(): void {
    if (process.platform !== 'linux' || this.#child.pid === undefined) return;
    try {
      writeFileSync(`/proc/${this.#child.pid}/oom_score_adj`, '500');
    } catch {
      // Not allowed in some containers; the job's retry covers it.
    }
  }
}
