/** What the terminal is told of a run: its steps, and in the end its files. */
import { PentimentoError, errorOfProblem } from '../../shared/errors.ts';
import type { JobEvent, ResultInfo } from '../../shared/event.ts';
import { needsModel } from '../../shared/request.ts';
import type { ServiceClient } from './client.ts';
import type { RunTools } from './generate.ts';
import type { Terminal } from './terminal.ts';

/** Tells the terminal of every step until the job ends. Answers its results; throws what it failed with. */
export async function followRun(
  client: ServiceClient,
  jobId: string,
  { terminal, signal }: RunTools,
): Promise<ResultInfo[]> {
  const results: ResultInfo[] = [];
  for await (const event of client.events(jobId, signal)) {
    if (event.type === 'result') results.push(event.result);
    if (event.type === 'failed') throw errorOfProblem(event.problem);
    if (event.type === 'cancelled') throw new PentimentoError('E_CANCELLED');
    show(terminal, event);
  }
  return results;
}

function show(terminal: Terminal, event: JobEvent): void {
  if (event.type === 'started') {
    for (const note of event.plan?.notes ?? []) terminal.note(note);
  }
  if (event.type === 'queued' && event.ahead > 0)
    terminal.progress(0, `waiting, ${event.ahead} before it`);
  if (event.type === 'stage') terminal.progress(0, event.name);
  if (event.type === 'step') {
    const share = (event.index + event.step / Math.max(1, event.steps)) / event.count;
    const which = event.count > 1 ? ` of picture ${event.index + 1}/${event.count}` : '';
    terminal.progress(
      share,
      `${Math.round(share * 100)} %, step ${event.step} of ${event.steps}${which}`,
    );
  }
}

/** What was written, and what each picture was made with. */
export function reportResults(
  terminal: Terminal,
  results: readonly ResultInfo[],
  written: readonly string[],
): void {
  for (const name of written) terminal.line(`wrote ${name}`);
  for (const { recipe } of results) {
    // Filling without a model has no drift to speak of.
    const color =
      recipe.color && needsModel(recipe.request)
        ? `, colour at the seam dE00 ${recipe.color.before.toFixed(1)} -> ${recipe.color.after.toFixed(1)}`
        : '';
    const { grain } = recipe;
    const noise = grain
      ? `, noise ${grain.before.toFixed(1)} -> ${grain.after.toFixed(1)} levels (${grain.around.toFixed(1)} around)`
      : '';
    terminal.line(`seed ${recipe.seed}${color}${noise}`);
  }
  terminal.json({ files: written, results });
}
