/** Painting with a diffusion model: what variants share is prepared once, then one run per seed. */
import type { Size } from '../../shared/geometry.ts';
import type { DiffusionRequest } from '../../shared/request.ts';
import { hiresSize } from '../../shared/hiresSize.ts';
import { isLatentUpscaler, type HiresFix } from '../../shared/stages.ts';
import { advancedInput, obeyedStrength } from './advancedOptions.ts';
import { controlOptions } from './controlUnits.ts';
import type { DiffusionModel } from './diffusion.ts';
import { encodeStart, type EncodedStart } from './encodeStart.ts';
import { enlargedStart, secondRequest, secondSteps } from './hiresPass.ts';
import {
  decodeLatent,
  networkBudgetMs,
  paintPass,
  sizeInLatents,
  type Painted,
  type Pass,
} from './paintPass.ts';
import { openUpscaling, type OpenedUpscaling } from './paintUpscale.ts';
import { prepareFloat, type Finished, type Prepare, type Prepared } from './picture/prepare.ts';
import { prepareWebui } from './picture/prepareWebui.ts';
import { pipelineOptions, type PipelineOptions } from './plan/pipelineOptions.ts';
import { conditioningOf, type PromptSettings } from './promptConditioning.ts';
import { embeddingsOf } from './promptEmbeddings.ts';
import { openRefiner, refinerOfPass } from './refinerOfRun.ts';
import type { ControlOptions } from './runControl.ts';
import type { JobTools, Painter, Painting, Scene } from './runJob.ts';
import { placesAsDiffusers } from './runPlan.ts';
import { chooseSampling } from './sampling/chooseSampling.ts';
import { stopWhenAsked } from './stopWhenAsked.ts';
import type { Tensor } from './tensor.ts';
import type { VariantSeeds } from './variantSeeds.ts';

const imagings: Readonly<Record<PipelineOptions['imaging'], Prepare>> = {
  float: prepareFloat,
  webui: prepareWebui,
};

/** `changes`: of the dialect's options. Throws what opening the model and reading the prompt throw. */
export async function paintDiffusion(
  scene: Scene,
  request: DiffusionRequest,
  tools: JobTools,
  changes: Partial<PipelineOptions> = {},
): Promise<Painter> {
  const options = { ...pipelineOptions(request.dialect), ...changes };
  const stage = (name: string) => {
    stopWhenAsked(tools.signal);
    tools.onStage(name, networkBudgetMs);
  };
  // Also between the bands of a large picture, which are stages of their own.
  const model = await tools.openModel(options.oddSizes, stage);
  const prepared = prepareScene(scene, request, options);
  if (isUntouched(request, options) && scene.picture) return untouched(prepared);
  const refiner = await openRefiner(request, tools, options, { facts: model.facts, stage });
  const run = { scene, request, tools, options, model, prepared, refiner, stage };
  stage('reading the prompt');
  const first = await firstPass(run);
  const second = await secondPassOf(run, first);
  stage('painting');
  const chosen = chooseSampling(request);
  return {
    hasUnnamedSchedule: !chosen.named && placesAsDiffusers({ options, model }, chosen),
    paint: (seeds) => paint(run, { first, second }, seeds),
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
    resizeMode: request.kind === 'image' ? request.advanced?.resizeMode : undefined,
    correctsColors: request.advanced?.colorCorrection === true,
    script: scene.script,
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
  readonly refiner: DiffusionModel | undefined;
  readonly stage: (name: string) => void;
}

/** The pass that everything starts with, and the only one for most runs. */
async function firstPass(run: Run): Promise<Pass> {
  const { scene, request, options, model, tools, prepared } = run;
  const size = scene.plan.workingSize;
  const words = await wordsOf(run, request, size);
  run.stage('looking at the picture');
  const encoded = await encodeStart(model, prepared, {
    content: request.kind === 'inpaint' ? request.maskedContent : 'original',
    size: sizeInLatents(size, model),
    maskedPictureWeight: request.advanced?.maskedPictureWeight ?? 1,
  });
  const control = await controlOf(scene, request, { tools, options, model });
  const advanced = advancedInput(request, options, model.facts);
  const strength = obeyedStrength(request, options, model.facts);
  const isLast = request.kind !== 'text' || !request.hires;
  return {
    request,
    tools,
    options,
    model,
    size,
    advanced,
    strength,
    encoded,
    control,
    conditioning: words.conditioning,
    refiner: isLast ? words.refiner : undefined,
  };
}

/** A pass's words as the model is told them, and its refiner. */
async function wordsOf(
  { tools, options, model, refiner }: Run,
  request: DiffusionRequest,
  size: Size,
  secondPass?: PromptSettings['secondPass'],
): Promise<Pick<Pass, 'conditioning' | 'refiner'>> {
  const asked = { ...request, ...(secondPass ? { secondPass } : {}) };
  const { embeddings } = await embeddingsOf(asked, model.facts, tools.embeddings ?? []);
  tools.onEmbeddings?.(embeddings.map(({ name }) => name));
  const conditioning = await conditioningOf(model, { ...asked, embeddings }, options, size);
  const pass = { settings: asked, options, size, tools };
  return { conditioning, refiner: await refinerOfPass(refiner, request, pass) };
}

async function* paint(
  run: Run,
  { first, second }: { readonly first: Pass; readonly second: SecondPass | undefined },
  seeds: VariantSeeds,
): AsyncGenerator<Painting, Finished> {
  const { tools, options, request, model } = run;
  if (!second) {
    const painted = yield* paintPass(first, seeds);
    tools.onStage('finishing', networkBudgetMs);
    return run.prepared.finish(await decoded(run, painted), changeOf(painted));
  }
  const { steps } = request;
  const all = steps + second.steps;
  const begun = yield* counted(paintPass(first, seeds), { before: 0, all });
  tools.onStage('enlarging', networkBudgetMs);
  const posterior = await enlargedStart(begun, {
    model,
    options,
    hires: second.hires,
    upscaling: second.upscaling,
    first: first.size,
    onTile: () => run.stage('enlarging'),
  });
  const encoded = { ...second.nothing, posterior };
  const pass = { ...second.pass, encoded };
  tools.onStage('painting', networkBudgetMs);
  const painted = yield* counted(paintPass(pass, seeds), { before: steps, all });
  tools.onStage('finishing', networkBudgetMs);
  return second.prepared.finish(await decoded(run, painted), changeOf(painted));
}

/** Steps counted over both passes. */
async function* counted<T>(
  pass: AsyncGenerator<Painting, T>,
  { before, all }: { readonly before: number; readonly all: number },
): AsyncGenerator<Painting, T> {
  let state = await pass.next();
  while (state.done !== true) {
    yield { ...state.value, step: before + state.value.step, steps: all };
    state = await pass.next();
  }
  return state.value;
}

interface SecondPass {
  readonly hires: HiresFix;
  readonly upscaling: OpenedUpscaling | undefined;
  /** Steps that will be run. */
  readonly steps: number;
  /** Without its start, which is what the first pass paints. */
  readonly pass: Omit<Pass, 'encoded'>;
  readonly nothing: EncodedStart;
  readonly prepared: Prepared;
}

async function secondPassOf(run: Run, first: Pass): Promise<SecondPass | undefined> {
  const { request, scene, options, tools, model, stage } = run;
  const hires = request.kind === 'text' ? request.hires : undefined;
  if (request.kind !== 'text' || !hires) return undefined;
  const isLatent = isLatentUpscaler(hires.upscaler);
  const upscaling = isLatent ? undefined : await openUpscaling(hires.upscaler, tools);
  const own = secondRequest(request, hires);
  const size = hiresSize(first.size, hires);
  stage('reading the prompt');
  // Words change over the first pass's steps, and go on changing over this one's.
  const asked = { ...own, steps: request.steps, sampler: request.sampler };
  const { steps, sampler } = own;
  const words = await wordsOf(run, asked, size, { steps, sampler });
  const advanced = advancedInput(own, options, model.facts);
  const prepared = prepareScene(
    { ...scene, plan: { ...scene.plan, workingSize: size } },
    own,
    options,
  );
  return {
    hires,
    upscaling,
    prepared,
    steps: secondSteps(own, hires, options),
    nothing: await encodeStart(model, prepared, {
      content: 'original',
      size: sizeInLatents(size, model),
      maskedPictureWeight: 1,
    }),
    pass: {
      request: own,
      tools,
      options,
      model,
      size,
      ...words,
      control: await controlOf({ ...scene, plan: { ...scene.plan, workingSize: size } }, own, {
        tools,
        options,
        model,
      }),
      strength: hires.strength,
      advanced: {
        ...advanced,
        options: { ...advanced.options, stepRule: options.exactStepRule },
        startNoise: { ...advanced.startNoise, multiplier: 1 },
      },
    },
  };
}

function changeOf({ data: processed, initial: original = processed }: Painted) {
  return { original, processed };
}

async function decoded({ request, model, options }: Run, painted: Painted): Promise<Tensor> {
  const tiny = request.advanced?.tinyDecoder === true && model.decodeTiny;
  if (tiny) return tiny(painted);
  return decodeLatent(options.decoder === 'last' ? painted.painter : model, painted);
}
