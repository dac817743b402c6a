/** Runs of AUTOMATIC1111's img2img, inpainting and txt2img, through the engine's own parts. */
import { diffuse } from '../../service/engine/diffuse.ts';
import type { DiffusionModel } from '../../service/engine/diffusion.ts';
import {
  encodeStart,
  furtherChannels,
  knownPicture,
  type EncodedStart,
} from '../../service/engine/encodeStart.ts';
import {
  planPrompts,
  scheduleConditioning,
  type PromptPlan,
  type PromptPlanSettings,
} from '../../service/engine/promptConditioning.ts';
import type { Prepared } from '../../service/engine/picture/prepare.ts';
import { paintMaskWebui, shownWebui } from '../../service/engine/picture/prepareWebui.ts';
import { decodedImage, encoderInput } from '../../service/engine/picture/webui/decodedImage.ts';
import {
  prepareInpaint,
  type MaskedContent,
  type PreparedInpaint,
} from '../../service/engine/picture/webui/inpaint.ts';
import { enlargeLatent } from '../../service/engine/picture/webui/enlargeLatent.ts';
import { applyOverlay } from '../../service/engine/picture/webui/overlay.ts';
import type { ResizeMode } from '../../service/engine/picture/webui/resizeImage.ts';
import {
  softDifferenceMask,
  softOverlay,
  type SoftOverlay,
} from '../../service/engine/picture/webui/softMask.ts';
import { imageNoise } from '../../service/engine/sampling/noise/imageNoise.ts';
import { findSampler, type SamplerEntry } from '../../service/engine/sampling/samplers/registry.ts';
import { ddimTimesteps, timestepLookup } from '../../service/engine/sampling/sigmas/levels.ts';
import { modelSigmas } from '../../service/engine/sampling/sigmas/modelSigmas.ts';
import type { Latent } from '../../service/engine/sampling/types.ts';
import type { SoftInpainting } from '../../shared/advanced.ts';
import type { LatentUpscaler } from '../../shared/stages.ts';
import type { Tensor } from '../../service/engine/tensor.ts';
import {
  usualScores,
  wholePicture,
  withConditions,
  type EncodeTexts,
} from '../../service/engine/textConditions.ts';
import { Unsupported, type Case } from './case.ts';
import { answer8, image8 } from './image8Case.ts';
import { caseContext, caseModel } from './pipelineModel.ts';
import { finish, joined, makeTrace, type Trace } from './trace.ts';
import {
  advancedOf,
  needBuilt,
  paddingOf,
  samplerOptionsOf,
  softInpaintingOf,
  variationOf,
  type Options,
  type Params,
} from './webuiSettings.ts';

/** Throws Unsupported for samplers that are not built. */
function samplerOf(name: string): SamplerEntry {
  try {
    return findSampler(name).entry;
  } catch {
    throw new Unsupported(`the sampler ${name}`);
  }
}

export async function checkWebui(c: Case): Promise<Record<string, unknown>> {
  const params = c.input['params'] as Params;
  const options = (c.input['options'] ?? {}) as Options;
  needBuilt(c, params, options);
  const sampler = samplerOf(params.sampler_name);
  const model = await caseModel(c, c.input['model'], 'webui');
  const refiner = c.input['refiner'] ? await caseModel(c, c.input['refiner'], 'webui') : undefined;
  const prepared = await preparePictures(c, params);
  const soft = softInpaintingOf(c);
  return run(c, { params, options, sampler, model, refiner, prepared, soft });
}

async function preparePictures(c: Case, params: Params): Promise<PreparedInpaint | undefined> {
  if (c.input['image'] === undefined) return undefined;
  const mask = c.input['mask'] === undefined ? undefined : await image8(c, c.input['mask']);
  return prepareInpaint({
    picture: await image8(c, c.input['image']),
    mask,
    width: params.width,
    height: params.height,
    resizeMode: (params.resize_mode ?? 0) as ResizeMode | 3,
    maskBlurX: params.mask_blur_x ?? 4,
    maskBlurY: params.mask_blur_y ?? 4,
    invert: params.inpainting_mask_invert === 1,
    fullRes: params.inpaint_full_res ?? true,
    padding: params.inpaint_full_res_padding ?? 0,
    fillMode: (params.inpainting_fill ?? 0) as MaskedContent,
    maskRound: roundsMasks(params, softInpaintingOf(c)),
  });
}

/** Soft inpainting turns it off. */
function roundsMasks(params: Params, soft: SoftInpainting | undefined): boolean {
  return (params.mask_round ?? true) && !soft;
}

interface Run {
  readonly params: Params;
  readonly options: Options;
  readonly sampler: SamplerEntry;
  readonly model: DiffusionModel;
  /** Takes over on the way, and decodes. */
  readonly refiner: DiffusionModel | undefined;
  readonly prepared: PreparedInpaint | undefined;
  readonly soft: SoftInpainting | undefined;
}

function preparedStart({ prepared, params, soft }: Run): Prepared {
  const unused = () => {
    throw new Error('not used here');
  };
  const start = prepared && {
    data: encoderInput(prepared.image),
    shape: [1, 3, prepared.image.height, prepared.image.width],
  };
  const round = roundsMasks(params, soft);
  return {
    start,
    latentMask: prepared?.latentMask?.data,
    shown: start && shownWebui(start, prepared.mask, round),
    paintMask: paintMaskWebui(prepared?.mask, round),
    finish: unused,
    untouched: unused,
  };
}

const contents = ['fill', 'original', 'latent-noise', 'latent-nothing'] as const;

/** What of a run is the same in both passes of a hires fix, and what is not. */
interface Pass {
  readonly shape: Latent['shape'];
  readonly encoded: EncodedStart;
  readonly strength: number | undefined;
  readonly steps: number;
  readonly sampler: string;
  readonly schedule: string;
  readonly exactSteps: boolean;
  /** The refiner has its turn in the last pass. */
  readonly isLast: boolean;
  readonly prompts: PromptPlan;
}

interface Passed {
  readonly trace: Trace;
  readonly latent: Latent;
  readonly extraChannels: Tensor | undefined;
}

async function runPass(c: Case, r: Run, pass: Pass): Promise<Passed> {
  const { params, options, model } = r;
  const { shape, encoded } = pass;
  const variation = (params.subseed_strength ?? 0) !== 0;
  const seeds = Array.from({ length: shape[0] }, (_, i) => params.seed + (variation ? 0 : i));
  const source = options.randn_source === 'NV' ? ('nv' as const) : ('cpu' as const);
  const noise = imageNoise({
    source,
    shape: [4, shape[2], shape[3]],
    seeds,
    ...variationOf(params, options, seeds.length),
  });
  const clipSkip = options.CLIP_stop_at_last_layers ?? 1;
  const conditioningFor = (asked: DiffusionModel) => {
    const layers = asked.facts.family === 'sd1' ? clipSkip : 1;
    const encode: EncodeTexts = (texts) =>
      Promise.all(texts.map((text) => caseContext(c, asked, text, layers)));
    const encoders = { encode, encodeNegative: encode };
    const pixels = { width: shape[3] * 8, height: shape[2] * 8 };
    return scheduleConditioning(pass.prompts, {
      ...withConditions(encoders, asked.facts, wholePicture(pixels), usualScores),
      padding: paddingOf(options),
    });
  };
  const size = { width: shape[3], height: shape[2] };
  const extraChannels = furtherChannels(encoded, size, undefined);
  const trace = makeTrace();
  const latent = await finish(
    diffuse({
      model,
      ...advancedOf(params, options, {
        edits: model.facts.inChannels === 8,
        fromPicture: c.input['mode'] !== 'txt2img',
        soft: r.soft,
        ...pass,
      }),
      sampler: pass.sampler,
      schedule: pass.schedule,
      samplerOptions: samplerOptionsOf(params, options, samplerOf(pass.sampler).space),
      refiner:
        pass.isLast && r.refiner
          ? {
              model: r.refiner,
              conditioning: await conditioningFor(r.refiner),
              at: params.refiner_switch_at ?? 0,
              measure: options.refiner_switch_by_sample_steps === true ? 'calls' : 'timesteps',
            }
          : undefined,
      source,
      steps: pass.steps,
      strength: pass.strength,
      cfgScale: params.cfg_scale,
      conditioning: await conditioningFor(model),
      shape,
      seeds,
      noise,
      known: knownPicture(encoded, undefined),
      extraChannels,
      trace,
    }),
  );
  return { trace, latent, extraChannels };
}

async function run(c: Case, r: Run): Promise<Record<string, unknown>> {
  const { params, options, model, prepared } = r;
  const batch = params.batch_size ?? 1;
  const shape = [batch, 4, params.height / 8, params.width / 8] as const;
  const prompts = promptsOf(r);
  const encoded = await encodeStart(model, preparedStart(r), {
    content: contents[prepared?.latentMask ? (params.inpainting_fill ?? 0) : 1],
    size: { width: shape[3], height: shape[2] },
    maskedPictureWeight: options.inpainting_mask_weight ?? 1,
  });
  const first = await runPass(c, r, {
    shape,
    encoded,
    strength: c.input['mode'] === 'txt2img' ? undefined : params.denoising_strength,
    steps: params.steps,
    sampler: params.sampler_name,
    schedule: params.scheduler,
    exactSteps: options.img2img_fix_steps === true,
    isLast: params.enable_hr !== true,
    prompts,
  });
  const second = params.enable_hr === true ? await secondPass(c, r, first.latent) : undefined;
  const { latent } = second ?? first;
  const firstAnswers = traceAnswers(r, first.trace);
  const refinedFrom = refinedCall(first.trace, second?.trace);
  const decoder = refinedFrom === undefined ? model : (r.refiner ?? model);
  const decoded = await decoder.decode({
    data: latent.data.map((v) => v / decoder.facts.scalingFactor),
    shape: latent.shape,
  });
  const [width, height] = [latent.shape[3] * 8, latent.shape[2] * 8];
  const pixels = 3 * width * height;
  const overlays = softOverlays(r, latent, first.trace);
  const images = Array.from({ length: batch }, (_, i) => {
    const image = decodedImage(decoded.data.subarray(i * pixels, (i + 1) * pixels), width, height);
    if (!prepared || options.overlay_inpaint === false) return answer8(image);
    const overlay = overlays[i]?.overlay ?? prepared.overlay;
    return answer8(applyOverlay(image, overlay, prepared.pasteTo).picture);
  });
  return {
    ...firstAnswers,
    ...(second ? secondAnswers(r, second.trace, Number(firstAnswers['calls'])) : {}),
    prompt_schedule: answerPrompts(prompts),
    nmask: prepared?.latentMask?.data,
    image_conditioning: first.extraChannels && forEach(first.extraChannels, batch),
    refiner_from_call: refinedFrom,
    step_noise: joined(first.trace.seen.stepNoise),
    overlay_mask: overlays[0] && answer8(overlays[0].mask),
    latent,
    decoded,
    images,
  };
}

/** Soft inpainting's, one for each image; none without it or without a mask. */
function softOverlays(r: Run, latent: Latent, { seen }: Trace): SoftOverlay[] {
  const { prepared, soft, params } = r;
  const mask = prepared?.latentMask;
  const { initial } = seen;
  if (!soft || !mask || !initial) return [];
  const { width, height } = params;
  const image = latent.data.length / latent.shape[0];
  return Array.from({ length: latent.shape[0] }, (_, i) => {
    const original = initial.subarray(i * image, (i + 1) * image);
    const processed = latent.data.subarray(i * image, (i + 1) * image);
    const difference = softDifferenceMask({ mask, original, processed }, soft);
    return softOverlay(difference, prepared.original, { width, height, pasteTo: prepared.pasteTo });
  });
}

/** What all images share, once for each. */
function forEach({ data }: Tensor, images: number): Float32Array {
  return joined(Array.from({ length: images }, () => data));
}

/** Counted over both passes. */
function refinedCall(first: Trace, second: Trace | undefined): number | undefined {
  const inSecond = second?.seen.refinedFrom;
  if (inSecond === undefined) return first.seen.refinedFrom;
  return first.seen.calls.length + inSecond;
}

const latentUpscalers: Readonly<Record<string, LatentUpscaler>> = {
  Latent: 'latent',
  'Latent (antialiased)': 'latent-antialiased',
  'Latent (bicubic)': 'latent-bicubic',
  'Latent (bicubic antialiased)': 'latent-bicubic-antialiased',
  'Latent (nearest)': 'latent-nearest',
  'Latent (nearest-exact)': 'latent-nearest-exact',
};

/** Hires fix: the first pass's latents, enlarged, are a picture to work over. */
async function secondPass(c: Case, r: Run, first: Latent): Promise<Passed> {
  const { params, model } = r;
  const upscaler = latentUpscalers[params.hr_upscaler ?? 'Latent'];
  if (!upscaler) throw new Unsupported(`the upscaler ${String(params.hr_upscaler)}`);
  const { hr_resize_x: width = 0, hr_resize_y: height = 0 } = params;
  const { data, shape } = enlargeLatent(
    first,
    { width: params.width, height: params.height },
    width > 0 || height > 0 ? { size: { width, height } } : { scale: params.hr_scale ?? 2 },
    upscaler,
  );
  const latent: Latent = { data, shape: [shape[0], shape[1], shape[2], shape[3]] };
  const steps = params.hr_second_pass_steps || params.steps;
  const sampler = params.hr_sampler_name ?? params.sampler_name;
  const nothing = await encodeStart(model, preparedStart(r), {
    content: 'original',
    size: { width: latent.shape[3], height: latent.shape[2] },
    maskedPictureWeight: 1,
  });
  return runPass(c, r, {
    shape: latent.shape,
    encoded: {
      ...nothing,
      posterior: { mean: latent.data, deviation: new Float32Array(latent.data.length) },
    },
    strength: params.denoising_strength ?? 0.75,
    steps,
    sampler,
    schedule: params.hr_scheduler ?? params.scheduler,
    exactSteps: true,
    isLast: true,
    prompts: promptsOf(r, {
      prompt: params.hr_prompt || params.prompt,
      negativePrompt: params.hr_negative_prompt || params.negative_prompt,
      secondPass: { steps, sampler },
    }),
  });
}

/** The second pass's answers, with the calls of both. */
function secondAnswers(r: Run, trace: Trace, firstCalls: number): Record<string, unknown> {
  const answers = traceAnswers(r, trace);
  const kept = ['noise', 'start', 'call_x', 'call_out', 'call_sigma', 'sampled'];
  return {
    ...Object.fromEntries(kept.map((name) => [`hr_${name}`, answers[name]])),
    hr_step_noise: joined(trace.seen.stepNoise),
    calls: firstCalls + Number(answers['calls']),
  };
}

/** Cases hold the first 14 calls of a longer run. */
const storedCalls = 14;

function traceAnswers(r: Run, trace: Trace): Record<string, unknown> {
  const { plan, start, calls, sampled, noise, initial } = trace.seen;
  if (!plan || !start) throw new Error('The run told nothing');
  const preserving = (sigma: number) => (plan.preserving ? 1 / Math.hypot(1, sigma) : 1);
  const scaled = (data: Float32Array, scale: number) => data.map((v) => v * scale);
  const stored = calls.slice(0, storedCalls);
  return {
    noise,
    init_latent: initial,
    calls: calls.length,
    ...scheduleAnswers(r, trace),
    start: scaled(start.data, preserving(plan.sigmas[0])),
    call_x: joined(stored.map((call) => scaled(call.x.data, preserving(call.sigma)))),
    call_sigma: stored.map(({ sigma }) => timestepLookup(plan)?.(sigma) ?? sigma),
    call_out: joined(
      stored.map((call) =>
        plan.preserving
          ? call.x.data.map((x, i) => (x - call.denoised.data[i]) / call.sigma)
          : call.denoised.data,
      ),
    ),
    sampled,
  };
}

/** Sigmas; for timestep samplers the integer timesteps, ascending. */
function scheduleAnswers(r: Run, trace: Trace) {
  const { plan } = trace.seen;
  if (!plan) throw new Error('The run told nothing');
  if (!plan.preserving) return { schedule: plan.whole, schedule_used: plan.sigmas };
  const sigmas = modelSigmas(r.model.facts.alphasCumprod);
  const schedule = ddimTimesteps(plan.total, sigmas.sigmas.length);
  // UniPC takes levels of its own, one more than the timesteps.
  const used = plan.wholeVelocity === true ? plan.steps : plan.sigmas.length;
  return { schedule, schedule_used: schedule.slice(0, used) };
}

function promptsOf({ params }: Run, second?: Partial<PromptPlanSettings>): PromptPlan {
  const { prompt, negative_prompt: negativePrompt, steps, sampler_name: sampler } = params;
  return planPrompts({ prompt, negativePrompt, steps, sampler, ...second }, 'webui');
}

function answerPrompts({ positive, negative }: PromptPlan) {
  const rows = (texts: PromptPlan['negative']) => texts.map(({ until, text }) => [until, text]);
  return {
    positive: positive.map(({ weight, texts }) => ({ weight, schedule: rows(texts) })),
    negative: rows(negative),
  };
}
