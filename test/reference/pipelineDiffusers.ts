/** Runs of diffusers' text to image, img2img and inpainting, through the engine's own parts. */
import { diffuse, type KnownPicture } from '../../service/engine/diffuse.ts';
import type { DiffusionModel } from '../../service/engine/diffusion.ts';
import {
  encodeStart,
  knownPicture,
  type EncodedStart,
  type PosteriorNoise,
} from '../../service/engine/encodeStart.ts';
import { pipelineOptions } from '../../service/engine/plan/pipelineOptions.ts';
import type { ControlOptions } from '../../service/engine/runControl.ts';
import type { Conditioning } from '../../service/engine/sampling/conditionRows.ts';
import { createGenerator } from '../../service/engine/sampling/noise/generator.ts';
import { makeScheduler } from '../../service/engine/sampling/schedulers/makeScheduler.ts';
import {
  readScheduler,
  type DiffusersScheduler,
} from '../../service/engine/sampling/schedulers/readScheduler.ts';
import { timestepLookup } from '../../service/engine/sampling/sigmas/levels.ts';
import type { SchedulePart } from '../../service/engine/sampling/steps.ts';
import { modelSigmas } from '../../service/engine/sampling/sigmas/modelSigmas.ts';
import { drawStart, type RunNoise } from '../../service/engine/startDraws.ts';
import {
  silent,
  usualScores,
  wholePicture,
  withConditions,
  type EncodeTexts,
  type PictureSizes,
} from '../../service/engine/textConditions.ts';
import type { Size } from '../../shared/geometry.ts';
import { Unsupported, type Case } from './case.ts';
import { decodedDiffusers, hintDiffusers, prepareDiffusers } from './pictureDiffusers.ts';
import { caseContext, caseControlNet, caseModel } from './pipelineModel.ts';
import { schedulerLists } from './schedulerLists.ts';
import { finish, joined, makeTrace, type Call, type Trace } from './trace.ts';

interface Params {
  readonly prompt: string;
  readonly negative_prompt?: string | null;
  readonly seed: number | readonly number[];
  readonly num_inference_steps: number;
  readonly guidance_scale: number;
  readonly strength?: number;
  readonly denoising_start?: number | null;
  readonly denoising_end?: number | null;
  readonly padding_mask_crop?: number | null;
  readonly output_type?: string;
  readonly width?: number;
  readonly height?: number;
  readonly eta?: number;
  readonly clip_skip?: number;
  readonly guidance_rescale?: number;
  readonly image_guidance_scale?: number;
  readonly num_images_per_prompt?: number;
  readonly aesthetic_score?: number;
  readonly negative_aesthetic_score?: number;
  readonly controlnet_conditioning_scale?: number;
  readonly control_guidance_start?: number;
  readonly control_guidance_end?: number;
  readonly guess_mode?: boolean;
  readonly original_size?: Pair;
  readonly target_size?: Pair;
  readonly crops_coords_top_left?: Pair;
}

type Pair = readonly [number, number];

const builtParams = new Set(
  'prompt negative_prompt seed num_inference_steps guidance_scale strength width height eta clip_skip guidance_rescale image_guidance_scale num_images_per_prompt aesthetic_score negative_aesthetic_score controlnet_conditioning_scale control_guidance_start control_guidance_end guess_mode original_size target_size crops_coords_top_left denoising_start denoising_end padding_mask_crop output_type'.split(
    ' ',
  ),
);
const builtInputs = new Set(
  'dialect mode pipeline model controlnet image image_latent mask scheduler params texts pad posterior'.split(
    ' ',
  ),
);
const builtPipelines = new Set([
  'StableDiffusionPipeline',
  'StableDiffusionImg2ImgPipeline',
  'StableDiffusionInpaintPipeline',
  'StableDiffusionInstructPix2PixPipeline',
  'StableDiffusionControlNetPipeline',
  'StableDiffusionControlNetImg2ImgPipeline',
  'StableDiffusionControlNetInpaintPipeline',
  'StableDiffusionXLPipeline',
  'StableDiffusionXLImg2ImgPipeline',
  'StableDiffusionXLInpaintPipeline',
]);
interface Run {
  readonly params: Params;
  readonly scheduler: DiffusersScheduler;
  readonly model: DiffusionModel;
}

function needBuilt(c: Case, params: Params): void {
  const unknown = [
    ...Object.keys(c.input).filter((k) => !builtInputs.has(k)),
    ...Object.keys(params).filter((k) => !builtParams.has(k)),
  ];
  if (unknown.length > 0) throw new Unsupported(unknown.join(', '));
  const pipeline = String(c.input['pipeline']);
  if (!builtPipelines.has(pipeline)) throw new Unsupported(pipeline);
}

/** Throws Unsupported for what our schedules and solvers would only come near to. */
function schedulerOf(config: Readonly<Record<string, unknown>>): DiffusersScheduler {
  const name = String(config['class']);
  const found = readScheduler(name, config);
  if (!found) throw new Unsupported(`the scheduler ${name} of this configuration`);
  return found;
}

export async function checkDiffusers(c: Case): Promise<Record<string, unknown>> {
  const params = c.input['params'] as Params;
  const config = c.input['scheduler'] as Readonly<Record<string, unknown>>;
  needBuilt(c, params);
  const scheduler = schedulerOf(config);
  const model = trainedAs(await caseModel(c, c.input['model'], 'diffusers'), config);
  if (scheduler.prediction !== model.facts.prediction) throw new Unsupported('this prediction');
  return run(c, { params, scheduler, model });
}

/** Training's betas are the scheduler's in diffusers. */
function trainedAs(model: DiffusionModel, config: Readonly<Record<string, unknown>>) {
  return { ...model, facts: { ...model.facts, scheduler: config } };
}

/** What the pipelines run at when nothing is said. */
const usualStrengths: Readonly<Record<string, number>> = {
  StableDiffusionImg2ImgPipeline: 0.8,
  StableDiffusionInpaintPipeline: 1,
  StableDiffusionControlNetImg2ImgPipeline: 0.8,
  StableDiffusionControlNetInpaintPipeline: 1,
  StableDiffusionXLImg2ImgPipeline: 0.3,
  StableDiffusionXLInpaintPipeline: 0.9999,
};
const usualStrength = (c: Case) => usualStrengths[String(c.input['pipeline'])] ?? 1;

async function run(c: Case, r: Run): Promise<Record<string, unknown>> {
  const { params, model, scheduler } = r;
  const preset = pipelineOptions('diffusers');
  const prepared = await prepareDiffusers(c, params);
  const { width, height } = prepared.size;
  const seeds = typeof params.seed === 'number' ? [params.seed] : params.seed;
  const images = params.num_images_per_prompt ?? 1;
  const shape = [images, 4, height / 8, width / 8] as const;
  const fromPicture = await encodeStart(model, prepared, {
    content: 'original',
    size: { width: shape[3], height: shape[2] },
    maskedPictureWeight: 1,
  });
  const encoded = withLatent(c, fromPicture);
  const draws: Float32Array[] = [];
  const edits = model.facts.inChannels === 8;
  const fromNoise = c.input['mode'] === 'txt2img' || edits;
  const strength = fromNoise ? undefined : (params.strength ?? usualStrength(c));
  const source = recorded(noiseOf(c, seeds, 4 * images * shape[2] * shape[3]), draws);
  const part = partOf(params);
  const size = { height: shape[2], width: shape[3] };
  const { known, extraChannels, noise } =
    part.from === undefined
      ? drawStart({ encoded, size, strength, fullStrengthStart: preset.fullStrengthStart, source })
      : { known: handedOver(c, encoded, source), extraChannels: undefined, noise: source.noise };
  const drawnBefore = draws.slice();
  const trace = makeTrace();
  // Only given to schedulers that know it.
  const takesEta = scheduler.name === 'DDIMScheduler' || scheduler.name === 'TCDScheduler';
  const latent = await finish(
    diffuse({
      model,
      options: preset,
      sampler: scheduler.name,
      schedule: 'automatic',
      ...(takesEta ? { samplerOptions: { eta: params.eta ?? 0 } } : {}),
      steps: params.num_inference_steps,
      strength,
      part,
      cfgScale: params.guidance_scale,
      guidanceRescale: params.guidance_rescale ?? 0,
      ...(edits ? { guidance: { imageScale: params.image_guidance_scale ?? 1.5 } } : {}),
      conditioning: await conditioningOf(c, r, prepared.size),
      shape,
      seeds,
      noise,
      known,
      extraChannels,
      control: await controlOf(c, params, prepared.size),
      trace,
    }),
  );
  const scale = model.facts.scalingFactor;
  const decoded = await model.decode({ data: latent.data.map((v) => v / scale), shape });
  return {
    ...traceAnswers(r, trace, latent.data),
    draws_before_steps: joined(drawnBefore),
    step_noise: joined(trace.seen.stepNoise),
    ...decodedDiffusers(decoded, prepared.paste),
  };
}

function partOf({ denoising_start: from, denoising_end: until }: Params): SchedulePart {
  return { ...(isShare(from) ? { from } : {}), ...(isShare(until) ? { until } : {}) };
}

/** Others count as absent there (denoising_value_valid). */
function isShare(value: number | null | undefined): value is number {
  return typeof value === 'number' && value > 0 && value < 1;
}

/** What a run begins with that adds no noise. */
function handedOver(
  c: Case,
  encoded: EncodedStart,
  { posterior }: RunNoise,
): KnownPicture | undefined {
  if (c.input['mask'] !== undefined) throw new Unsupported('a mask and a start without noise');
  return knownPicture(encoded, posterior);
}

/** A case's latent in the place of a picture's. */
function withLatent(c: Case, encoded: EncodedStart): EncodedStart {
  const handed = c.input['image_latent'];
  if (handed === undefined) return encoded;
  const mean = Float32Array.from(c.tensor(handed).data as Float32Array);
  return { ...encoded, posterior: { mean, deviation: new Float32Array(mean.length) } };
}

/** The ControlNet of a case with its picture, which diffusers resizes by Lanczos as it does others. */
async function controlOf(c: Case, params: Params, size: Size): Promise<ControlOptions | undefined> {
  const named = c.input['controlnet'] as { readonly image: unknown } | undefined;
  if (named === undefined) return undefined;
  const { controlWindow: window, controlFading: fading } = pipelineOptions('diffusers');
  const unit = {
    net: await caseControlNet(c, named),
    hint: await hintDiffusers(c, named.image, size),
    weight: params.controlnet_conditioning_scale ?? 1,
    start: params.control_guidance_start ?? 0,
    end: params.control_guidance_end ?? 1,
    mode: params.guess_mode === true ? ('control' as const) : ('balanced' as const),
  };
  return { units: [unit], window, fading };
}

/**
 * One generator for all, or one an image. Of several, img2img draws a posterior each, inpainting one for
 * all from the first.
 */
function noiseOf(c: Case, seeds: readonly number[], values: number): RunNoise {
  const generators = seeds.map((seed) => createGenerator('cpu', seed));
  const drawn = (count: number, from = generators) => joined(from.map((g) => g.normal(count)));
  const alone = c.input['mask'] === undefined ? generators : generators.slice(0, 1);
  const posterior: PosteriorNoise = (count) => drawn(count, alone);
  const draws = c.input['posterior'] === 'sample' && c.input['image_latent'] === undefined;
  return {
    noise: { next: () => drawn(values / seeds.length) },
    posterior: draws ? posterior : undefined,
  };
}

function recorded({ noise, posterior }: RunNoise, draws: Float32Array[]): RunNoise {
  const told = (drawn: Float32Array) => {
    draws.push(drawn.slice());
    return drawn;
  };
  return {
    noise: { next: () => told(noise.next()) },
    posterior: posterior && ((count) => told(posterior(count))),
  };
}

/** Guidance of 1 has no use for what to avoid, which diffusers does not encode then. Clip skip is the prompt's. */
async function conditioningOf(
  c: Case,
  { params, model }: Run,
  size: Size,
): Promise<() => Conditioning> {
  const clipSkip = (params.clip_skip ?? 0) + 1;
  const guided = params.guidance_scale > 1;
  const { negative_prompt: avoided = null } = params;
  // An empty text is encoded; only no text at all is told as zeros.
  const untold = avoided === null && model.facts.zeroEmptyNegative === true;
  const encodeAt =
    (layers: number): EncodeTexts =>
    (texts) =>
      Promise.all(texts.map((text) => caseContext(c, model, text, layers)));
  const { encode, encodeNegative } = withConditions(
    { encode: encodeAt(clipSkip), encodeNegative: encodeAt(untold ? clipSkip : 1) },
    { ...model.facts, zeroEmptyNegative: false },
    sizesOf(params, size),
    {
      wanted: params.aesthetic_score ?? usualScores.wanted,
      avoided: params.negative_aesthetic_score ?? usualScores.avoided,
    },
  );
  const [context] = await encode([params.prompt]);
  const [told] = guided
    ? await encodeNegative([untold ? params.prompt : (avoided ?? '')])
    : [context];
  const negative = guided && untold ? silent(told) : told;
  return () => ({ positive: [[{ context, weight: 1 }]], negative: [negative] });
}

/** As told, or those of the picture. Pairs are height and width, top and left. */
function sizesOf(params: Params, size: Size): PictureSizes {
  const { original, crop, target } = wholePicture(size);
  const sized = (pair: Pair | undefined, usual: Size): Size =>
    pair ? { height: pair[0], width: pair[1] } : usual;
  const corner = params.crops_coords_top_left;
  return {
    original: sized(params.original_size, original),
    crop: corner ? { top: corner[0], left: corner[1] } : crop,
    target: sized(params.target_size, target),
  };
}

function traceAnswers(r: Run, trace: Trace, latent: Float32Array): Record<string, unknown> {
  const { plan, start, calls, noise, initial } = trace.seen;
  if (!plan || !start) throw new Error('The run told nothing');
  const scaled = (data: Float32Array, sigma: number) =>
    plan.preserving ? data.map((v) => v / Math.hypot(1, sigma)) : data;
  const known = timestepLookup(plan);
  const whole = makeScheduler(r.scheduler, r.scheduler.alphasCumprod, r.params.num_inference_steps);
  const { sigmaToT } = modelSigmas(r.scheduler.alphasCumprod);
  const after = calls.slice(1).map((call) => scaled(call.x.data, call.sigma));
  return {
    noise,
    init_latent: initial,
    start: scaled(start.data, plan.sigmas[0]),
    steps: calls.length,
    step_t: calls.map((call) => known?.(call.sigma) ?? sigmaToT(call.sigma)),
    step_model: joined(calls.map((call) => modelAnswer(call, r.scheduler.prediction))),
    step_latent: joined([...after, latent]),
    ...schedulerLists(r.scheduler, whole),
  };
}

/** What the scheduler was told, from the clean latent: the noise in x, or v. */
function modelAnswer({ x, denoised, sigma }: Call, prediction: string): Float32Array {
  const root = Math.hypot(1, sigma);
  return x.data.map((value, i) =>
    prediction === 'v'
      ? (value / root - root * denoised.data[i]) / sigma
      : (value - denoised.data[i]) / sigma,
  );
}
