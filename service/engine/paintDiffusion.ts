/** Painting with a diffusion model: what variants share is prepared once, then one run per seed. */
import { PentimentoError } from '../../shared/errors.ts';
import type { Size } from '../../shared/geometry.ts';
import type { DiffusionRequest } from '../../shared/request.ts';
import type { DiffusionModel } from './diffusion.ts';
import { diffuse } from './diffuse.ts';
import { encodeStart, type EncodedStart } from './encodeStart.ts';
import { fromTensor } from './picture/convert.ts';
import { prepareFloat, type Finished, type Prepare, type Prepared } from './picture/prepare.ts';
import { prepareWebui } from './picture/prepareWebui.ts';
import { smallPicture } from './picture/smallPicture.ts';
import { pipelineOptions, type PipelineOptions } from './plan/pipelineOptions.ts';
import { conditioningOf } from './promptConditioning.ts';
import { createGenerator } from './sampling/noise/generator.ts';
import { imageNoise, sharedNoise } from './sampling/noise/imageNoise.ts';
import type { Conditioning } from './sampling/denoiser.ts';
import type { Latent } from './sampling/types.ts';
import type { JobTools, Painter, Painting, Scene, SmallPicture } from './runJob.ts';
import { drawStart, type DrawnStart, type RunNoise } from './startDraws.ts';
import { stopWhenAsked } from './stopWhenAsked.ts';

const imagings: Readonly<Record<PipelineOptions['imaging'], Prepare>> = {
  float: prepareFloat,
  webui: prepareWebui,
};

/** One step, or one pass of the VAE, on the slowest machine that anybody would wait for. */
const networkBudgetMs = 15 * 60_000;
/** Longest side of a preview, pixels. */
const previewSidePx = 384;

/** Throws what opening the model and reading the prompt throw, and E_MODEL_FAMILY for an edit model. */
export async function paintDiffusion(
  scene: Scene,
  request: DiffusionRequest,
  tools: JobTools,
): Promise<Painter> {
  const options = pipelineOptions(request.dialect);
  const model = await tools.openModel(options.oddSizes, (name) =>
    tools.onStage(name, networkBudgetMs),
  );
  const stage = (name: string) => {
    stopWhenAsked(tools.signal);
    tools.onStage(name, networkBudgetMs);
  };
  if (model.facts.inChannels !== 4 && model.facts.inChannels !== 9) {
    throw new PentimentoError(
      'E_MODEL_FAMILY',
      'Models that edit by instruction are not supported yet.',
    );
  }
  const prepared = prepareScene(scene, request, options);
  if (isUntouched(request, options) && scene.picture) return untouched(prepared);
  stage('reading the prompt');
  const conditioning = await conditioningOf(model, request, options);
  stage('looking at the picture');
  const content = request.kind === 'inpaint' ? request.maskedContent : 'original';
  const encoded = await encodeStart(model, prepared, content);
  stage('painting');
  return {
    paint: (seed) =>
      paint({ scene, request, tools, options, model, prepared, conditioning, encoded }, seed),
  };
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
  readonly encoded: EncodedStart | undefined;
}

async function* paint(run: Run, seed: number): AsyncGenerator<Painting, Finished> {
  const { request, options, model, tools } = run;
  const latentSize = sizeInLatents(run.scene.plan.workingSize, model);
  const shape: Latent['shape'] = [1, 4, latentSize.height, latentSize.width];
  const { known, extraChannels, noise } = startOf(run, shape, seed);
  const steps = diffuse({
    model,
    options,
    sampler: request.sampler,
    schedule: request.schedule,
    steps: request.steps,
    strength: strengthOf(request),
    cfgScale: request.cfgScale,
    conditioning: run.conditioning,
    shape,
    seeds: [seed],
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
  return run.prepared.finish(await decodeLatent(model, state.value));
}

function sizeInLatents(size: Size, model: DiffusionModel): Size {
  const { downscale } = model.facts;
  return { width: size.width / downscale, height: size.height / downscale };
}

function strengthOf(request: DiffusionRequest): number | undefined {
  return request.kind === 'text' ? undefined : request.strength;
}

function startOf(run: Run, shape: Latent['shape'], seed: number): DrawnStart {
  const { request, options, model, encoded } = run;
  return drawStart({
    encoded,
    inChannels: model.facts.inChannels,
    size: { height: shape[2], width: shape[3] },
    strength: strengthOf(request),
    fullStrengthStart: options.fullStrengthStart,
    source: noiseFor(options, shape, seed),
  });
}

/** Where noise comes from; diffusers draws the VAE's posteriors from the same generator. */
function noiseFor(options: PipelineOptions, shape: Latent['shape'], seed: number): RunNoise {
  const [, channels, height, width] = shape;
  if (options.generators === 'per-image') {
    const noise = imageNoise({ source: 'cpu', shape: [channels, height, width], seeds: [seed] });
    return { noise, posterior: undefined };
  }
  const generator = createGenerator('cpu', seed);
  const posterior = (count: number) => generator.normal(count);
  return {
    noise: sharedNoise(generator, channels * height * width),
    posterior: options.posterior === 'sample' ? posterior : undefined,
  };
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
