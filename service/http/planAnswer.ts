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
  readonly timings: Pick<TimingTable, 'secondsPerMegapixelStep'>;
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

/** Of a ControlNet for a family. */
const controlParameters: Readonly<Record<string, number>> = {
  sd1: 0.361e9,
  sd2: 0.364e9,
  sdxl: 1.251e9,
};

function bytesPerNumber(device: string): number {
  return ['webgpu', 'cuda', 'dml'].includes(device) ? 2 : 4;
}

/** Of the weights in the number format of the device; a file may hold another, or copies. */
export function loadedBytes(
  { family, sizeBytes }: Pick<ModelInfo, 'family' | 'sizeBytes'>,
  device: string,
): number {
  const count = parameters[family];
  // A smaller model of the family: no file holds more numbers than bytes.
  return count === undefined ? sizeBytes : Math.min(count, sizeBytes) * bytesPerNumber(device);
}

/** A plan is told even for a model that is not there (yet): with the usual size. */
export async function answerPlan(request: PlanRequest, sources: PlanSources): Promise<Plan> {
  const model =
    request.kind === 'remove' || request.kind === 'expand-patches'
      ? undefined
      : await findModel(request.model, sources.models);
  const lender = model?.partsFrom === undefined ? undefined : await lenderOf(request, sources);
  const pace = sources.timings.secondsPerMegapixelStep(sources.device());
  const facts: PlanFacts = {
    nativeSide: nativeSideOf(lender ?? model),
    ...(pace === undefined ? {} : { secondsPerMegapixelStep: pace }),
    ...(model ? { modelBytes: loadedBytes(model, sources.device()) } : {}),
    furtherBytes: await refinerBytesOf(request, sources),
    controlBytes: await controlBytesOf(request, sources),
    ...(sources.memory ? { machine: sources.memory() } : {}),
  };
  return planRun(request, facts);
}

/** The model that lends a UNet its parts was trained as the UNet was. */
async function lenderOf(
  { partsFrom }: PlanRequest,
  { models }: PlanSources,
): Promise<ModelInfo | undefined> {
  return partsFrom === undefined ? undefined : findModel(partsFrom, models);
}

async function refinerBytesOf({ refiner }: PlanRequest, sources: PlanSources): Promise<number> {
  const model = refiner && (await findModel(refiner.model, sources.models));
  return model ? loadedBytes(model, sources.device()) : 0;
}

/** ControlNets that are not there (yet) are left out; one that is named twice is loaded once. */
async function controlBytesOf(request: PlanRequest, sources: PlanSources): Promise<number[]> {
  const asked = new Set(request.controls);
  if (asked.size === 0) return [];
  const known = (await sources.models.list()).filter(
    (m) => m.kind === 'controlnet' && (asked.has(m.id) || asked.has(m.name)),
  );
  return known.map(({ sizeBytes, family }) => {
    const most = (controlParameters[family] ?? Infinity) * bytesPerNumber(sources.device());
    return Math.min(sizeBytes * bytesPerNumber(sources.device()), most);
  });
}

async function findModel(id: string, models: ModelSource): Promise<ModelInfo | undefined> {
  const known = await models.list();
  return id === ''
    ? known.find((m) => m.kind === 'checkpoint' && m.usable)
    : known.find((m) => m.id === id || m.name === id);
}
