/** Runs of AUTOMATIC1111's img2img, inpainting and txt2img, through the engine's own parts. */
import { diffuse } from '../../service/engine/diffuse.ts';
import type { DiffusionModel } from '../../service/engine/diffusion.ts';
import { encodeStart, knownPicture, paintChannels } from '../../service/engine/encodeStart.ts';
import { pipelineOptions } from '../../service/engine/plan/pipelineOptions.ts';
import {
  planPrompts,
  scheduleConditioning,
  type PromptPlan,
} from '../../service/engine/promptConditioning.ts';
import type { Prepared } from '../../service/engine/picture/prepare.ts';
import { paintMaskWebui, shownWebui } from '../../service/engine/picture/prepareWebui.ts';
import { decodedImage, encoderInput } from '../../service/engine/picture/webui/decodedImage.ts';
import {
  finishInpaint,
  prepareInpaint,
  type MaskedContent,
  type PreparedInpaint,
} from '../../service/engine/picture/webui/inpaint.ts';
import type { ResizeMode } from '../../service/engine/picture/webui/resizeImage.ts';
import { imageNoise } from '../../service/engine/sampling/noise/imageNoise.ts';
import { findSampler } from '../../service/engine/sampling/samplers/registry.ts';
import { ddimTimesteps } from '../../service/engine/sampling/sigmas/levels.ts';
import { modelSigmas } from '../../service/engine/sampling/sigmas/modelSigmas.ts';
import type { SamplerOptions } from '../../service/engine/sampling/types.ts';
import { Unsupported, type Case } from './case.ts';
import { answer8, image8 } from './image8Case.ts';
import { caseContext, caseModel } from './pipelineModel.ts';
import { finish, joined, makeTrace, type Trace } from './trace.ts';

interface Params {
  readonly prompt: string;
  readonly negative_prompt: string;
  readonly seed: number;
  readonly sampler_name: string;
  readonly scheduler: string;
  readonly steps: number;
  readonly cfg_scale: number;
  readonly width: number;
  readonly height: number;
  readonly denoising_strength?: number;
  readonly batch_size?: number;
  readonly mask_blur_x?: number;
  readonly mask_blur_y?: number;
  readonly inpainting_fill?: number;
  readonly inpaint_full_res?: boolean;
  readonly inpaint_full_res_padding?: number;
  readonly inpainting_mask_invert?: number;
  readonly resize_mode?: number;
  readonly mask_round?: boolean;
  readonly eta?: number;
  readonly s_churn?: number;
  readonly s_tmin?: number;
  readonly s_tmax?: number;
  readonly s_noise?: number;
  readonly subseed?: number;
  readonly subseed_strength?: number;
  readonly seed_resize_from_w?: number;
  readonly seed_resize_from_h?: number;
}

const builtParams = new Set(
  'prompt negative_prompt seed sampler_name scheduler steps cfg_scale width height denoising_strength batch_size mask_blur_x mask_blur_y inpainting_fill inpaint_full_res inpaint_full_res_padding inpainting_mask_invert resize_mode mask_round eta s_churn s_tmin s_tmax s_noise subseed subseed_strength seed_resize_from_w seed_resize_from_h'.split(
    ' ',
  ),
);

interface Options {
  readonly randn_source?: string;
  readonly CLIP_stop_at_last_layers?: number;
  readonly img2img_fix_steps?: boolean;
  readonly overlay_inpaint?: boolean;
  readonly eta_noise_seed_delta?: number;
  readonly sigma_min?: number;
  readonly sigma_max?: number;
  readonly rho?: number;
  readonly beta_dist_alpha?: number;
  readonly beta_dist_beta?: number;
  readonly always_discard_next_to_last_sigma?: boolean;
  readonly s_churn?: number;
  readonly s_tmin?: number;
  readonly s_tmax?: number;
  readonly s_noise?: number;
}

const builtOptions = new Set(
  'randn_source CLIP_stop_at_last_layers img2img_fix_steps overlay_inpaint eta_noise_seed_delta sigma_min sigma_max rho beta_dist_alpha beta_dist_beta always_discard_next_to_last_sigma s_churn s_tmin s_tmax s_noise'.split(
    ' ',
  ),
);
const builtInputs = new Set(
  'dialect mode model image mask params options texts pad posterior'.split(' '),
);
function needBuilt(c: Case, params: Params, options: Options): void {
  const unknown = [
    ...Object.keys(c.input).filter((k) => !builtInputs.has(k)),
    ...Object.keys(params).filter((k) => !builtParams.has(k)),
    ...Object.keys(options).filter((k) => !builtOptions.has(k)),
  ];
  if (unknown.length > 0) throw new Unsupported(unknown.join(', '));
  if (params.resize_mode === 3) throw new Unsupported('latent upscale');
  try {
    findSampler(params.sampler_name);
  } catch {
    throw new Unsupported(`the sampler ${params.sampler_name}`);
  }
}

export async function checkWebui(c: Case): Promise<Record<string, unknown>> {
  const params = c.input['params'] as Params;
  const options = (c.input['options'] ?? {}) as Options;
  needBuilt(c, params, options);
  const model = await caseModel(c, 'webui');
  const prepared = await preparePictures(c, params);
  return run(c, { params, options, model, prepared });
}

async function preparePictures(c: Case, params: Params): Promise<PreparedInpaint | undefined> {
  if (c.input['image'] === undefined) return undefined;
  const mask = c.input['mask'] === undefined ? undefined : await image8(c, c.input['mask']);
  return prepareInpaint({
    picture: await image8(c, c.input['image']),
    mask,
    width: params.width,
    height: params.height,
    resizeMode: (params.resize_mode ?? 0) as ResizeMode,
    maskBlurX: params.mask_blur_x ?? 4,
    maskBlurY: params.mask_blur_y ?? 4,
    invert: params.inpainting_mask_invert === 1,
    fullRes: params.inpaint_full_res ?? true,
    padding: params.inpaint_full_res_padding ?? 0,
    fillMode: (params.inpainting_fill ?? 0) as MaskedContent,
    maskRound: params.mask_round ?? true,
  });
}

interface Run {
  readonly params: Params;
  readonly options: Options;
  readonly model: DiffusionModel;
  readonly prepared: PreparedInpaint | undefined;
}

function preparedStart({ params, prepared }: Run): Prepared {
  const unused = () => {
    throw new Error('not used here');
  };
  const start = prepared && {
    data: encoderInput(prepared.image),
    shape: [1, 3, params.height, params.width],
  };
  return {
    start,
    latentMask: prepared?.latentMask?.data,
    shown: start && shownWebui(start, prepared.mask),
    paintMask: paintMaskWebui(prepared?.mask),
    finish: unused,
    untouched: unused,
  };
}

const contents = ['fill', 'original', 'latent-noise', 'latent-nothing'] as const;

async function run(c: Case, r: Run): Promise<Record<string, unknown>> {
  const { params, options, model, prepared } = r;
  const batch = params.batch_size ?? 1;
  const shape = [batch, 4, params.height / 8, params.width / 8] as const;
  const variation = (params.subseed_strength ?? 0) !== 0;
  const seeds = Array.from({ length: batch }, (_, i) => params.seed + (variation ? 0 : i));
  const source = options.randn_source === 'NV' ? ('nv' as const) : ('cpu' as const);
  const noise = imageNoise({
    source,
    shape: [4, shape[2], shape[3]],
    seeds,
    ...variationOf(params, options, seeds.length),
  });
  const clipSkip = options.CLIP_stop_at_last_layers ?? 1;
  const prompts = promptsOf(r);
  const conditioning = await scheduleConditioning(prompts, (texts) =>
    Promise.all(texts.map((text) => caseContext(c, model, text, clipSkip))),
  );
  const content = contents[prepared?.latentMask ? (params.inpainting_fill ?? 0) : 1];
  const encoded = await encodeStart(model, preparedStart(r), content);
  const extraChannels =
    model.facts.inChannels === 9
      ? paintChannels(
          encoded ?? { paintMask: undefined, shown: undefined },
          { height: shape[2], width: shape[3] },
          undefined,
        )
      : undefined;
  const trace = makeTrace();
  const latent = await finish(
    diffuse({
      model,
      options: {
        ...pipelineOptions('a1111'),
        stepRule: options.img2img_fix_steps === true ? 'webui-exact' : 'webui',
      },
      sampler: params.sampler_name,
      schedule: params.scheduler,
      samplerOptions: samplerOptions(params, options),
      scheduleOptions: scheduleOptions(options),
      source,
      steps: params.steps,
      strength: c.input['mode'] === 'txt2img' ? undefined : params.denoising_strength,
      cfgScale: params.cfg_scale,
      conditioning,
      shape,
      seeds,
      noise,
      known: encoded && knownPicture(encoded, undefined),
      extraChannels,
      trace,
    }),
  );
  const decoded = await model.decode({
    data: latent.data.map((v) => v / model.facts.scalingFactor),
    shape: latent.shape,
  });
  const size = 3 * params.width * params.height;
  const images = Array.from({ length: batch }, (_, i) => {
    const image = decodedImage(
      decoded.data.subarray(i * size, (i + 1) * size),
      params.width,
      params.height,
    );
    return answer8(
      prepared && options.overlay_inpaint !== false ? finishInpaint(image, prepared) : image,
    );
  });
  return {
    ...traceAnswers(r, trace),
    prompt_schedule: answerPrompts(prompts),
    nmask: prepared?.latentMask?.data,
    image_conditioning: extraChannels,
    step_noise: joined(trace.seen.stepNoise),
    latent,
    decoded,
    images,
  };
}

function variationOf(params: Params, options: Options, count: number) {
  const { subseed, subseed_strength: strength } = params;
  const { seed_resize_from_w: width = 0, seed_resize_from_h: height = 0 } = params;
  const start = subseed ?? 0;
  return {
    ...(strength === undefined
      ? {}
      : {
          subseedStrength: strength,
          subseeds: Array.from({ length: count }, (_, i) => start + i),
        }),
    ...(width > 0 && height > 0
      ? { resizeFrom: { width: Math.floor(width / 8), height: Math.floor(height / 8) } }
      : {}),
    ...(options.eta_noise_seed_delta ? { etaNoiseSeedDelta: options.eta_noise_seed_delta } : {}),
  };
}

function samplerOptions(params: Params, options: Options): SamplerOptions {
  const defaults = { s_churn: 0, s_tmin: 0, s_tmax: 0, s_noise: 1 };
  const of = (name: keyof typeof defaults) =>
    options[name] !== undefined && options[name] !== defaults[name] ? options[name] : params[name];
  const [churn, tmin, tmax, sNoise] = [of('s_churn'), of('s_tmin'), of('s_tmax'), of('s_noise')];
  return {
    ...(params.eta === undefined ? {} : { eta: params.eta }),
    ...(churn === undefined ? {} : { sChurn: churn }),
    ...(tmin === undefined ? {} : { sTmin: tmin }),
    ...(tmax ? { sTmax: tmax } : {}),
    ...(sNoise === undefined ? {} : { sNoise }),
  };
}

function scheduleOptions(options: Options) {
  return {
    ...(options.sigma_min === undefined ? {} : { sigmaMin: options.sigma_min }),
    ...(options.sigma_max === undefined ? {} : { sigmaMax: options.sigma_max }),
    ...(options.rho === undefined ? {} : { rho: options.rho }),
    ...(options.beta_dist_alpha === undefined ? {} : { betaAlpha: options.beta_dist_alpha }),
    ...(options.beta_dist_beta === undefined ? {} : { betaBeta: options.beta_dist_beta }),
    ...(options.always_discard_next_to_last_sigma === true ? { dropPenultimate: true } : {}),
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
    call_sigma: stored.map((call, i) => plan.timesteps?.[i] ?? call.sigma),
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
  return { schedule, schedule_used: schedule.slice(0, plan.sigmas.length) };
}

function promptsOf({ params }: Run): PromptPlan {
  const { prompt, negative_prompt: negativePrompt, steps, sampler_name: sampler } = params;
  return planPrompts({ prompt, negativePrompt, steps, sampler }, 'webui');
}

function answerPrompts({ positive, negative }: PromptPlan) {
  const rows = (texts: PromptPlan['negative']) => texts.map(({ until, text }) => [until, text]);
  return {
    positive: positive.map(({ weight, texts }) => ({ weight, schedule: rows(texts) })),
    negative: rows(negative),
  };
}
