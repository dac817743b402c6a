/**
 * One job from request to finished layers: plan -> prepare -> sample -> finish. This is the page to
 * read. It knows no process, no files and no queue: pixels come in, progress and planes come out.
 */
import { PentimentoError } from '../../shared/errors.ts';
import type { Plane } from '../../shared/frame.ts';
import { rectOfSize, relativeTo, type Rect } from '../../shared/geometry.ts';
import type { Plan } from '../../shared/plan.ts';
import type { ModelReference, Recipe } from '../../shared/recipe.ts';
import { needsModel, type DiffusionRequest, type GenerateRequest } from '../../shared/request.ts';
import type { DiffusionModel, OddSizes } from './diffusion.ts';
import type { ControlNet } from './networks/controlNet.ts';
import type { Upscaler } from './networks/upscaler.ts';
import { paintDiffusion } from './paintDiffusion.ts';
import { paintExpansion } from './paintExpansion.ts';
import { paintOutpaintScript } from './paintOutpaintScript.ts';
import { paintPatches } from './paintPatches.ts';
import { paintUpscale } from './paintUpscale.ts';
import { matchedGrain } from './matchedGrain.ts';
import { cropMask, cropRaster } from './picture/crop.ts';
import type { Finished, ScriptMasks } from './picture/prepare.ts';
import type { Mask, Raster } from './picture/raster.ts';
import type { MachineMemory } from './plan/memoryPlan.ts';
import { planJob } from './planJob.ts';
import type { EmbeddingFile } from './promptEmbeddings.ts';
import { chooseSampling } from './sampling/chooseSampling.ts';
import { stopWhenAsked } from './stopWhenAsked.ts';
import { variantSeeds, type VariantSeeds } from './variantSeeds.ts';

export interface Job {
  readonly request: GenerateRequest;
  /** Over the request's region. */
  readonly picture: Raster | undefined;
  /** Over the request's region. */
  readonly mask: Mask | undefined;
  /** Names of the request's ControlNets. */
  readonly controls?: readonly string[];
  /** Of the models of further stages, for the recipe. */
  readonly refiner?: ModelReference | undefined;
  readonly upscalers?: readonly string[] | undefined;
  /** Pictures that ControlNets look at, by their units' places; of any size, over the request's region. */
  readonly controlPictures?: readonly (Raster | undefined)[];
  readonly inputSha256: string;
  readonly model: ModelReference | undefined;
  /** Whose text encoders and VAE it runs with, where it is a UNet alone; for the recipe. */
  readonly parts?: ModelReference | undefined;
  /** The LoRA files that take part, for the recipe; those without a known hash are left out. */
  readonly loras?: Recipe['loras'];
  /** For the recipe: those that the words have named so far. */
  readonly embeddings?: Recipe['embeddings'];
}

export interface JobTools {
  readonly signal: AbortSignal;
  readonly preview: boolean;
  /** A clock that only goes forward; previews are paced by it. */
  nowMs(): number;
  openModel(oddSizes: OddSizes, onStage: (name: string) => void): Promise<DiffusionModel>;
  /** The ControlNets of the request's units, in order (none). Throws E_MODEL_FAMILY and what opening them throws. */
  openControls?(family: string, onStage: (name: string) => void): Promise<readonly ControlNet[]>;
  /** The request's refiner, opened beside its model (there is none). Throws what opening it throws. */
  openRefiner?(oddSizes: OddSizes, onStage: (name: string) => void): Promise<DiffusionModel>;
  /** A network that enlarges, by the request's name for it (there is none). Throws what opening it throws. */
  openUpscaler?(name: string, onStage: (name: string) => void): Promise<Upscaler>;
  /** What is to be said about files that the prompt names, LoRA above all (nothing). */
  promptNotes?(): readonly string[];
  /** What the prompt may call by name (none). */
  readonly embeddings?: readonly EmbeddingFile[];
  /** Told which of them the words name. */
  readonly onEmbeddings?: (names: readonly string[]) => void;
  /** What there is of it, counting what the engine holds (not limited). */
  memory?(): MachineMemory;
  /** What is being done now, and the longest it may take. */
  onStage(name: string, budgetMs: number): void;
}

/** The part of the document that the run works on, and its pixels. */
export interface Scene {
  readonly request: GenerateRequest;
  readonly plan: Plan;
  /** Over the plan's context. */
  readonly picture: Raster | undefined;
  readonly selection: Mask | undefined;
  /** As they were sent (Job.controlPictures). */
  readonly controlPictures: readonly (Raster | undefined)[];
  /** Of AUTOMATIC1111's outpainting scripts. */
  readonly script?: ScriptMasks;
}

export interface SmallPicture {
  /** A data URL. */
  readonly image: string;
  readonly width: number;
  readonly height: number;
}

/** What painting one variant yields while it goes on. */
export type Painting = {
  readonly step: number;
  readonly steps: number;
  readonly preview?: SmallPicture;
  /** What the preview shows, document pixels (the plan's context). */
  readonly seen?: Rect;
};

/** Paints the variants of one scene; what they share (a model, an encoded picture) is made once. */
export interface Painter {
  /** A scheduler without a name among our schedules places the steps. */
  readonly hasUnnamedSchedule?: boolean;
  paint(seeds: VariantSeeds): AsyncGenerator<Painting, Finished>;
}

export type JobProgress =
  | { readonly type: 'plan'; readonly plan: Plan }
  | {
      readonly type: 'step';
      readonly index: number;
      readonly step: number;
      readonly steps: number;
      readonly count: number;
    }
  | ({
      readonly type: 'preview';
      readonly index: number;
      readonly step: number;
      readonly bounds: Rect;
    } & SmallPicture)
  | {
      readonly type: 'result';
      readonly index: number;
      /** Document pixels. */
      readonly bounds: Rect;
      readonly color: Plane;
      readonly alpha: Plane;
      readonly recipe: Recipe;
    };

/**
 * Yields the plan, then steps and previews, then a result per variant. Throws PentimentoErrors; when
 * the signal is aborted it throws E_CANCELLED at the next step or stage.
 */
export async function* runJob(job: Job, tools: JobTools): AsyncGenerator<JobProgress> {
  const { request } = job;
  const plan = await planJob(job, tools);
  yield { type: 'plan', plan };
  stopWhenAsked(tools.signal);
  const scene = cropScene(job, plan);
  const painter = await painterOf(scene, request, tools);
  for (let index = 0; index < request.count; index++) {
    stopWhenAsked(tools.signal);
    const seeds = variantSeeds(request, index);
    const painting = painter.paint(seeds);
    let state = await painting.next();
    while (state.done !== true) {
      yield* tell(state.value, { index, count: request.count, bounds: plan.context });
      stopWhenAsked(tools.signal);
      state = await painting.next();
    }
    const finished = await matchedGrain(state.value, { scene, seed: seeds.seed, tools });
    yield resultOf(job, plan, { finished, index, seed: seeds.seed, painter });
  }
}

async function painterOf(
  scene: Scene,
  request: GenerateRequest,
  tools: JobTools,
): Promise<Painter> {
  if (request.kind === 'expand' && request.dialect === 'a1111')
    return paintOutpaintScript(scene, request, tools);
  if (request.kind === 'expand' || request.kind === 'expand-patches')
    return paintExpansion(scene, request, tools);
  if (request.kind === 'upscale') return paintUpscale(scene, request, tools);
  return needsModel(request)
    ? paintDiffusion(scene, request, tools)
    : paintPatches(scene, request, tools);
}

function* tell(
  painting: Painting,
  at: { readonly index: number; readonly count: number; readonly bounds: Rect },
): Generator<JobProgress> {
  const { step, steps, preview, seen = at.bounds } = painting;
  yield { type: 'step', index: at.index, step, steps, count: at.count };
  if (preview) yield { type: 'preview', index: at.index, step, bounds: seen, ...preview };
}

/** Throws E_FRAME, E_MASK_SIZE when the planes do not cover the region. */
function cropScene(job: Job, plan: Plan): Scene {
  const { request, picture, mask } = job;
  const inRegion = relativeTo(plan.context, request.region);
  const size = rectOfSize(request.region);
  for (const plane of [picture, mask]) {
    if (plane && (plane.width !== size.width || plane.height !== size.height)) {
      throw new PentimentoError('E_MASK_SIZE', 'The pixels sent do not cover the region.');
    }
  }
  if (!picture && request.kind !== 'text')
    throw new PentimentoError('E_FRAME', 'No picture was sent.');
  return {
    request,
    plan,
    picture: picture && cropRaster(picture, inRegion),
    selection: mask && cropMask(mask, inRegion),
    controlPictures: job.controlPictures ?? [],
  };
}

function resultOf(
  job: Job,
  plan: Plan,
  made: {
    readonly finished: Finished;
    readonly index: number;
    readonly seed: number;
    readonly painter: Pick<Painter, 'hasUnnamedSchedule'>;
  },
): JobProgress {
  const { finished, index, seed } = made;
  const { context, workingSize } = plan;
  const bounds = {
    ...finished.bounds,
    x: finished.bounds.x + context.x,
    y: finished.bounds.y + context.y,
  };
  const recipe: Recipe = {
    version: 1,
    made: 'pentimento 0.1.0',
    request: job.request,
    index,
    seed,
    ...(job.model ? { model: job.model } : {}),
    ...(job.parts ? { parts: job.parts } : {}),
    ...(job.loras && job.loras.length > 0 ? { loras: [...job.loras] } : {}),
    ...(job.embeddings && job.embeddings.length > 0 ? { embeddings: [...job.embeddings] } : {}),
    ...(job.controls && job.controls.length > 0 ? { controls: [...job.controls] } : {}),
    ...(job.refiner ? { refiner: job.refiner } : {}),
    ...(job.upscalers && job.upscalers.length > 0 ? { upscalers: [...job.upscalers] } : {}),
    ...(needsModel(job.request) ? { sampling: samplingNames(job.request, made.painter) } : {}),
    context,
    workingSize,
    ...(finished.report ? { color: finished.report } : {}),
    ...(finished.grain ? { grain: finished.grain } : {}),
    inputSha256: job.inputSha256,
  };
  const color = { name: 'color', ...finished.color };
  const alpha: Plane = { name: 'alpha', channels: 1, depth: 8, ...finished.alpha };
  return { type: 'result', index, bounds, color, alpha, recipe };
}

function samplingNames(
  request: DiffusionRequest,
  { hasUnnamedSchedule }: Pick<Painter, 'hasUnnamedSchedule'>,
): NonNullable<Recipe['sampling']> {
  const { sampler, schedule } = chooseSampling(request);
  return { sampler: sampler.name, schedule: hasUnnamedSchedule ? 'Automatic' : schedule.label };
}
