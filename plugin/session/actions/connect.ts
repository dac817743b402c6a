/** Finding the service, pairing with it, and knowing its models. */
import { PentimentoError, toProblem } from '../../../shared/errors.ts';
import type { SessionParts } from '../parts.ts';
import { followAll } from './follow.ts';

const calmMs = 10_000;
const firstRetryMs = 1_500;
const longestRetryMs = 12_000;

/**
 * Looks once. Reads models and jobs when the service has just been found, and models again while there
 * are none. Never throws.
 */
export async function lookForService(parts: SessionParts): Promise<void> {
  const { client, store } = parts;
  const before = store.getState();
  try {
    store.dispatch({ type: 'serviceFound', status: await client.status() });
  } catch (error) {
    reportServiceTrouble(parts, error);
    return;
  }
  const wasReady = before.service.phase === 'ready';
  if (!wasReady || before.models.length === 0) {
    // Asked again and again, so it complains only the first time.
    await attempt(parts, () => refreshModels(parts), wasReady);
  }
  if (wasReady) return;
  await attempt(parts, async () => {
    store.dispatch({ type: 'catalogueRead', catalogue: await client.samplers() });
  });
  await attempt(parts, async () => {
    store.dispatch({ type: 'jobsListed', jobs: (await client.jobs()).jobs });
    followAll(parts);
  });
}

/** What fails here leaves the service usable: it becomes a notice, unless the service itself is gone. */
async function attempt(
  parts: SessionParts,
  work: () => Promise<void>,
  isQuiet = false,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const problem = toProblem(error);
    if (problem.code === 'E_SERVICE_DOWN' || problem.status === 401) {
      reportServiceTrouble(parts, error);
    } else if (!isQuiet) {
      parts.store.dispatch({ type: 'noticed', notice: { problem, retry: undefined } });
    }
  }
}

/** Reads the list of models again. Throws what the client throws. */
async function refreshModels({ client, store }: SessionParts): Promise<void> {
  store.dispatch({ type: 'modelsListed', models: (await client.models()).models });
}

/** Reads the models anew; a failure becomes a notice. Never throws. */
export async function readModels(parts: SessionParts): Promise<void> {
  await attempt(parts, () => refreshModels(parts));
}

/** Reads the styles anew; a failure becomes a notice. Never throws. */
export async function readStyles(parts: SessionParts): Promise<void> {
  await attempt(parts, async () => {
    parts.store.dispatch({ type: 'stylesRead', styles: await parts.client.styles() });
  });
}

/** Exchanges the code for a token, then looks for the service again. Never throws. */
export async function pair(parts: SessionParts, code: string): Promise<void> {
  const name = parts.host.kind === 'photoshop' ? 'Photoshop panel' : 'Workbench';
  try {
    parts.tokens.set(undefined);
    await parts.client.pair(code.trim(), name);
    parts.store.dispatch({ type: 'pairingNeeded', problem: undefined });
  } catch (error) {
    const problem = toProblem(error);
    const isDown = problem.code === 'E_SERVICE_DOWN';
    parts.store.dispatch(
      isDown ? { type: 'serviceLost', problem } : { type: 'pairingNeeded', problem },
    );
    return;
  }
  await lookForService(parts);
}

/** Keeps looking until the session ends: often after a loss, seldom while all is well. */
export async function keepLooking(parts: SessionParts): Promise<void> {
  let retryMs = firstRetryMs;
  while (!parts.ending.aborted) {
    await lookForService(parts);
    const { phase } = parts.store.getState().service;
    retryMs = phase === 'down' ? Math.min(longestRetryMs, retryMs * 1.6) : firstRetryMs;
    await parts.pause(phase === 'down' ? retryMs : calmMs, parts.ending);
  }
}

/** The state that a failed call means for the connection. */
export function reportServiceTrouble({ store }: SessionParts, error: unknown): void {
  const problem = toProblem(error);
  if (error instanceof PentimentoError && isPairing(error)) {
    const isFirst = error.code === 'E_AUTH_REQUIRED';
    const { service } = store.getState();
    const known = service.phase === 'pairing' ? service.problem : undefined;
    store.dispatch({ type: 'pairingNeeded', problem: isFirst ? known : problem });
    return;
  }
  store.dispatch({ type: 'serviceLost', problem });
}

function isPairing(error: PentimentoError): boolean {
  return error.code === 'E_AUTH_REQUIRED' || error.code === 'E_AUTH_INVALID';
}
