/** Painting with a diffusion model: what variants share is prepared once, then one run per seed. */
import { PentimentoError } from '../../shared/errors.ts';
import type { Size } from '../../shared/geometry.ts';
import type { DiffusionRequest } from '../../shared/request.ts';
import { advancedInput, obeyedStrength } from './advancedOptions.ts';
import { controlOptions } from './controlUnits.ts';
import type { DiffusionModel } from './diffusion.ts';
import { diffuse } from './diffuse.ts';
import { encodeStart, type EncodedStart } from './encodeStart.ts';
import { fromTensor } from './picture/convert.ts';
import { prepareFloat, type Finished, type Prepare, type Prepared } from './picture/prepare.ts';
import { prepareWebui } from './picture/prepareWebui.ts';
import { smallPicture } from './picture/smallPicture.ts';
import { pipelineOptions, type PipelineOptions } from './plan/pipelineOptions.ts';
import { conditioningOf } from './promptConditioning.ts';
import { embeddingsOf } from './promptEmbeddings.ts';
import type { Conditioning } from './sampling/conditionRows.ts';
import type { Latent } from './sampling/types.ts';
import type { JobTools, Painter, Painting, Scene, SmallPicture } from './runJob.ts';
import type { ControlOptions } from './runControl.ts';
import { runNoise } from './runNoise.ts';
import { samplerOptionsOf } from './samplerOptions.ts';
import { drawStart, type DrawnStart } from './startDraws.ts';
import { chooseSampling } from './sampling/chooseSampling.ts';
import { placesAsDiffusers } from './runPlan.ts';
import { stopWhenAsked } from './stopWhenAsked.ts';
import type { VariantSeeds } from './variantSeeds.ts';

const imagings: Readonly<Record<PipelineOptions['imaging'], Prepare>> = {
  float: prepareFloat,
  webui: prepareWebui,
};

/** One step, or one pass of the VAE, on the slowest machine that anybody would wait for. */
const networkBudgetMs = 15 * 60_000;
/** Longest side of a preview, pixels. */
const previewSidePx = 384;

/** Throws what opening the model and reading the prompt throw. */
export async function paintDiffusion(
  scene: Scene,
  request: DiffusionRequest,
  tools: JobTools,
): Promise<Painter> {
  const options = pipelineOptions(request.dialect);
  const stage = (name: string) => {
    stopWhenAsked(tools.signal);
    tools.onStage(name, networkBudgetMs);
  };
  // Also between the bands of a large picture, which are stages of their own.
  const model = await tools.openModel(options.oddSizes, stage);
  const prepared = prepareScene(scene, request, options);
  if (isUntouched(request, options) && scene.picture) return untouched(prepared);
  stage('reading the prompt');
  const { embeddings } = await embeddingsOf(request, model.facts, tools.embeddings ?? []);
  const settings = { ...request, embeddings };
  const conditioning = await conditioningOf(model, settings, options, scene.plan.workingSize);
  stage('looking at the picture');
  const encoded = await encodeStart(model, prepared, {
    content: request.kind === 'inpaint' ? request.maskedContent : 'original',
    size: sizeInLatents(scene.plan.workingSize, model),
    maskedPictureWeight: request.advanced?.maskedPictureWeight ?? 1,
  });
  const control = await controlOf(scene, request, { tools, options, model });
  stage('painting');
  const chosen = chooseSampling(request);
  return {
    hasUnnamedSchedule: !chosen.named && placesAsDiffusers({ options, model }, chosen),
    paint: (seeds) =>
      paint(
        { scene, request, tools, options, model, prepared, conditioning, encoded, control },
        seeds,
      ),
  };
}

/** Opens what the request asks for; those of earlier jobs are closed where it asks for none. */
async function controlOf(
  scene: Scene,
  request: DiffusionRequest,
  { tools, options, model }: Pick<Run, 'tools' | 'options' | 'model'>,
): Promise<ControlOptions | undefined> {
  const told = (name: string) => tools.onStage(name, networkBudgetMs);
  const nets = (await tools.openControls?.(model.facts.family, told)) ?? [];
  return controlOptions(scene, request, options, nets);
}

function prepareScene(scene: Scene, request: DiffusionRequest, options: PipelineOptions): Prepared {
  const inpaint = request.kind === 'inpaint' ? request : undefined;
  return imagings[options.imaging]({
    picture: request.kind === 'text' ? undefined : scene.picture,
    selection: inpaint && scene.selection,
    context: { width: scene.plan.context.width, height: scene.plan.context.height },
    workingSize: scene.plan.workingSize,
    featherPx: inpaint?.featherPx ?? 0,
    growPx: inpaint?.growPx ?? 0,
    paddingPx: inpaint?.paddingPx ?? 0,
    onlyMasked: inpaint !== undefined && inpaint.area !== 'whole',
    maskedContent: inpaint?.maskedContent ?? 'original',
    colorMatch: request.kind === 'text' ? 0 : request.colorMatch,
    latentMask: options.latentMask,
    softMask: request.advanced?.softInpainting,
  });
}

/** Strength 0 is the picture itself: the networks, whose VAE alone changes it, are not run. */
function isUntouched(request: DiffusionRequest, options: PipelineOptions): boolean {
  return (
    request.kind !== 'text' && request.strength === 0 && options.zeroStrength === 'same-picture'
  );
}

function untouched(prepared: Prepared): Painter {
  return {
    // oxlint-disable-next-line require-yield -- there is no step to tell of
    async *paint(): AsyncGenerator<Painting, Finished> {
      return prepared.untouched();
    },
  };
}

interface Run {
  readonly scene: Scene;
  readonly request: DiffusionRequest;
  readonly tools: JobTools;
  readonly options: PipelineOptions;
  readonly model: DiffusionModel;
  readonly prepared: Prepared;
  readonly conditioning: (call: number) => Conditioning;
  readonly encoded: EncodedStart;
  readonly control: ControlOptions | undefined;
}

async function* paint(run: Run, seeds: VariantSeeds): AsyncGenerator<Painting, Finished> {
  const { request, options, model, tools } = run;
  const latentSize = sizeInLatents(run.scene.plan.workingSize, model);
  const shape: Latent['shape'] = [1, 4, latentSize.height, latentSize.width];
  const { known, extraChannels, noise } = startOf(run, shape, seeds);
  const steps = diffuse({
    model,
    ...advancedInput(request, options, model.facts),
    sampler: request.sampler,
    schedule: request.schedule,
    steps: request.steps,
    strength: obeyedStrength(request, options, model.facts),
    cfgScale: request.cfgScale,
    guidanceRescale: request.guidanceRescale ?? 0,
    samplerOptions: samplerOptionsOf(request.samplerOptions ?? {}),
    source: request.noiseSource ?? 'cpu',
    conditioning: run.conditioning,
    control: run.control,
    shape,
    seeds: [seeds.seed],
    noise,
    known,
    extraChannels,
  });
  const previewer = makePreviewer(model, tools);
  let state = await steps.next();
  while (state.done !== true) {
    const { step, denoised, steps: all } = state.value;
    const preview = await previewer(denoised);
    yield { step, steps: all, ...(preview ? { preview } : {}) };
    tools.onStage('painting', networkBudgetMs);
    state = await steps.next();
  }
  tools.onStage('finishing', networkBudgetMs);
  const { data: processed, initial: original = processed } = state.value;
  const tiny = request.advanced?.tinyDecoder === true && model.decodeTiny;
  const decoded = await (tiny ? tiny(state.value) : decodeLatent(model, state.value));
  return run.prepared.finish(decoded, { original, processed });
}

function sizeInLatents(size: Size, model: DiffusionModel): Size {
  const { downscale } = model.facts;
  return { width: size.width / downscale, height: size.height / downscale };
}

function startOf(run: Run, shape: Latent['shape'], seeds: VariantSeeds): DrawnStart {
  const { request, options, model, encoded } = run;
  return drawStart({
    encoded,
    size: { height: shape[2], width: shape[3] },
    strength: obeyedStrength(request, options, model.facts),
    fullStrengthStart: options.fullStrengthStart,
    source: runNoise(request, options, shape, seeds),
  });
}

/** Throws E_OUTPUT_NAN: a black picture must never pass for a result. */
async function decodeLatent(model: DiffusionModel, latent: Latent) {
  const scale = model.facts.scalingFactor;
  const decoded = await model.decode({
    data: latent.data.map((v) => v / scale),
    shape: latent.shape,
  });
  if (!decoded.data.every(Number.isFinite)) throw new PentimentoError('E_OUTPUT_NAN');
  return decoded;
}

/** At most this share of a run goes into looking at it: a TAESD preview on the CPU takes most of a second. */
const previewShare = 0.1;

function makePreviewer(model: DiffusionModel, tools: JobTools) {
  let restUntilMs = -Infinity;
  return async (denoised: Latent): Promise<SmallPicture | undefined> => {
    const startMs = tools.nowMs();
    if (!tools.preview || startMs < restUntilMs) return undefined;
    const preview = await previewOf(model, denoised);
    const endMs = tools.nowMs();
    restUntilMs = endMs + (endMs - startMs) / previewShare;
    return preview;
  };
}

async function previewOf(model: DiffusionModel, denoised: Latent): Promise<SmallPicture> {
  const small = await model.preview(denoised);
  const unit = { data: small.data.map((v) => v * 2 - 1), shape: small.shape };
  return smallPicture(fromTensor(unit), previewSidePx);
}
