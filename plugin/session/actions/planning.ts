/** The plan before the run: asked for a moment after the artist stopped changing things. */
import { toProblem } from '../../../shared/errors.ts';
import type { Rect } from '../../../shared/geometry.ts';
import type { PlanRequest } from '../../../shared/plan.ts';
import { thumbnailUrl } from '../../picture/thumbnail.ts';
import { buildPlanRequest } from '../buildPlanRequest.ts';
import type { SessionParts } from '../parts.ts';
import { sourceFor } from '../sourceFor.ts';
import { reportServiceTrouble } from './connect.ts';

const quietMs = 250;
const thumbnailSidePx = 184;

/** Watches the state and keeps the plan in step with it; answers the way to stop. */
export function keepPlanning(parts: SessionParts): () => void {
  const { store } = parts;
  let asked = '';
  let stopAsking = new AbortController();
  const consider = () => {
    const state = store.getState();
    const isReady = state.service.phase === 'ready';
    const request = isReady ? buildPlanRequest(state) : undefined;
    // What was placed changes what the model will see, and so the thumbnail.
    const placed = state.runs.reduce(
      (n, run) => n + run.results.filter((r) => r.isPlaced).length,
      0,
    );
    const wanted = request
      ? JSON.stringify([request, state.host.document, state.host.selectionMark, placed])
      : '';
    if (wanted === asked) return;
    asked = wanted;
    stopAsking.abort();
    stopAsking = new AbortController();
    if (!request) {
      store.dispatch({ type: 'planDropped' });
      return;
    }
    void ask(parts, request, stopAsking.signal);
  };
  consider();
  const unsubscribe = store.subscribe(consider);
  return () => {
    unsubscribe();
    stopAsking.abort();
  };
}

async function ask(parts: SessionParts, request: PlanRequest, signal: AbortSignal): Promise<void> {
  await parts.pause(quietMs, signal);
  if (signal.aborted) return;
  try {
    const plan = await parts.client.plan(request, signal);
    const isExpanding = request.kind === 'expand' || request.kind === 'expand-patches';
    const thumbnail = await glance(parts, isExpanding ? request.bounds : plan.context);
    if (!signal.aborted) parts.store.dispatch({ type: 'planKnown', plan, thumbnail });
  } catch (error) {
    if (signal.aborted) return;
    const problem = toProblem(error);
    if (problem.status === 401 || problem.code === 'E_SERVICE_DOWN') {
      reportServiceTrouble(parts, error);
    } else {
      parts.store.dispatch({ type: 'planFailed', problem });
    }
  }
}

/** What the model will see, small, with the selection over it; undefined where reading is dear. */
async function glance(parts: SessionParts, region: Rect): Promise<string | undefined> {
  const state = parts.store.getState();
  const { document, selectionBounds } = state.host;
  if (!parts.host.glance || !document) return undefined;
  try {
    const capture = await parts.host.glance(
      {
        documentId: document.id,
        region,
        source: sourceFor(state),
        withMask: selectionBounds !== undefined,
      },
      thumbnailSidePx,
    );
    return thumbnailUrl(capture.picture, { maxSidePx: thumbnailSidePx, overlay: capture.mask });
  } catch {
    // A missing thumbnail is no reason to hide the plan.
    return undefined;
  }
}
