/** How a strength becomes steps: which part of a schedule is run, and how noisy the start is. Pure. */
import { roundHalfToEven } from './noise/halfFloat.ts';
import { plannedEvaluations } from './samplers/evaluations.ts';
import type { SamplerEntry } from './samplers/registry.ts';
import { ddimTimesteps, sigmaLevels, type Levels, type ScheduleOptions } from './sigmas/levels.ts';
import type { ModelSigmas } from './sigmas/modelSigmas.ts';
import type { ScheduleEntry } from './sigmas/registry.ts';

/**
 * - `webui`: AUTOMATIC1111. int(min(strength, 0.999) x steps) + 1 steps of the schedule's end; DDIM-like
 *   samplers run two fewer and end at their first timestep, not at 0.
 * - `scaled`: the same number of steps for every sampler, all ending at 0.
 * - `exact`: exactly the steps asked for at any strength above 0 (AUTOMATIC1111's "with img2img, do
 *   exactly the amount of steps the slider specifies").
 * - `webui-exact`: that option as AUTOMATIC1111 has it, also for DDIM-like samplers.
 * - `diffusers`: min(int(strength x steps), steps) steps of the schedule's end.
 */
export type StepRule = 'webui' | 'webui-exact' | 'scaled' | 'exact' | 'diffusers';

export interface StepRequest {
  readonly rule: StepRule;
  /** Steps asked for, at least 1. */
  readonly steps: number;
  /** 0..1; absent for text to image: everything is run, from noise. */
  readonly strength?: number;
  readonly sampler: Pick<
    SamplerEntry,
    'space' | 'dropsPenultimate' | 'betweenEnds' | 'ownLevels' | 'secondOrder' | 'evaluations'
  >;
  readonly schedule: ScheduleEntry;
  readonly model: ModelSigmas;
  readonly options?: ScheduleOptions;
  /** Replaces the schedule: the levels of n steps (diffusers' schedulers bring their own). */
  readonly levels?: (n: number) => Levels;
  /** Only with the rule `diffusers`. */
  readonly part?: SchedulePart | undefined;
}

/**
 * What of a schedule one of several models runs, in shares (0..1) of the training timesteps from the
 * noisy end (diffusers: denoising_start, denoising_end).
 */
export interface SchedulePart {
  /** Instead of a strength: the start is a latent as noisy as that, to which no noise is added. */
  readonly from?: number;
  /** The result is handed on as noisy as it is there. */
  readonly until?: number;
}

export interface StepPlan {
  /** What the sampler is given; its length - 1 is the number of steps. */
  readonly sigmas: readonly number[];
  /** Timestep of each sigma that may be evaluated, where the schedule is defined by them. */
  readonly timesteps?: readonly number[];
  /** Sigmas of the whole schedule: the range of a Brownian tree. */
  readonly whole: readonly number[];
  /** Steps of the whole schedule. */
  readonly total: number;
  /** Steps that are run. */
  readonly steps: number;
  /** Steps after which another model goes on; absent: the sigmas' end. */
  readonly stop?: number;
  /** Evaluations of the denoiser; undefined where that shows on the way (DPM adaptive). */
  readonly evaluations: number | undefined;
  /** Level the start is noised to; not always sigmas[0] for DDIM-like samplers. */
  readonly noiseSigma: number;
  /**
   * The original works on variance-preserving latents: start and result are converted (start.ts), and
   * pure noise is a start by itself.
   */
  readonly preserving: boolean;
  /** What pure noise is multiplied with as a start, where the schedule says so. */
  readonly noiseScale?: number;
  /** A v prediction becomes noise by the level of the whole timestep below (AUTOMATIC1111's UniPC). */
  readonly wholeVelocity?: boolean;
}

/** Strengths at and above this are the same in AUTOMATIC1111's arithmetic. */
const mostStrength = 0.999;
/** Beyond a step per training timestep a schedule only repeats itself. */
const mostSteps = 1000;
/** AUTOMATIC1111 has no bound; this is 150 steps at 0.01, the finest strength its slider has. */
const mostWebuiSteps = 15_000;

/** The part of a schedule that a strength leaves. */
export function planSteps(request: StepRequest): StepPlan {
  const plan = levelsPlan(request);
  return { ...plan, evaluations: plannedEvaluations(request.sampler, plan.sigmas) };
}

function levelsPlan(request: StepRequest): LevelsPlan {
  const { rule, sampler } = request;
  if (rule === 'diffusers') return diffusersPlan(request);
  if (sampler.space === 'timestep' && !request.levels) return timestepPlan(request);
  const { total, run } = countSteps(request);
  const whole = levelsOf(request, total);
  const first = request.strength === undefined ? 0 : Math.max(0, total - run);
  const plan = cut(whole, first * (whole.callsPerStep ?? 1), total);
  return isWebui(rule) && sampler.betweenEnds ? endsOf(plan, request) : plan;
}

type LevelsPlan = Omit<StepPlan, 'evaluations'>;

const isWebui = (rule: StepRule): boolean => rule === 'webui' || rule === 'webui-exact';

/**
 * AUTOMATIC1111 gives samplers between ends the model's own ends for text to image, and the slice's
 * without its 0 otherwise; only the ends and the number of steps matter.
 */
function endsOf(plan: LevelsPlan, { model, strength }: StepRequest): LevelsPlan {
  const { sigmas, steps } = plan;
  if (steps < 1) return plan;
  const ends = strength === undefined ? model : { sigmaMax: sigmas[0]!, sigmaMin: sigmas.at(-2)! };
  const narrow = ends.sigmaMin / ends.sigmaMax;
  const between = sigmas.map((_, i) => ends.sigmaMax * narrow ** (i / steps));
  return { ...plan, sigmas: [...between.slice(0, -1), ends.sigmaMin] };
}

/**
 * Steps of the whole schedule and steps to be run (a1111: sd_samplers_common.py setup_img2img_steps).
 * A strength that is not a number counts as 0.
 */
export function countSteps(request: Pick<StepRequest, 'rule' | 'steps' | 'strength'>): {
  total: number;
  run: number;
} {
  const { rule, steps } = request;
  if (request.strength === undefined) return { total: steps, run: steps };
  const strength = Math.min(Math.max(request.strength, 0) || 0, mostStrength);
  if (rule === 'diffusers') {
    const asked = Math.max(request.strength, 0) || 0;
    return { total: steps, run: Math.min(Math.trunc(steps * asked), steps) };
  }
  if (rule === 'exact' || rule === 'webui-exact') {
    if (strength === 0) return { total: 0, run: 0 };
    const total = Math.trunc(steps / strength);
    if (rule === 'webui-exact') return { total: Math.min(total, mostWebuiSteps), run: steps };
    return { total: Math.max(steps, Math.min(total, mostSteps)), run: steps };
  }
  return { total: steps, run: Math.trunc(strength * steps) + 1 };
}

function levelsOf(request: StepRequest, n: number): Levels {
  if (request.levels) return n < 1 ? { sigmas: [0] } : request.levels(n);
  const { sampler, schedule, model, options } = request;
  return { sigmas: sigmaLevels(n, sampler, schedule, model, options) };
}

function cut(whole: Levels, first: number, total: number): LevelsPlan {
  const from = Math.min(first, whole.sigmas.length - 1);
  const sigmas = whole.sigmas.slice(from);
  return {
    sigmas,
    ...(whole.timesteps ? { timesteps: whole.timesteps.slice(from) } : {}),
    whole: whole.sigmas,
    total,
    steps: sigmas.length - 1,
    noiseSigma: sigmas[0]!,
    preserving: whole.preserving === true,
    ...(whole.noiseScale === undefined ? {} : { noiseScale: whole.noiseScale }),
    ...(whole.wholeVelocity ? { wholeVelocity: true } : {}),
  };
}

function diffusersPlan(request: StepRequest): LevelsPlan {
  const { total, run } = countSteps(request);
  const whole = levelsOf(request, total);
  const all = request.levels ? total : whole.sigmas.length - 1;
  const skipped = request.strength === undefined ? 0 : Math.max(0, all - run);
  const { from, until } = request.part ?? {};
  const first =
    from === undefined
      ? skipped * (whole.callsPerStep ?? 1)
      : firstCallFrom(callTimes(whole, request.model), from, whole.callsPerStep);
  // No call at all is the picture itself, wherever the schedule would end.
  const plan =
    first < whole.sigmas.length - 1 ? cut(whole, first, total) : cut({ sigmas: [0] }, 0, total);
  if (until === undefined) return plan;
  const noisier = callTimes(whole, request.model).slice(first);
  const stop = noisier.filter((t) => t >= timestepAt(until)).length;
  const sigmas = stop === 0 ? plan.sigmas.slice(0, 1) : plan.sigmas;
  return { ...plan, sigmas, stop, steps: stop };
}

/** Timestep of each call. */
function callTimes({ timesteps, sigmas }: Levels, { sigmaToT }: ModelSigmas): readonly number[] {
  return timesteps ?? sigmas.slice(0, -1).map(sigmaToT);
}

const trainingSteps = 1000;

function timestepAt(share: number): number {
  return roundHalfToEven(trainingSteps - share * trainingSteps);
}

/** A solver of two calls a step begins with the first of them. */
function firstCallFrom(times: readonly number[], from: number, callsPerStep = 1): number {
  const cutoff = timestepAt(from);
  const left = times.filter((t) => t < cutoff).length;
  const whole = callsPerStep === 2 && left % 2 === 0 ? left + 1 : left;
  return Math.max(0, times.length - whole);
}

/**
 * DDIM-like samplers. AUTOMATIC1111 noises to timesteps[t_enc], evaluates from timesteps[t_enc - 1]
 * and stops at timesteps[0]; the rules of ours evaluate that one too and end at 0.
 */
function timestepPlan(request: StepRequest): LevelsPlan {
  const { rule, model, sampler } = request;
  const { total, run } = countSteps(request);
  const ascending = total < 1 ? [] : ddimTimesteps(total, model.sigmas.length);
  const webui = isWebui(rule);
  const text = request.strength === undefined;
  const kept = text ? ascending.length : Math.min(webui ? run - 1 : run, ascending.length);
  const noised = webui && !text ? ascending[Math.min(kept, ascending.length - 1)] : undefined;
  const noiseSigma = noised === undefined ? undefined : model.sigmas[noised]!;
  const levels =
    webui && sampler.ownLevels && ascending.length > 0
      ? ownLevels(request, ascending, kept)
      : ddimLevels(model, ascending.slice(0, Math.max(0, kept)), webui ? [] : [0]);
  const some = levels.sigmas.length > 0 ? levels : { ...levels, sigmas: [noiseSigma ?? 0] };
  const plan = cut(some, 0, total);
  const whole = ascending.map((t) => model.sigmas[t]!).reverse();
  return { ...plan, whole, noiseSigma: noiseSigma ?? plan.noiseSigma };
}

function ddimLevels(model: ModelSigmas, ascending: readonly number[], ending: number[]): Levels {
  const timesteps = [...ascending].reverse();
  const levels = timesteps.map((t) => model.sigmas[t]!);
  return { sigmas: [...levels, ...ending], timesteps, preserving: true };
}

/** From the last timestep that is kept; where none is, the original raises and one step is run here. */
function ownLevels(
  { model, sampler, strength, options }: StepRequest,
  ascending: readonly number[],
  kept: number,
): Levels {
  const n = Math.max(1, kept);
  const from = strength === undefined ? undefined : ascending[n - 1];
  const skip = options?.uniPcSkip;
  const asked = { model, n, ...(from === undefined ? {} : { from }), ...(skip ? { skip } : {}) };
  return sampler.ownLevels?.(asked) ?? ddimLevels(model, ascending, []);
}
