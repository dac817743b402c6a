/** The button: plan, capture, request, send; then the run is followed (follow.ts). */
import { PentimentoError, toProblem } from '../../../shared/errors.ts';
import { encodeFrame, type Plane } from '../../../shared/frame.ts';
import { maxPlanePixels } from '../../../shared/limits.ts';
import { needsModel, type GenerateRequest } from '../../../shared/request.ts';
import type { Capture } from '../../host/host.ts';
import { buildPlanRequest } from '../buildPlanRequest.ts';
import { buildRequest } from '../buildRequest.ts';
import { labelOf } from '../label.ts';
import type { SessionParts } from '../parts.ts';
import { partsFromOf } from '../lentParts.ts';
import { activeModel, activeSampler, mainButton, situationOf } from '../select.ts';
import { sourceFor } from '../sourceFor.ts';
import type { SessionState } from '../state.ts';
import { controlPlanes } from './controls.ts';
import { follow } from './follow.ts';
import { reportServiceTrouble } from './connect.ts';

/** Starts what the button says, if it can be pressed. Failures end up in the run, never thrown. */
export async function generate(parts: SessionParts): Promise<void> {
  const { store } = parts;
  const state = store.getState();
  const { document } = state.host;
  if (!mainButton(state).isEnabled || !document) return;
  const key = parts.newKey();
  const situation = situationOf(state);
  store.dispatch({
    type: 'pressed',
    key,
    situation,
    label: labelOf(state.settings.prompt, situation),
    origin: {
      documentId: document.id,
      documentName: document.name,
      documentSize: { width: document.width, height: document.height },
      layerId: document.layer?.id,
    },
    count: state.settings.count,
  });
  try {
    const { request, frame, note } = await prepare(parts, state);
    const jobId = await parts.client.submit(frame, key);
    store.dispatch({ type: 'accepted', key, jobId, request, note });
    await follow(parts, key);
  } catch (error) {
    const problem = toProblem(error);
    if (problem.status === 401 || problem.code === 'E_SERVICE_DOWN') {
      reportServiceTrouble(parts, error);
    }
    store.dispatch({ type: 'refused', key, problem });
  }
}

/** The state is the one at the press: what the artist changes meanwhile is for the next run. */
async function prepare(
  parts: SessionParts,
  state: SessionState,
): Promise<{ request: GenerateRequest; frame: Uint8Array; note?: string | undefined }> {
  const planRequest = buildPlanRequest(state);
  const { document } = state.host;
  if (!planRequest || !document) throw new PentimentoError('E_HOST_DOCUMENT');
  const { kind } = planRequest;
  const { context } = await parts.client.plan(planRequest);
  if (context.width * context.height > maxPlanePixels) {
    const megapixels = Math.round((context.width * context.height) / 1e6);
    throw new PentimentoError(
      'E_TOO_LARGE',
      `The model would have to see ${megapixels} megapixels.`,
    );
  }
  const common = {
    kind,
    settings: state.settings,
    model: activeModel(state)?.id ?? '',
    ...partsFromOf(state),
    sampler: activeSampler(state),
  };
  if (kind === 'text') {
    const { layer: _unread, ...place } = document;
    const request = buildRequest({
      ...common,
      document: place,
      region: context,
    });
    const planes = await controlPlanes(parts, state, context);
    return { request, frame: encodeFrame({ body: request, planes }) };
  }
  const withMask = kind === 'inpaint' || kind === 'remove';
  const capture = await parts.host.capture({
    documentId: document.id,
    region: context,
    source: sourceFor(state),
    withMask,
  });
  const request = buildRequest({
    ...common,
    document: capture.document,
    region: capture.region,
  });
  const planes = [...planesOf(capture, withMask)];
  if (needsModel(request)) planes.push(...(await controlPlanes(parts, state, capture.region)));
  const frame = encodeFrame({ body: request, planes });
  return { request, frame, note: capture.note };
}

function planesOf(capture: Capture, withMask: boolean): readonly Plane[] {
  if (!withMask) return [capture.picture];
  if (!capture.mask || !hasCoverage(capture.mask)) throw new PentimentoError('E_MASK_EMPTY');
  return [capture.picture, capture.mask];
}

function hasCoverage(mask: Plane): boolean {
  const { data } = mask;
  // By index: an iterator takes ten times as long on a large selection.
  for (let i = 0; i < data.length; i++) if (data[i]! > 0) return true;
  return false;
}
