/** A PNG written by a thread of its own, some rows ahead of what the page draws. */
import type { PngExport } from '../host/workbench/exportPng.ts';
import type { PngWriter } from '../picture/pngWriter.ts';
import type { PngAnswer, PngRequest } from './pngWorker.ts';

/** Rows on their way: enough that neither side waits for the other. */
const mostWaiting = 2;

export interface PngThread {
  readonly begin: PngExport['begin'];
  /** Ends the thread, whatever it is doing. */
  readonly stop: () => void;
}

/** Starts a thread that writes one file. Its calls throw Error when the thread cannot go on. */
export function startPngThread(): PngThread {
  const worker = new Worker(new URL('./pngWorker.ts', import.meta.url), { type: 'module' });
  const { ask, failAll } = askerOf(worker);
  const begin: PngExport['begin'] = async (head) => {
    await ask({ kind: 'begin', head });
    return writerOf(ask);
  };
  const stop = () => {
    worker.terminate();
    failAll('The thread was stopped.');
  };
  return { begin, stop };
}

type Ask = (request: PngRequest, moved?: Transferable[]) => Promise<Blob | undefined>;

/** Answers come in the order of the questions. */
function askerOf(worker: Worker): {
  readonly ask: Ask;
  readonly failAll: (message: string) => void;
} {
  interface Waiting {
    readonly resolve: (file: Blob | undefined) => void;
    readonly reject: (error: Error) => void;
  }
  let waiting: Waiting[] = [];
  const failAll = (message: string) => {
    for (const { reject } of waiting) reject(new Error(message));
    waiting = [];
  };
  worker.addEventListener('message', ({ data }: MessageEvent<PngAnswer>) => {
    if (data.kind === 'failed') failAll(data.message);
    else waiting.shift()?.resolve(data.file);
  });
  worker.addEventListener('error', ({ message }) => failAll(message));
  const ask: Ask = (request, moved = []) =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      worker.postMessage(request, moved);
    });
  return { ask, failAll };
}

function writerOf(ask: Ask): PngWriter {
  const under: Array<Promise<unknown>> = [];
  return {
    write: async (rows) => {
      // The rows move to the thread; they are of a buffer of their own.
      const asked = ask({ kind: 'rows', rows }, [rows.buffer as ArrayBuffer]);
      // A failure is told by the call that waits for it.
      asked.catch(() => undefined);
      under.push(asked);
      if (under.length > mostWaiting) await under.shift();
      else await new Promise((resolve) => setTimeout(resolve, 0));
    },
    end: async () => {
      await Promise.all(under);
      const file = await ask({ kind: 'end' });
      if (!file) throw new Error('Expected a file.');
      return file;
    },
  };
}
