import { isEmptyRect, rectOfSize, type Rect } from '../../shared/geometry.ts';
import type { PlanRequest } from '../../shared/plan.ts';
import { expandFillOf, expandsByPatches, newCanvas } from './expansion.ts';
import { controlIdsOf } from './controls.ts';
import { hiresOf } from './hires.ts';
import { partsFromOf } from './lentParts.ts';
import { refinerOf } from './refiner.ts';
import { activeModel, hasSelection, situationOf } from './select.ts';
import type { SessionState } from './state.ts';

/** The request kind that the button stands for now. */
export function kindOf(state: SessionState): PlanRequest['kind'] {
  const situation = situationOf(state);
  const { settings } = state;
  if (situation === 'remove') return 'remove';
  if (situation === 'expand')
    return expandsByPatches(settings, activeModel(state)) ? 'expand-patches' : 'expand';
  if (situation === 'generate') return hasSelection(state) ? 'inpaint' : 'text';
  return hasSelection(state) ? 'inpaint' : 'image';
}

/** What to ask before a run; undefined when there is nothing to run on. */
export function buildPlanRequest(state: SessionState): PlanRequest | undefined {
  const { host, settings } = state;
  if (!host.document) return undefined;
  const kind = kindOf(state);
  const bounds = boundsFor(state, kind);
  if (!bounds || isEmptyRect(bounds)) return undefined;
  const model = activeModel(state);
  const isModelFree = kind === 'remove' || kind === 'expand-patches';
  if (!isModelFree && !model) return undefined;
  return {
    kind,
    document: { width: host.document.width, height: host.document.height },
    bounds,
    model: isModelFree ? '' : (model?.id ?? ''),
    strength: settings.strength,
    steps: settings.steps,
    sampler: settings.sampler,
    schedule: settings.schedule,
    featherPx: settings.featherPx,
    growPx: settings.growPx,
    area: settings.area,
    paddingPx: settings.paddingPx,
    count: settings.count,
    dialect: settings.dialect,
    ...(isModelFree ? {} : { sampler: settings.sampler, schedule: settings.schedule }),
    ...(isModelFree ? {} : partsFromOf(state)),
    ...(kind === 'remove' ? {} : refinerOf(settings)),
    ...hiresOf(kind, settings),
    ...(isModelFree ? {} : controlIdsOf(settings)),
    ...(kind === 'expand' ? { fill: expandFillOf(settings) } : {}),
    ...(settings.advanced.exactSteps === true ? { exactSteps: true } : {}),
  };
}

function boundsFor(state: SessionState, kind: PlanRequest['kind']): Rect | undefined {
  const { host } = state;
  if (kind === 'inpaint' || kind === 'remove') return host.selectionBounds;
  if (kind === 'image') return host.layerBounds;
  if (kind === 'expand' || kind === 'expand-patches') return newCanvas(state);
  return host.document && rectOfSize(host.document);
}
