/** How a strength becomes steps: which part of a schedule is run, and how noisy the start is. Pure. */
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
  readonly sampler: Pick<SamplerEntry, 'space' | 'dropsPenultimate'>;
  readonly schedule: ScheduleEntry;
  readonly model: ModelSigmas;
  readonly options?: ScheduleOptions;
  /** Replaces the schedule: the levels of n steps (diffusers' schedulers bring their own). */
  readonly levels?: (n: number) => Levels;
}

export interface StepPlan {
  /** What the sampler is given; its length - 1 is the number of steps. */
  readonly sigmas: readonly number[];
  /** Timestep of each sigma that is evaluated, where the schedule is defined by them. */
  readonly timesteps?: readonly number[];
  /** Sigmas of the whole schedule: the range of a Brownian tree. */
  readonly whole: readonly number[];
  /** Steps of the whole schedule. */
  readonly total: number;
  /** Steps that are run. */
  readonly steps: number;
  /** Level the start is noised to; not always sigmas[0] for DDIM-like samplers. */
  readonly noiseSigma: number;
  /**
   * The original works on variance-preserving latents: start and result are converted (start.ts), and
   * pure noise is a start by itself.
   */
  readonly preserving: boolean;
  /** What pure noise is multiplied with as a start, where the schedule says so. */
  readonly noiseScale?: number;
}

/** Strengths at and above this are the same in AUTOMATIC1111's arithmetic. */
const mostStrength = 0.999;
/** Beyond a step per training timestep a schedule only repeats itself. */
const mostSteps = 1000;
/** AUTOMATIC1111 has no bound; this is 150 steps at 0.01, the finest strength its slider has. */
const mostWebuiSteps = 15_000;

/** The part of a schedule that a strength leaves. */
export function planSteps(request: StepRequest): StepPlan {
  const { rule, sampler } = request;
  if (rule === 'diffusers') return diffusersPlan(request);
  if (sampler.space === 'timestep' && !request.levels) return timestepPlan(request);
  const { total, run } = countSteps(request);
  const whole = levelsOf(request, total);
  const first = request.strength === undefined ? 0 : Math.max(0, total - run);
  return cut(whole, first, total);
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

function cut(whole: Levels, first: number, total: number): StepPlan {
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
  };
}

function diffusersPlan(request: StepRequest): StepPlan {
  const { total, run } = countSteps(request);
  // No step at all is the picture itself, wherever the schedule would end.
  const whole = levelsOf(request, run === 0 ? 0 : total);
  const all = request.levels ? total : whole.sigmas.length - 1;
  return cut(whole, request.strength === undefined ? 0 : Math.max(0, all - run), total);
}

/**
 * DDIM-like samplers. AUTOMATIC1111 noises to timesteps[t_enc], evaluates from timesteps[t_enc - 1]
 * and stops at timesteps[0]; the rules of ours evaluate that one too and end at 0.
 */
function timestepPlan(request: StepRequest): StepPlan {
  const { rule, model } = request;
  const { total, run } = countSteps(request);
  const ascending = total < 1 ? [] : ddimTimesteps(total, model.sigmas.length);
  const webui = rule === 'webui' || rule === 'webui-exact';
  const text = request.strength === undefined;
  const kept = text ? ascending.length : Math.min(webui ? run - 1 : run, ascending.length);
  const timesteps = ascending.slice(0, Math.max(0, kept)).reverse();
  const levels = timesteps.map((t) => model.sigmas[t]!);
  const noised = webui && !text ? ascending[Math.min(kept, ascending.length - 1)] : undefined;
  const ending = webui ? [] : [0];
  const sigmas = [...levels, ...ending];
  const noiseSigma = noised === undefined ? sigmas[0] : model.sigmas[noised];
  if (sigmas.length === 0) sigmas.push(noiseSigma ?? 0);
  return {
    sigmas,
    timesteps: webui ? timesteps.slice(0, -1) : timesteps,
    whole: ascending.map((t) => model.sigmas[t]!).reverse(),
    total,
    steps: sigmas.length - 1,
    noiseSigma: noiseSigma ?? 0,
    preserving: true,
  };
}
