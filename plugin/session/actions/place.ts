/** Results into the document they came from, in one undo step; and small pictures of them. */
import { PentimentoError, toProblem } from '../../../shared/errors.ts';
import { rectOfSize, unionRects, type Rect } from '../../../shared/geometry.ts';
import type { ResultPicture } from '../../client/serviceClient.ts';
import type { PlacedPicture } from '../../host/host.ts';
import { thumbnailUrl } from '../../picture/thumbnail.ts';
import type { SessionParts } from '../parts.ts';
import type { ResultView, Run } from '../state.ts';

const thumbnailSidePx = 168;

/**
 * Places results of a run (all of them, or those named) as one layer or one group. A failure becomes a
 * notice that offers to try again; the results stay in the list.
 */
export async function place(
  parts: SessionParts,
  key: string,
  resultIds?: readonly string[],
): Promise<void> {
  const { store, host } = parts;
  const run = store.getState().runs.find((r) => r.key === key);
  const chosen = run?.results.filter((r) => !resultIds || resultIds.includes(r.info.id)) ?? [];
  if (!run || chosen.length === 0) return;
  const fetched: Array<readonly [ResultView, ResultPicture]> = [];
  try {
    const pictures: PlacedPicture[] = [];
    for (const view of chosen) {
      const result = await fetchResult(parts, view);
      fetched.push([view, result]);
      pictures.push(pictureOf(run, view, result, chosen.length > 1));
    }
    const { documentId, documentSize, layerId } = run.origin;
    const canvas = grownCanvas(run, pictures);
    const anchor = `${documentId}/${layerId ?? ''}`;
    const placed = await host.place({
      documentId,
      aboveLayerId: parts.placedAbove.get(anchor) ?? layerId,
      documentSize,
      ...(canvas ? { canvas } : {}),
      pictures,
      groupName: run.label,
      historyName: chosen.length > 1 ? `${verbOf(run)} (${chosen.length} variants)` : verbOf(run),
    });
    const top = placed.layerIds[0];
    if (top !== undefined) parts.placedAbove.set(anchor, top);
    store.dispatch({ type: 'placed', key, resultIds: chosen.map((r) => r.info.id) });
  } catch (error) {
    const problem = toProblem(error);
    store.dispatch({
      type: 'noticed',
      notice: { problem, retry: { action: 'place', runKey: key } },
    });
  } finally {
    // The layer first: the artist waits for it.
    for (const [view, result] of fetched) makeThumbnail(parts, key, view, result);
  }
}

/** Fetches a result for its small picture, if it has none yet. Never throws. */
export async function loadThumbnail(
  parts: SessionParts,
  key: string,
  resultId: string,
): Promise<void> {
  const run = parts.store.getState().runs.find((r) => r.key === key);
  const view = run?.results.find((r) => r.info.id === resultId);
  if (!view || view.thumbnail !== undefined || parts.fetching.has(resultId)) return;
  try {
    makeThumbnail(parts, key, view, await fetchResult(parts, view));
  } catch (error) {
    if (error instanceof PentimentoError && error.code === 'E_RESULT_LOST') {
      parts.store.dispatch({ type: 'resultDiscarded', key, resultId });
    }
  }
}

async function fetchResult(parts: SessionParts, view: ResultView): Promise<ResultPicture> {
  const { id } = view.info;
  parts.fetching.add(id);
  try {
    return await parts.client.result(id);
  } finally {
    parts.fetching.delete(id);
  }
}

function makeThumbnail(
  parts: SessionParts,
  key: string,
  view: ResultView,
  result: ResultPicture,
): void {
  if (view.thumbnail !== undefined) return;
  const thumbnail = thumbnailUrl(result.color, { maxSidePx: thumbnailSidePx });
  parts.store.dispatch({ type: 'thumbnailMade', key, resultId: view.info.id, thumbnail });
}

function pictureOf(
  run: Run,
  view: ResultView,
  result: ResultPicture,
  isOneOfMany: boolean,
): PlacedPicture {
  const { bounds, recipe, color, alpha } = result;
  const name = isOneOfMany ? `${run.label} · ${view.info.index + 1}` : run.label;
  return { name, bounds, color, alpha, recipe };
}

/** What the canvas becomes: the document and what was painted past it. */
function grownCanvas(run: Run, pictures: readonly PlacedPicture[]): Rect | undefined {
  if (run.situation !== 'expand') return undefined;
  const document = rectOfSize(run.origin.documentSize);
  return pictures.reduce((canvas, { bounds }) => unionRects(canvas, bounds), document);
}

function verbOf(run: Run): string {
  const verbs = {
    generate: 'Generate',
    refine: 'Refine',
    restyle: 'Restyle',
    fill: 'Fill selection',
    remove: 'Remove',
    expand: 'Expand',
  } as const;
  return verbs[run.situation];
}
