/** Runs of diffusers' text to image, img2img and inpainting, through the engine's own parts. */
import { diffuse } from '../../service/engine/diffuse.ts';
import type { DiffusionModel } from '../../service/engine/diffusion.ts';
import { encodeStart, type PosteriorNoise } from '../../service/engine/encodeStart.ts';
import { pipelineOptions } from '../../service/engine/plan/pipelineOptions.ts';
import type { Conditioning } from '../../service/engine/sampling/denoiser.ts';
import { createGenerator } from '../../service/engine/sampling/noise/generator.ts';
import {
  diffusersScheduler,
  type DiffusersScheduler,
} from '../../service/engine/sampling/sigmas/diffusersConfig.ts';
import { diffusersLevels } from '../../service/engine/sampling/sigmas/diffusersLevels.ts';
import { timestepLookup } from '../../service/engine/sampling/sigmas/levels.ts';
import { modelSigmas } from '../../service/engine/sampling/sigmas/modelSigmas.ts';
import type { StepPlan } from '../../service/engine/sampling/steps.ts';
import { drawStart, type RunNoise } from '../../service/engine/startDraws.ts';
import { Unsupported, type Case } from './case.ts';
import { decodedDiffusers, prepareDiffusers } from './pictureDiffusers.ts';
import { caseContext, caseModel } from './pipelineModel.ts';
import { finish, joined, makeTrace, type Trace } from './trace.ts';

interface Params {
  readonly prompt: string;
  readonly negative_prompt?: string | null;
  readonly seed: number | readonly number[];
  readonly num_inference_steps: number;
  readonly guidance_scale: number;
  readonly strength?: number;
  readonly width?: number;
  readonly height?: number;
  readonly eta?: number;
  readonly clip_skip?: number;
  readonly num_images_per_prompt?: number;
}

const builtParams = new Set(
  'prompt negative_prompt seed num_inference_steps guidance_scale strength width height eta clip_skip num_images_per_prompt'.split(
    ' ',
  ),
);
const builtInputs = new Set(
  'dialect mode pipeline model image mask scheduler params texts pad posterior'.split(' '),
);
const builtScheduler = new Set(
  'class num_train_timesteps beta_start beta_end beta_schedule clip_sample set_alpha_to_one steps_offset timestep_spacing use_karras_sigmas use_exponential_sigmas use_beta_sigmas prediction_type euler_at_final algorithm_type solver_order solver_type final_sigmas_type'.split(
    ' ',
  ),
);
const builtPipelines = new Set([
  'StableDiffusionPipeline',
  'StableDiffusionImg2ImgPipeline',
  'StableDiffusionInpaintPipeline',
]);
/** The multistep solver of its own list of slopes, and the one that throws noise away, differ from ours. */
const otherSolvers = new Set(['LMSDiscreteScheduler', 'KDPM2AncestralDiscreteScheduler']);

interface Run {
  readonly params: Params;
  readonly scheduler: DiffusersScheduler;
  /** Of the request, for how the scheduler spreads its sigmas. */
  readonly schedule: string;
  readonly model: DiffusionModel;
}

function needBuilt(c: Case, params: Params, config: Readonly<Record<string, unknown>>): void {
  const unknown = [
    ...Object.keys(c.input).filter((k) => !builtInputs.has(k)),
    ...Object.keys(params).filter((k) => !builtParams.has(k)),
    ...Object.keys(config).filter((k) => !builtScheduler.has(k)),
  ];
  if (unknown.length > 0) throw new Unsupported(unknown.join(', '));
  const pipeline = String(c.input['pipeline']);
  if (!builtPipelines.has(pipeline)) throw new Unsupported(pipeline);
}

/** Throws Unsupported for what our schedules and solvers would only come near to. */
function schedulerOf(steps: number, config: Readonly<Record<string, unknown>>): DiffusersScheduler {
  const name = String(config['class']);
  const found = otherSolvers.has(name) ? undefined : diffusersScheduler(name, config);
  if (!found) throw new Unsupported(`the scheduler ${name} of this configuration`);
  const { kind, spacing } = found.schedule;
  if (kind !== 'ddim') return found;
  if (config['clip_sample'] !== false) throw new Unsupported('clipped predictions');
  // Its steps end a whole stride below, wherever the next one starts.
  const even = spacing === 'leading' || (spacing === 'trailing' && 1000 % steps === 0);
  if (!even) throw new Unsupported('DDIM over timesteps of uneven distance');
  return found;
}

const schedules = { karras: 'Karras', exponential: 'Exponential', beta: 'Beta' } as const;

export async function checkDiffusers(c: Case): Promise<Record<string, unknown>> {
  const params = c.input['params'] as Params;
  const config = c.input['scheduler'] as Readonly<Record<string, unknown>>;
  needBuilt(c, params, config);
  const scheduler = schedulerOf(params.num_inference_steps, config);
  const { sigmas } = scheduler.schedule;
  if (sigmas === 'lu') throw new Unsupported('lu lambdas');
  const schedule = sigmas ? schedules[sigmas] : 'automatic';
  const model = trainedAs(await caseModel(c, 'diffusers'), config);
  if (scheduler.prediction !== model.facts.prediction) throw new Unsupported('this prediction');
  return run(c, { params, scheduler, schedule, model });
}

/** Training's betas are the scheduler's in diffusers. */
function trainedAs(model: DiffusionModel, config: Readonly<Record<string, unknown>>) {
  if (config['beta_schedule'] !== 'scaled_linear') throw new Unsupported('these betas');
  const betas = { start: Number(config['beta_start']), end: Number(config['beta_end']) };
  return { ...model, facts: { ...model.facts, betas } };
}

/** What the two pipelines run at when nothing is said. */
const usualStrength = (c: Case) => (c.input['mask'] === undefined ? 0.8 : 1);

async function run(c: Case, r: Run): Promise<Record<string, unknown>> {
  const { params, model, scheduler } = r;
  const preset = pipelineOptions('diffusers');
  const prepared = await prepareDiffusers(c, params);
  const { width, height } = prepared.size;
  const seeds = typeof params.seed === 'number' ? [params.seed] : params.seed;
  const images = params.num_images_per_prompt ?? 1;
  const shape = [images, 4, height / 8, width / 8] as const;
  const encoded = await encodeStart(model, prepared, 'original');
  const draws: Float32Array[] = [];
  const strength =
    c.input['mode'] === 'txt2img' ? undefined : (params.strength ?? usualStrength(c));
  const source = recorded(noiseOf(c, seeds, 4 * images * shape[2] * shape[3]), draws);
  const { known, extraChannels, noise } = drawStart({
    encoded,
    inChannels: model.facts.inChannels,
    size: { height: shape[2], width: shape[3] },
    strength,
    fullStrengthStart: preset.fullStrengthStart,
    source,
  });
  const drawnBefore = draws.slice();
  const trace = makeTrace();
  // Only given to schedulers that know it.
  const takesEta = scheduler.sampler === 'DDIM';
  const latent = await finish(
    diffuse({
      model,
      options: { ...preset, spacing: scheduler.schedule },
      sampler: scheduler.sampler,
      schedule: r.schedule,
      ...(takesEta ? { samplerOptions: { eta: params.eta ?? 0 } } : {}),
      steps: params.num_inference_steps,
      strength,
      cfgScale: params.guidance_scale,
      conditioning: await conditioningOf(c, r),
      shape,
      seeds,
      noise,
      known,
      extraChannels,
      trace,
    }),
  );
  // This scheduler draws at its last step, too, where the noise is weighed with 0.
  if (scheduler.sampler === 'Euler a') trace.stepNoise(noise.next());
  const scale = model.facts.scalingFactor;
  const decoded = await model.decode({ data: latent.data.map((v) => v / scale), shape });
  return {
    ...traceAnswers(r, trace, latent.data),
    draws_before_steps: joined(drawnBefore),
    step_noise: joined(trace.seen.stepNoise),
    ...decodedDiffusers(decoded),
  };
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
  return {
    noise: { next: () => drawn(values / seeds.length) },
    posterior: c.input['posterior'] === 'sample' ? posterior : undefined,
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
async function conditioningOf(c: Case, { params, model }: Run): Promise<() => Conditioning> {
  const clipSkip = (params.clip_skip ?? 0) + 1;
  const context = await caseContext(c, model, params.prompt, clipSkip);
  const guided = params.guidance_scale > 1;
  const avoided = params.negative_prompt ?? '';
  const negative = guided ? await caseContext(c, model, avoided, 1) : context;
  return () => ({ positive: [[{ context, weight: 1 }]], negative: [negative] });
}

function traceAnswers(r: Run, trace: Trace, latent: Float32Array): Record<string, unknown> {
  const { plan, start, calls, noise, initial } = trace.seen;
  if (!plan || !start) throw new Error('The run told nothing');
  const scaled = (data: Float32Array, sigma: number) =>
    plan.preserving ? data.map((v) => v / Math.hypot(1, sigma)) : data;
  const known = timestepLookup(plan);
  const { sigmaToT } = modelSigmas(r.scheduler.alphasCumprod);
  const after = calls.slice(1).map((call) => scaled(call.x.data, call.sigma));
  return {
    noise,
    init_latent: initial,
    start: scaled(start.data, plan.sigmas[0]),
    steps: calls.length,
    step_t: calls.map((call) => known?.(call.sigma) ?? sigmaToT(call.sigma)),
    step_model: joined(
      calls.map((call) => call.x.data.map((x, i) => (x - call.denoised.data[i]) / call.sigma)),
    ),
    step_latent: joined([...after, latent]),
    ...scheduleAnswers(r, plan),
  };
}

/** The whole schedule; second-order schedulers list what is evaluated: each level twice, or the middles. */
function scheduleAnswers({ params, scheduler }: Run, plan: StepPlan) {
  const { schedule, sampler, alphasCumprod } = scheduler;
  const steps = params.num_inference_steps;
  const { timesteps = [], sigmas } = diffusersLevels(schedule, alphasCumprod, steps);
  switch (sampler) {
    case 'Heun': {
      const twice = (values: readonly number[]) =>
        values.flatMap((v, i) => (i === 0 || i === steps ? [v] : [v, v]));
      return { timesteps: twice(timesteps), sigmas: twice(plan.whole) };
    }
    case 'DPM2': {
      const { sigmaToT } = modelSigmas(alphasCumprod);
      const middle = (i: number) => sigmaToT(Math.sqrt(sigmas[i - 1] * sigmas[i]));
      const whole = plan.whole.flatMap((v, i) => (i === 0 ? [v] : [v, v]));
      return {
        timesteps: timesteps.flatMap((t, i) => (i === 0 ? [t] : [middle(i), t])),
        sigmas: [...whole, plan.whole.at(-1)],
      };
    }
    default:
      return { timesteps, sigmas: plan.whole };
  }
}
