/** masks: both masks of an inpaint run as files, without running it. */
import { PentimentoError } from '../../shared/errors.ts';
import type { ServiceClient } from './client.ts';
import { prepareRun } from './generate.ts';
import type { Options } from './options.ts';
import { planRequest } from './planOfRun.ts';
import { saveMasks } from './saveMasks.ts';
import type { Terminal } from './terminal.ts';

interface ShowTools {
  readonly terminal: Terminal;
  readonly withService: (work: (client: ServiceClient) => Promise<void>) => Promise<void>;
}

/** Throws what preparing the run throws, and E_MASK_EMPTY when shrinking leaves nothing. */
export async function showMasks(
  file: string,
  options: Options,
  { terminal, withService }: ShowTools,
): Promise<void> {
  const out = options.out;
  if (out === undefined) throw new PentimentoError('E_USAGE', '--out FILE is missing.');
  const run = await prepareRun('inpaint', file, { ...options, 'save-masks': out }, {});
  const { mask, masksOut } = run;
  if (!mask || !masksOut) throw new PentimentoError('E_MASK_EMPTY');
  await withService(async (client) => {
    const names = await saveMasks(
      client,
      { ...run, mask },
      await client.plan(planRequest(run)),
      masksOut,
    );
    for (const name of names) terminal.line(`wrote ${name}`);
    terminal.json({ files: names });
  });
}
