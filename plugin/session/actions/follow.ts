/** From an accepted job to layers in the document. */
import { toProblem } from '../../../shared/errors.ts';
import type { JobEvent } from '../../../shared/event.ts';
import { followJob } from '../../client/events.ts';
import type { SessionParts } from '../parts.ts';
import { isActive } from '../select.ts';
import type { Run } from '../state.ts';
import { loadThumbnail, place } from './place.ts';

/**
 * Follows a run to its end and places what it made: one picture as soon as it is there, several as one
 * group when all are. Failures end up in the run.
 */
export async function follow(parts: SessionParts, key: string): Promise<void> {
  const run = runOf(parts, key);
  if (run?.jobId === undefined) return;
  const { store, client, pause, ending } = parts;
  const events = followJob({
    client,
    jobId: run.jobId,
    after: run.seq,
    signal: ending,
    pause,
    onSilence: (isSilent) => store.dispatch({ type: 'silent', key, isSilent }),
  });
  try {
    for await (const event of events) {
      store.dispatch({ type: 'jobEvent', key, event, atMs: parts.now() });
      await attend(parts, key, event);
    }
  } catch (error) {
    store.dispatch({ type: 'refused', key, problem: toProblem(error) });
  }
}

async function attend(parts: SessionParts, key: string, event: JobEvent): Promise<void> {
  const run = runOf(parts, key);
  if (!run) return;
  const isSingle = run.count === 1;
  if (event.type === 'result' && isSingle) await placeOwn(parts, run);
  if (event.type === 'result' && !isSingle) await loadThumbnail(parts, key, event.result.id);
  if (event.type === 'done' && !isSingle) await placeOwn(parts, run);
}

/** Only what was asked for in this sitting places itself; a job found again waits for a click. */
async function placeOwn(parts: SessionParts, run: Run): Promise<void> {
  if (run.key === run.jobId) {
    for (const result of run.results) await loadThumbnail(parts, run.key, result.info.id);
    return;
  }
  await place(parts, run.key);
}

/** Follows every unfinished run that nobody follows yet: after a restart of panel or service. */
export function followAll(parts: SessionParts): void {
  for (const run of parts.store.getState().runs) {
    if (isActive(run) && run.jobId !== undefined && run.key === run.jobId && run.seq < 0) {
      void follow(parts, run.key);
    }
  }
}

function runOf(parts: SessionParts, key: string): Run | undefined {
  return parts.store.getState().runs.find((run) => run.key === key);
}
