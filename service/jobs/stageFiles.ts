/** The files of a run's further stages: a refiner, networks that enlarge. */
import {
  controlModels,
  needsModel,
  upscalerModels,
  type DiffusionRequest,
  type GenerateRequest,
  type UpscaleRequest,
} from '../../shared/request.ts';
import type { AskedParts, ModelFiles, StageFiles, UpscalerFile } from '../messages.ts';

/** What the request names beside its model. */
export function askedParts(request: DiffusionRequest): AskedParts {
  const { vae, partsFrom } = request;
  return { vae, partsFrom, controls: controlModels(request) };
}

/** Where they are looked up; both throw what is wrong with a name or a file. */
export interface StageSource {
  refiner(id: string, family: string, vaeId?: string): Promise<ModelFiles>;
  upscaler(id: string): Promise<UpscalerFile>;
}

/** Undefined where the run has one stage. `model`: the first stage's. */
export async function stageFiles(
  request: GenerateRequest,
  model: ModelFiles | undefined,
  source: StageSource,
): Promise<StageFiles | undefined> {
  const asked = needsModel(request) ? request.refiner : undefined;
  const vae = needsModel(request) ? request.vae : undefined;
  const refiner =
    asked && model && (await source.refiner(asked.model, model.reference.family, vae));
  const upscalers: Record<string, UpscalerFile> = {};
  for (const name of upscalerModels(request)) upscalers[name] = await source.upscaler(name);
  const isNone = !refiner && Object.keys(upscalers).length === 0;
  return isNone ? undefined : { ...(refiner ? { refiner } : {}), upscalers };
}

/** The same request with ids for the names that it has for them. */
export function withStageIds(
  request: DiffusionRequest,
  stages: StageFiles | undefined,
): DiffusionRequest {
  const { refiner } = request;
  const model = stages?.refiner?.reference.id;
  const refined = refiner && model ? { ...request, refiner: { ...refiner, model } } : request;
  if (refined.kind !== 'text' || !refined.hires) return refined;
  const { hires } = refined;
  return { ...refined, hires: { ...hires, upscaler: idOf(hires.upscaler, stages) } };
}

export function withUpscalerIds(
  request: UpscaleRequest,
  stages: StageFiles | undefined,
): UpscaleRequest {
  const { upscaler, second } = request;
  return {
    ...request,
    upscaler: idOf(upscaler, stages),
    ...(second ? { second: { ...second, upscaler: idOf(second.upscaler, stages) } } : {}),
  };
}

function idOf(name: string, stages: StageFiles | undefined): string {
  return stages?.upscalers?.[name]?.id ?? name;
}
