import { isEmptyRect, rectOfSize, type Rect } from '../../shared/geometry.ts';
import type { PlanRequest } from '../../shared/plan.ts';
import type { GenerateRequest } from '../../shared/request.ts';
import { activeModel, hasSelection, situationOf } from './select.ts';
import type { SessionState } from './state.ts';

/** The request kind that the button stands for now. */
export function kindOf(state: SessionState): GenerateRequest['kind'] {
  const situation = situationOf(state);
  if (situation === 'remove') return 'remove';
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
  if (kind !== 'remove' && !model) return undefined;
  return {
    kind,
    document: { width: host.document.width, height: host.document.height },
    bounds,
    model: kind === 'remove' ? '' : (model?.id ?? ''),
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
    ...(kind === 'remove' ? {} : { sampler: settings.sampler, schedule: settings.schedule }),
    ...(settings.advanced.exactSteps === true ? { exactSteps: true } : {}),
  };
}

function boundsFor(state: SessionState, kind: GenerateRequest['kind']): Rect | undefined {
  const { host } = state;
  if (kind === 'inpaint' || kind === 'remove') return host.selectionBounds;
  if (kind === 'image') return host.layerBounds;
  return host.document && rectOfSize(host.document);
}
