import { PentimentoError } from '../../shared/errors.ts';

/** Called between stages and steps, where a run can end cleanly. Throws E_CANCELLED. */
export function stopWhenAsked(signal: AbortSignal): void {
  if (signal.aborted) throw new PentimentoError('E_CANCELLED');
}
