/** POST /v1/plan: the facts about the model and this machine that the plan's arithmetic asks for. */
import type { ModelInfo } from '../../shared/api.ts';
import type { Plan, PlanRequest } from '../../shared/plan.ts';
import { planRun, type PlanFacts } from '../engine/plan/planRun.ts';
import type { TimingTable } from '../jobs/timingTable.ts';
import type { ModelSource } from './parts.ts';

/** Sides the families were trained at, pixels. */
function nativeSideOf(model: ModelInfo | undefined): number {
  if (model?.nativeSide !== undefined) return model.nativeSide;
  if (model?.family === 'sdxl') return 1024;
  if (model?.family === 'sd2' && model.prediction === 'v') return 768;
  return 512;
}

export interface PlanSources {
  readonly models: ModelSource;
  readonly timings: TimingTable;
  readonly device: () => string;
}

/** A plan is told even for a model that is not there (yet): with the usual size. */
export async function answerPlan(request: PlanRequest, sources: PlanSources): Promise<Plan> {
  const model =
    request.kind === 'remove' ? undefined : await findModel(request.model, sources.models);
  const pace = sources.timings.secondsPerMegapixelStep(sources.device());
  const facts: PlanFacts = {
    nativeSide: nativeSideOf(model),
    ...(pace === undefined ? {} : { secondsPerMegapixelStep: pace }),
    ...(model ? { modelBytes: model.sizeBytes } : {}),
  };
  return planRun(request, facts);
}

async function findModel(id: string, models: ModelSource): Promise<ModelInfo | undefined> {
  const known = await models.list();
  return id === ''
    ? known.find((m) => m.kind === 'checkpoint' && m.usable)
    : known.find((m) => m.id === id || m.name === id);
}
