/**
 * Decoding and encoding of pictures in an engine process of its own, so that opening a picture works
 * while a network runs, and a hostile file can end nothing but itself. Started when needed, ended
 * when idle.
 */
import { errorOfProblem, PentimentoError, type ErrorCode } from '../../shared/errors.ts';
import type { FromEngine, ToEngine } from '../messages.ts';
import type { Clock } from './clock.ts';
import { EngineProcess, type EngineSpec } from './engineProcess.ts';
import { newId } from './ids.ts';
import type { Log } from './logFile.ts';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
export type Conversion = WithoutId<Extract<ToEngine, { type: 'decode' | 'encode' | 'preview' }>>;

export interface ConverterOptions {
  readonly spec: EngineSpec;
  readonly clock: Clock;
  readonly log: Log;
  readonly limitMs?: number;
  readonly idleMs?: number;
}

interface Pending {
  readonly conversion: Conversion;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly forgetLimit: () => void;
}

const atOnce = 2;
const mostWaiting = 64;

export class Converter {
  readonly #options: ConverterOptions & { limitMs: number; idleMs: number };
  readonly #pending = new Map<string, Pending>();
  readonly #waiting: Array<() => void> = [];
  #active = 0;
  #engine: EngineProcess | undefined;
  #isReady = false;
  #isStopped = false;
  #forgetIdle = () => {};

  constructor(options: ConverterOptions) {
    this.#options = { limitMs: 60_000, idleMs: 120_000, ...options };
  }

  /**
   * Throws what the engine answers (E_IMAGE_TYPE, E_IMAGE_CORRUPT, ...); E_IMAGE_TIMEOUT; E_IMAGE_CORRUPT
   * when decoding ended the process; E_QUEUE_FULL with too many at once.
   */
  async convert(conversion: Conversion): Promise<void> {
    if (this.#isStopped) throw new PentimentoError('E_SHUTTING_DOWN');
    if (this.#active >= atOnce) {
      if (this.#waiting.length >= mostWaiting) throw new PentimentoError('E_QUEUE_FULL');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#active += 1;
    this.#forgetIdle();
    try {
      await this.#ask(conversion);
    } finally {
      this.#active -= 1;
      this.#waiting.shift()?.();
      if (this.#active === 0) {
        this.#forgetIdle = this.#options.clock.timer(this.#options.idleMs, () => this.#rest());
      }
    }
  }

  /** Kills the process; what is pending fails. */
  stop(): void {
    this.#isStopped = true;
    this.#forgetIdle();
    this.#engine?.kill();
    for (const id of this.#pending.keys()) this.#settle(id, new PentimentoError('E_SHUTTING_DOWN'));
    while (this.#waiting.length > 0) this.#waiting.shift()?.();
  }

  #ask(conversion: Conversion): Promise<void> {
    if (this.#isStopped) throw new PentimentoError('E_SHUTTING_DOWN');
    const { clock, limitMs } = this.#options;
    const id = newId('conversion', clock.wallMs());
    const engine = this.#start();
    return new Promise((resolve, reject) => {
      const forgetLimit = clock.timer(limitMs, () => {
        const isDecode = conversion.type === 'decode';
        this.#settle(id, new PentimentoError(isDecode ? 'E_IMAGE_TIMEOUT' : 'E_ENGINE_TIMEOUT'));
        this.#abandon(engine);
      });
      this.#pending.set(id, { conversion, resolve, reject, forgetLimit });
      if (this.#isReady) engine.send({ ...conversion, id });
    });
  }

  #start(): EngineProcess {
    if (this.#engine) return this.#engine;
    const { spec, log } = this.#options;
    const engine: EngineProcess = new EngineProcess(
      spec,
      {
        onMessage: (message) => this.#receive(engine, message),
        onExit: (exit) => {
          if (this.#engine !== engine) return;
          this.#engine = undefined;
          this.#isReady = false;
          if (this.#pending.size > 0) log('picture process ended', { ...exit });
          for (const [id, { conversion }] of this.#pending) {
            this.#settle(id, new PentimentoError(codeOfCrash(conversion)));
          }
        },
      },
      log,
    );
    this.#engine = engine;
    return engine;
  }

  #receive(engine: EngineProcess, message: FromEngine): void {
    if (engine !== this.#engine) return;
    if (message.type === 'ready') {
      this.#isReady = true;
      for (const [id, { conversion }] of this.#pending) engine.send({ ...conversion, id });
    } else if (message.type === 'converted') {
      this.#settle(message.id, message.problem && errorOfProblem(message.problem));
    }
  }

  /** Kills a process that hangs; what else it had to do is given to a new one. */
  #abandon(engine: EngineProcess): void {
    engine.kill();
    if (this.#engine !== engine) return;
    this.#engine = undefined;
    this.#isReady = false;
    if (this.#pending.size > 0 && !this.#isStopped) this.#start();
  }

  #settle(id: string, error: Error | undefined): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    pending.forgetLimit();
    if (error) pending.reject(error);
    else pending.resolve();
  }

  /** From here on a new conversion starts a new process. */
  #rest(): void {
    const engine = this.#engine;
    this.#engine = undefined;
    this.#isReady = false;
    engine?.send({ type: 'exit' });
    this.#options.clock.timer(5_000, () => engine?.kill());
  }
}

function codeOfCrash(conversion: Conversion): ErrorCode {
  return conversion.type === 'decode' ? 'E_IMAGE_CORRUPT' : 'E_INTERNAL';
}
