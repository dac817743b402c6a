/** POST /v1/plan: the facts about the model and this machine that the plan's arithmetic asks for. */
import type { ModelInfo } from '../../shared/api.ts';
import type { Plan, PlanRequest } from '../../shared/plan.ts';
import type { MachineMemory } from '../engine/plan/memoryPlan.ts';
import { planRun, type PlanFacts } from '../engine/plan/planRun.ts';
import type { TimingTable } from '../jobs/timingTable.ts';
import type { ModelSource } from './parts.ts';

/** Sides the families were trained at, pixels. */
function nativeSideOf(model: ModelInfo | undefined): number {
  if (model?.nativeSide !== undefined) return model.nativeSide;
  if (model?.family.startsWith('sdxl')) return 1024;
  if (model?.family === 'sd2' && model.prediction === 'v') return 768;
  return 512;
}

export interface PlanSources {
  readonly models: ModelSource;
  readonly timings: TimingTable;
  readonly device: () => string;
  /** What a run may take; absent: nobody knows. */
  readonly memory?: () => MachineMemory;
}

/** Parameters of a family's networks together, published. */
const parameters: Readonly<Record<string, number>> = {
  sd1: 1.07e9,
  sd2: 1.29e9,
  sdxl: 3.47e9,
  'sdxl-refiner': 3.05e9,
};

/** Of the weights in the number format of the device; a file may hold another, or copies. */
export function loadedBytes(
  { family, sizeBytes }: Pick<ModelInfo, 'family' | 'sizeBytes'>,
  device: string,
): number {
  const count = parameters[family];
  const isHalf = ['webgpu', 'cuda', 'dml'].includes(device);
  // A smaller model of the family: no file holds more numbers than bytes.
  return count === undefined ? sizeBytes : Math.min(count, sizeBytes) * (isHalf ? 2 : 4);
}

/** A plan is told even for a model that is not there (yet): with the usual size. */
export async function answerPlan(request: PlanRequest, sources: PlanSources): Promise<Plan> {
  const model =
    request.kind === 'remove' ? undefined : await findModel(request.model, sources.models);
  const pace = sources.timings.secondsPerMegapixelStep(sources.device());
  const facts: PlanFacts = {
    nativeSide: nativeSideOf(model),
    ...(pace === undefined ? {} : { secondsPerMegapixelStep: pace }),
    ...(model ? { modelBytes: loadedBytes(model, sources.device()) } : {}),
    ...(sources.memory ? { machine: sources.memory() } : {}),
  };
  return planRun(request, facts);
}

async function findModel(id: string, models: ModelSource): Promise<ModelInfo | undefined> {
  const known = await models.list();
  return id === ''
    ? known.find((m) => m.kind === 'checkpoint' && m.usable)
    : known.find((m) => m.id === id || m.name === id);
}
