/** Work inside Photoshop's modal scope, the only place where documents may be read and changed. */
import { PentimentoError } from '../../../shared/errors.ts';
import type { ModalContext, PhotoshopApi } from './photoshopApi.ts';

export interface ModalOptions {
  /** Shown by Photoshop in its progress bar. */
  readonly commandName: string;
  /** How long to wait for another modal (a dialog, a transform, another plugin) to end. */
  readonly waitMs?: number;
}

const retryMs = 120;
const defaultWaitMs = 4000;
/** Photoshop's error number for "the host is in a modal state" (executeasmodal.md). */
const modalStateError = 9;

/**
 * Runs `work` once inside one modal scope and answers with its value. No network and no waiting for
 * the artist belong in there: all of Photoshop stands still meanwhile.
 * Throws E_HOST_BUSY when another modal does not end in time, E_CANCELLED when the artist pressed
 * Esc, E_HOST_FAILED for what Photoshop refused; errors of our own pass through.
 */
export async function inModal<T>(
  photoshop: PhotoshopApi,
  work: (context: ModalContext) => Promise<T>,
  options: ModalOptions,
): Promise<T> {
  const triesLeft = Math.ceil((options.waitMs ?? defaultWaitMs) / retryMs);
  for (let attempt = 0; ; attempt++) {
    const run: ModalRun = { started: false, cancelled: false };
    try {
      return await enterOnce(photoshop, work, { run, commandName: options.commandName });
    } catch (error) {
      if (error instanceof PentimentoError) throw error;
      if (run.cancelled) throw new PentimentoError('E_CANCELLED', undefined, { cause: error });
      if (run.started || numberOf(error) !== modalStateError) {
        throw new PentimentoError('E_HOST_FAILED', undefined, { cause: error });
      }
      if (attempt >= triesLeft) {
        throw new PentimentoError('E_HOST_BUSY', undefined, { cause: error });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

interface ModalRun {
  started: boolean;
  cancelled: boolean;
}

function enterOnce<T>(
  photoshop: PhotoshopApi,
  work: (context: ModalContext) => Promise<T>,
  { run, commandName }: { readonly run: ModalRun; readonly commandName: string },
): Promise<T> {
  return photoshop.core.executeAsModal(
    async (context) => {
      run.started = true;
      try {
        return await work(context);
      } finally {
        run.cancelled = context.isCancelled;
      }
    },
    { commandName },
  );
}

function numberOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('number' in error)) return undefined;
  return typeof error.number === 'number' ? error.number : undefined;
}
