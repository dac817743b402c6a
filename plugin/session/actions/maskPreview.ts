/** Keeps the masks that are shown in step with the selection and the settings. */
import { toProblem } from '../../../shared/errors.ts';
import type { Plane } from '../../../shared/frame.ts';
import {
  containsRect,
  intersectRects,
  isEmptyRect,
  rectOfSize,
  type Rect,
} from '../../../shared/geometry.ts';
import { limits } from '../../../shared/limits.ts';
import type { Plan } from '../../../shared/plan.ts';
import type { MaskRequest } from '../../../shared/preview.ts';
import type { RunMasks } from '../../client/serviceClient.ts';
import type { Capture } from '../../host/host.ts';
import { maskColors, thumbnailUrl, type Overlay } from '../../picture/thumbnail.ts';
import { kindOf } from '../buildPlanRequest.ts';
import type { SessionParts } from '../parts.ts';
import type { MaskView, ShownMasks } from '../previews.ts';
import { hasSelection } from '../select.ts';
import type { SessionState } from '../state.ts';
import { sourceFor } from '../sourceFor.ts';
import { reportServiceTrouble } from './connect.ts';

/** Longer than the plan takes to follow a change, so that it is asked once. */
const quietMs = 350;
/** On the canvas, where they are as large as the picture on the screen. */
const canvasSidePx = 2048;
const panelSidePx = 368;

export interface MaskKeeper {
  /** Shows a mask, or none; asking for what is shown already makes it anew. */
  readonly show: (view: MaskView) => void;
  readonly stop: () => void;
}

/**
 * Masks are made again by themselves where reading is cheap (Host.glance); elsewhere they are marked as of an
 * earlier selection until the artist asks again.
 */
export function keepMaskPreview(parts: SessionParts): MaskKeeper {
  const { store } = parts;
  let asked = '';
  let asking = new AbortController();
  const restart = () => {
    asking.abort();
    asking = new AbortController();
    return asking.signal;
  };
  const consider = (isAsked: boolean) => {
    const state = store.getState();
    if (state.previews.masks.view === 'off') {
      if (asked !== '') restart();
      asked = '';
      return;
    }
    const wanted = wantedMasks(state);
    const key = wanted ? JSON.stringify([wanted, state.host.selectionMark]) : '';
    if (key === asked && !isAsked) return;
    // The plan of a new selection is on its way: what is shown stays until it comes.
    if (!wanted && isPlanComing(state)) return;
    const signal = restart();
    const isAtOnce = isAsked || asked === '';
    asked = key;
    if (!wanted) store.dispatch({ type: 'previewMasksStale', isGone: true });
    else if (isAtOnce) void make(parts, wanted, signal);
    else if (parts.host.glance) void makeLater(parts, wanted, signal);
    else store.dispatch({ type: 'previewMasksStale', isGone: false });
  };
  const unsubscribe = store.subscribe(() => consider(false));
  return {
    show: (view) => {
      const before = store.getState().previews.masks;
      store.dispatch({ type: 'previewMasksChosen', view });
      if (view !== 'off' && (before.isStale || before.problem)) consider(true);
    },
    stop: () => {
      unsubscribe();
      asking.abort();
    },
  };
}

interface WantedMasks {
  readonly request: MaskRequest;
  readonly region: Rect;
  readonly documentId: string;
  readonly source: 'layer' | 'composite';
}

function hasMasks(state: SessionState): boolean {
  const kind = kindOf(state);
  return hasSelection(state) && (kind === 'inpaint' || kind === 'remove');
}

/** None is known, or one of an earlier selection. */
function isPlanComing(state: SessionState): boolean {
  return hasMasks(state) && state.plan.phase !== 'failed';
}

/** Undefined where the run has no masks, or its plan is not known. */
function wantedMasks(state: SessionState): WantedMasks | undefined {
  const { plan, host, settings } = state;
  const kind = kindOf(state);
  const isMasked = kind === 'inpaint' || kind === 'remove';
  const { document, selectionBounds } = host;
  if (plan.phase !== 'known' || !document || !isMasked || !selectionBounds) return undefined;
  const { context } = plan.plan;
  // The plan of an earlier selection.
  const selected = intersectRects(selectionBounds, rectOfSize(document));
  if (isEmptyRect(selected) || !containsRect(context, selected)) return undefined;
  const { featherPx, growPx, area, paddingPx, dialect, advanced } = settings;
  const request: MaskRequest = {
    kind,
    featherPx,
    growPx,
    area,
    paddingPx,
    dialect: kind === 'remove' ? 'pentimento' : dialect,
    workingSize: evenSize(plan.plan),
    ...(advanced.softInpainting ? { isSoft: true } : {}),
  };
  const source = sourceFor(state);
  return { request, region: context, documentId: document.id, source };
}

/** Runs without a model work at the picture's own size, which cells do not fit. */
function evenSize({ workingSize }: Plan): MaskRequest['workingSize'] {
  const even = (side: number) => Math.min(limits.side.max, Math.max(8, Math.ceil(side / 8) * 8));
  return { width: even(workingSize.width), height: even(workingSize.height) };
}

async function makeLater(
  parts: SessionParts,
  wanted: WantedMasks,
  signal: AbortSignal,
): Promise<void> {
  await parts.pause(quietMs, signal);
  if (!signal.aborted) await make(parts, wanted, signal);
}

async function make(parts: SessionParts, wanted: WantedMasks, signal: AbortSignal): Promise<void> {
  const { region, documentId, source } = wanted;
  try {
    const capture = await parts.host.capture({ documentId, region, source, withMask: true });
    if (signal.aborted || !capture.mask) return;
    const isOnCanvas = parts.host.kind === 'workbench';
    const longestSidePx = isOnCanvas ? canvasSidePx : panelSidePx;
    const request = { ...wanted.request, longestSidePx };
    const masks = await parts.client.masks(request, capture.mask, signal);
    if (!signal.aborted) {
      parts.store.dispatch({ type: 'previewMasksMade', shown: shownMasks(capture, masks) });
    }
  } catch (error) {
    if (signal.aborted) return;
    const problem = toProblem(error);
    if (problem.status === 401 || problem.code === 'E_SERVICE_DOWN') {
      reportServiceTrouble(parts, error);
    } else {
      parts.store.dispatch({ type: 'previewMasksFailed', problem });
    }
  }
}

function shownMasks({ picture, region }: Capture, { alpha, denoise }: RunMasks): ShownMasks {
  const seen: Overlay = { plane: alpha, ...maskColors.seen };
  const change: Overlay = { plane: denoise, ...maskColors.change };
  const draw = (overlays: readonly Overlay[]) => overlaid(picture, overlays);
  return {
    region,
    seen: alpha,
    change: denoise,
    pictures: { both: draw([change, seen]), seen: draw([seen]), change: draw([change]) },
  };
}

function overlaid(picture: Plane, overlays: readonly Overlay[]): string {
  return thumbnailUrl(picture, { maxSidePx: panelSidePx, overlays });
}
