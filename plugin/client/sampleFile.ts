import { PentimentoError } from '../../shared/errors.ts';

/** A sample photograph that was built beside the workbench page. Throws E_FILE. */
export async function fetchSample(name: string): Promise<ArrayBuffer> {
  try {
    const answer = await fetch(new Request(`samples/${name}`));
    if (answer.ok) return await answer.arrayBuffer();
  } catch (cause) {
    throw new PentimentoError('E_FILE', undefined, { cause });
  }
  throw new PentimentoError('E_FILE');
}
