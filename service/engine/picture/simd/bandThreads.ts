/**
 * Threads that run kernels in memory they share with this one, and sleep in between. They start with the
 * first large picture, keep no process alive, and nobody depends on them: what they do not answer is done here.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { sharedKernels, type PictureKernels } from './pictureKernels.ts';

/** More would wait for this thread, which copies everything in and out. */
const mostThreads = 3;
/** Jobs that a thread may have at a time, so that it need not wait for the next. */
export const jobsAhead = 4;
/** After so long without an answer a thread is not asked again. */
const patienceMs = 10_000;

/** How often a thread looks for the next job before it sleeps: some 50 microseconds, for waking it costs ten. */
const looks = 5000;

/** Words of a thread: jobs posted, jobs done, 1 when it listens, 1 while it sleeps; where the jobs' calls are; who has taken them. */
const wordsPerThread = 4 + 2 * jobsAhead;
const [posted, done, listening, asleep, lists, takers] = [0, 1, 2, 3, 4, 4 + jobsAhead];
const [nobody, itself, others] = [0, 1, 2];
/** Words of a call: the kernel, then what it takes. */
export const wordsPerCall = 8;

/** A list of calls: how many, then each of them. Plain words: it is a program of its own. */
const program = `
const { workerData } = require('node:worker_threads');
const { module, memory, names, control, at } = workerData;
const { exports } = new WebAssembly.Instance(module, { engine: { memory } });
const kernels = names.map((name) => exports[name]);
Atomics.store(control, at + ${listening}, 1);
for (let job = 0; ; ) {
  for (let n = 0; n < ${looks} && Atomics.load(control, at + ${posted}) === job; n++);
  while (Atomics.load(control, at + ${posted}) === job) {
    Atomics.store(control, at + ${asleep}, 1);
    Atomics.wait(control, at + ${posted}, job);
    Atomics.store(control, at + ${asleep}, 0);
  }
  const words = new Int32Array(memory.buffer);
  const slot = job & ${jobsAhead - 1};
  const taker = Atomics.compareExchange(control, at + ${takers} + slot, ${nobody}, ${itself});
  let i = control[at + ${lists} + slot] / 4;
  for (let calls = taker === ${nobody} ? words[i++] : 0; calls > 0; calls--, i += ${wordsPerCall})
    kernels[words[i]](${Array.from({ length: wordsPerCall - 1 }, (_, n) => `words[i + ${n + 1}]`).join(', ')});
  job = (job + 1) | 0;
  Atomics.store(control, at + ${done}, job);
  Atomics.notify(control, at + ${done});
}`;

/** The threads of this process that listen, and the memory they work in. */
export class BandThreads {
  readonly #kernels = sharedKernels();
  readonly #places = new Map(this.#kernels.names.map((name, place) => [name, place]));
  readonly #control: Int32Array;
  #count: number;

  constructor(count: number) {
    this.#count = count;
    this.#control = new Int32Array(new SharedArrayBuffer(4 * wordsPerThread * count));
    for (let thread = 0; thread < count; thread++) this.#start(thread);
  }

  #start(thread: number): void {
    const { module, memory, names } = this.#kernels;
    const worker = new Worker(program, {
      eval: true,
      name: 'picture rows',
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
      workerData: { module, memory, names, control: this.#control, at: thread * wordsPerThread },
    });
    worker.unref();
    worker.on('error', () => this.dismiss());
  }

  /** How many there are while all of them listen and have nothing to do; otherwise, and when one has failed, 0. */
  get count(): number {
    for (let thread = 0; thread < this.#count; thread++)
      if (this.#word(thread, listening) === 0 || this.pending(thread) > 0) return 0;
    return this.#count;
  }

  /** None of them is asked any more. */
  dismiss(): void {
    this.#count = 0;
  }

  room(sizeBytes: number): PictureKernels {
    return this.#kernels.room(sizeBytes);
  }

  placeOf(kernel: string): number {
    const place = this.#places.get(kernel);
    if (place === undefined) throw new Error(`Expected a kernel but received ${kernel}`);
    return place;
  }

  /** Which of its `jobsAhead` slots a thread's next job has. */
  nextSlot(thread: number): number {
    return this.#word(thread, posted) & (jobsAhead - 1);
  }

  /** Hands the calls at `list` to the thread, which may have fewer than `jobsAhead` jobs. Answers the job's number. */
  post(thread: number, list: number): number {
    const at = thread * wordsPerThread;
    const slot = this.nextSlot(thread);
    this.#control[at + lists + slot] = list;
    Atomics.store(this.#control, at + takers + slot, nobody);
    const job = Atomics.add(this.#control, at + posted, 1);
    if (this.#word(thread, asleep) === 1) Atomics.notify(this.#control, at + posted);
    return job;
  }

  /** Posted and not done. */
  pending(thread: number): number {
    return (this.#word(thread, posted) - this.#word(thread, done)) | 0;
  }

  /** Takes a job back; false when the thread has begun it. */
  takeBack(thread: number, job: number): boolean {
    const at = thread * wordsPerThread + takers + (job & (jobsAhead - 1));
    return Atomics.compareExchange(this.#control, at, nobody, others) === nobody;
  }

  isDone(thread: number, job: number): boolean {
    return ((this.#word(thread, done) - job) | 0) > 0;
  }

  /** Sleeps until the job is done; false when the thread does not answer. */
  wait(thread: number, job: number): boolean {
    while (!this.isDone(thread, job)) {
      const word = thread * wordsPerThread + done;
      const before = this.#word(thread, done);
      if (this.isDone(thread, job)) return true;
      if (Atomics.wait(this.#control, word, before, patienceMs) === 'timed-out') return false;
    }
    return true;
  }

  #word(thread: number, word: number): number {
    return Atomics.load(this.#control, thread * wordsPerThread + word);
  }
}

let threads: BandThreads | undefined;
let isStarted = false;

/** Those of this process, started at the first call; undefined where there are none (one processor, no permission). */
export function bandThreads(): BandThreads | undefined {
  if (isStarted) return threads;
  isStarted = true;
  const count = Math.min(mostThreads, availableParallelism() - 1);
  try {
    threads = count > 0 ? new BandThreads(count) : undefined;
  } catch {
    threads = undefined;
  }
  return threads;
}
