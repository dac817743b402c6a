/** What an expanding request says that its schema cannot judge. */
import { PentimentoError } from '../../shared/errors.ts';
import { checkCanvas } from '../../shared/expand.ts';
import type { ExpandRequest, GenerateRequest } from '../../shared/request.ts';

/** Throws E_EXPAND_NOTHING, E_EXPAND_TOO_LARGE, E_PARAM. */
export function checkExpansion(request: GenerateRequest): void {
  if (request.kind !== 'expand' && request.kind !== 'expand-patches') return;
  checkCanvas(request.document, request.canvas);
  if (request.kind === 'expand') checkFill(request);
}

function checkFill({ dialect, fill, script, workingSize }: ExpandRequest): void {
  const isWebui = dialect === 'a1111';
  if (workingSize) throw parameter('workingSize: Each pass has a size of its own.');
  if (isWebui && fill === 'structure') {
    throw parameter(
      'fill: AUTOMATIC1111 has fill, original, latent-noise, latent-nothing and mk2.',
    );
  }
  if (!isWebui && (fill === 'original' || fill === 'mk2')) {
    throw parameter(`fill: "${fill}" is of the dialect a1111.`);
  }
  if (!isWebui && script) throw parameter('script: It is of the dialect a1111.');
}

function parameter(detail: string): PentimentoError {
  return new PentimentoError('E_PARAM', detail);
}
