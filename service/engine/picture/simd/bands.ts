/**
 * Work on large pictures band by band: what a band needs stays near the processor, and where there are threads
 * they take bands too. A band gives the same bytes wherever it is run.
 */
import { bandThreads, jobsAhead, wordsPerCall, type BandThreads } from './bandThreads.ts';
import { mostSharedBytes, pictureKernels, type PictureKernels } from './pictureKernels.ts';

/** Names a kernel to be run, and what it takes (7 numbers at most): at once or soon, in this order. */
export type Call = (kernel: string, ...numbers: number[]) => void;

export interface Room {
  readonly kernels: PictureKernels;
  /** Where what all bands share begins. */
  readonly common: number;
  /** Where the band's own bytes begin. */
  readonly own: number;
}

/** Bands of one kind; none needs what another makes. */
export interface BandPhase {
  readonly count: number;
  /** Calls of one band, at most. */
  readonly mostCalls: number;
  /** Writes what the band's kernels need, and names them. */
  fill(band: number, room: Room, call: Call): void;
  /** Reads what they have made, unless it stays in the common bytes. */
  take?(band: number, room: Room): void;
}

/** All of it may be done a second time from the beginning: when a thread does not answer. */
export interface BandWork {
  readonly commonBytes: number;
  readonly bandBytes: number;
  /** Of the picture that is read and the one that is made; 0 where threads are no help. */
  readonly pictureBytes: number;
  /** Writes what all bands share. */
  begin?(room: Room): void;
  /** One after the other. */
  readonly phases: readonly BandPhase[];
}

/** Below this the bands are done before another thread is awake. */
const leastSharedBytes = 1.5 * 1024 * 1024;

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Runs the work here, with the threads' help where they listen and it is large enough. */
export function runBands(work: BandWork, threads?: BandThreads): void {
  if (work.pictureBytes >= leastSharedBytes) {
    const helpers = threads ?? bandThreads();
    if (helpers && runShared(work, helpers)) return;
  }
  runAlone(work);
}

function runAlone(work: BandWork): void {
  const common = align(work.commonBytes);
  const room = { kernels: pictureKernels(common + work.bandBytes), common: 0, own: common };
  work.begin?.(room);
  for (const phase of work.phases)
    for (let band = 0; band < phase.count; band++) runHere(phase, band, room);
}

function runHere(phase: BandPhase, band: number, room: Room): void {
  const { run } = room.kernels;
  phase.fill(band, room, (kernel, ...numbers) => run[kernel](...numbers));
  phase.take?.(band, room);
}

/** A thread's place for a job: its list of calls, then the band's own bytes. */
interface Slot {
  readonly list: number;
  readonly room: Room;
}

/** False when it is not done: the threads do not listen, or it needs too much memory. */
function runShared(work: BandWork, threads: BandThreads): boolean {
  const { count } = threads;
  const common = align(work.commonBytes);
  const bandBytes = align(work.bandBytes);
  const mostCalls = Math.max(...work.phases.map((phase) => phase.mostCalls));
  const listBytes = align(4 * (1 + wordsPerCall * mostCalls));
  const slots = common + bandBytes;
  const bytes = slots + count * jobsAhead * (listBytes + bandBytes);
  if (count === 0 || bytes > mostSharedBytes - 65_536) return false;
  const kernels = threads.room(bytes);
  const here = { kernels, common: 0, own: common };
  const slotOf = (thread: number): Slot => {
    const n = thread * jobsAhead + threads.nextSlot(thread);
    const list = slots + n * (listBytes + bandBytes);
    return { list, room: { ...here, own: list + listBytes } };
  };
  work.begin?.(here);
  const areDone = work.phases.every((phase) =>
    new SharedPhase(phase, { threads, count }, slotOf).run(here),
  );
  if (!areDone) threads.dismiss();
  return areDone;
}

interface Posted {
  readonly job: number;
  readonly band: number;
  readonly room: Room;
}

/** Bands shared out between this thread and the others, to whoever is free. */
class SharedPhase {
  readonly #phase: BandPhase;
  readonly #threads: BandThreads;
  readonly #slotOf: (thread: number) => Slot;
  /** What every thread has not given back, the oldest first. */
  readonly #posted: Posted[][];
  #next = 0;

  constructor(
    phase: BandPhase,
    { threads, count }: { readonly threads: BandThreads; readonly count: number },
    slotOf: (thread: number) => Slot,
  ) {
    this.#phase = phase;
    this.#threads = threads;
    this.#slotOf = slotOf;
    this.#posted = Array.from({ length: count }, () => []);
  }

  /** False when a thread does not answer. */
  run(here: Room): boolean {
    while (this.#next < this.#phase.count) {
      for (const thread of this.#posted.keys()) {
        this.#take(thread);
        this.#give(thread);
      }
      if (this.#next < this.#phase.count) runHere(this.#phase, this.#next++, here);
    }
    for (const thread of this.#posted.keys()) this.#takeBack(thread, here);
    return this.#posted.every((jobs, thread) => {
      const isDone = jobs.every(({ job }) => this.#threads.wait(thread, job));
      this.#take(thread);
      return isDone;
    });
  }

  #take(thread: number): void {
    const jobs = this.#posted[thread];
    while (jobs.length > 0 && this.#threads.isDone(thread, jobs[0].job)) {
      const first = jobs.shift();
      if (first) this.#phase.take?.(first.band, first.room);
    }
  }

  /** What the thread has not begun is done here: it may be asleep while others use its processor. */
  #takeBack(thread: number, here: Room): void {
    const jobs = this.#posted[thread];
    for (;;) {
      const last = jobs.at(-1);
      if (!last || !this.#threads.takeBack(thread, last.job)) return;
      jobs.pop();
      runHere(this.#phase, last.band, here);
    }
  }

  #give(thread: number): void {
    const jobs = this.#posted[thread];
    // A slot is free when its band has been taken, and when a job taken back has been passed over.
    const used = (): number => Math.max(jobs.length, this.#threads.pending(thread));
    while (this.#next < this.#phase.count && used() < jobsAhead) {
      const band = this.#next++;
      const { list, room } = this.#slotOf(thread);
      const { words } = room.kernels;
      let calls = 0;
      this.#phase.fill(band, room, (kernel, ...numbers) => {
        const at = list / 4 + 1 + wordsPerCall * calls++;
        words[at] = this.#threads.placeOf(kernel);
        for (let n = 0; n < numbers.length; n++) words[at + 1 + n] = numbers[n];
      });
      words[list / 4] = calls;
      jobs.push({ job: this.#threads.post(thread, list), band, room });
    }
  }
}
