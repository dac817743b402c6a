/** A diffusers scheduler's class and configuration (scheduler_config.json) as what is run. */
import { diffusersAlphas, type BetaKind } from '../sigmas/diffusersAlphas.ts';
import type { DiffusersSchedule, TimestepSpacing } from '../sigmas/diffusersSchedule.ts';
import {
  isSchedulerName,
  schedulerClasses,
  type SchedulerJson,
  type SchedulerName,
} from './classes.ts';
import type { CleanRule } from './clean.ts';
import { readSolver, type Solver } from './readSolver.ts';

export interface DiffusersScheduler {
  readonly name: SchedulerName;
  readonly schedule: DiffusersSchedule;
  readonly solver: Solver;
  readonly prediction: 'epsilon' | 'v' | 'sample';
  /** Limits predictions; undefined leaves them. */
  readonly clean: CleanRule | undefined;
  /** Cumulative alphas as this scheduler computes them. */
  readonly alphasCumprod: Float32Array;
}

/**
 * What a scheduler's class name and configuration stand for; undefined for a class or an option that
 * is not built (never a near miss). What the configuration does not say is the class's default, and what
 * the class does not know is ignored.
 */
export function readScheduler(name: string, json: SchedulerJson): DiffusersScheduler | undefined {
  if (!isSchedulerName(name)) return undefined;
  const own = known(name, json);
  const solver = readSolver(name, own);
  const prediction = predictionOf(own['prediction_type']);
  const alphasCumprod = alphasOf(name, own);
  if (!solver || !prediction || !alphasCumprod || isOther(own)) return undefined;
  return {
    name,
    solver,
    prediction,
    alphasCumprod,
    clean: cleanOf(name, own),
    schedule: scheduleOf(name, own),
  };
}

function predictionOf(type: unknown): DiffusersScheduler['prediction'] | undefined {
  switch (type) {
    case undefined:
    case 'epsilon':
      return 'epsilon';
    case 'v_prediction':
      return 'v';
    case 'sample':
      return 'sample';
    default:
      return undefined;
  }
}

const everywhere = new Set([
  'num_train_timesteps',
  'beta_start',
  'beta_end',
  'beta_schedule',
  'trained_betas',
  'prediction_type',
]);

/** What the class takes of a configuration; an absent value is its default. */
function known(name: SchedulerName, json: SchedulerJson): SchedulerJson {
  const { takes } = schedulerClasses[name];
  const kept = Object.entries(json).filter(
    ([key, value]) => value != null && (everywhere.has(key) || takes.has(key)),
  );
  return Object.fromEntries(kept);
}

/** Flows, learned variances, and noise levels as timesteps are other models' ways. */
function isOther(json: SchedulerJson): boolean {
  const spreads = ['use_karras_sigmas', 'use_exponential_sigmas', 'use_beta_sigmas'];
  return (
    json['use_flow_sigmas'] === true ||
    json['variance_type'] !== undefined ||
    json['solver_p'] !== undefined ||
    json['timestep_type'] === 'continuous' ||
    spreads.filter((key) => json[key] === true).length > 1
  );
}

function alphasOf(name: SchedulerName, json: SchedulerJson): Float32Array | undefined {
  const { betas } = schedulerClasses[name];
  const zeroTerminalSnr = json['rescale_betas_zero_snr'] === true;
  const latent = betas !== 'ddpm';
  const kind = json['beta_schedule'] ?? (betas === 'scaled' ? 'scaled_linear' : 'linear');
  const trained = json['trained_betas'];
  if (!isBetaKind(kind, name)) return undefined;
  const { alphasCumprod } = diffusersAlphas({
    betaStart: numberOf(json, 'beta_start', latent ? 0.00085 : 0.0001),
    betaEnd: numberOf(json, 'beta_end', latent ? 0.012 : 0.02),
    betaSchedule: kind,
    trainSteps: numberOf(json, 'num_train_timesteps', 1000),
    zeroTerminalSnr,
    ...(Array.isArray(trained) ? { trained: trained.map(Number) } : {}),
  });
  const keepsZero = name === 'DDIMScheduler' || name === 'LCMScheduler' || name === 'TCDScheduler';
  // The others keep their last sigma finite.
  if (zeroTerminalSnr && !keepsZero) alphasCumprod[alphasCumprod.length - 1] = 2 ** -24;
  return alphasCumprod;
}

function isBetaKind(kind: unknown, name: SchedulerName): kind is BetaKind {
  return (
    kind === 'linear' ||
    kind === 'scaled_linear' ||
    kind === 'squaredcos_cap_v2' ||
    (kind === 'exp' && name === 'HeunDiscreteScheduler')
  );
}

function scheduleOf(name: SchedulerName, json: SchedulerJson): DiffusersSchedule {
  const { kind, spacing } = schedulerClasses[name];
  const given = json['timestep_spacing'];
  const sigmas = sigmasOf(json);
  const least = json['lambda_min_clipped'];
  return {
    kind,
    spacing: isSpacing(given) ? given : spacing,
    stepsOffset: numberOf(json, 'steps_offset', 0),
    ...(sigmas ? { sigmas } : {}),
    ...numbersOf(json, { sigma_min: 'sigmaMin', sigma_max: 'sigmaMax' }),
    roundsTimesteps: roundsTimesteps(name, json),
    ...(json['interpolation_type'] === 'log_linear' ? { interpolation: 'log_linear' } : {}),
    finalSigma: finalSigmaOf(name, json, sigmas !== undefined),
    setAlphaToOne: setAlphaToOne(name, json),
    ...(typeof least === 'number' ? { leastLambda: least } : {}),
    ...numbersOf(json, { original_inference_steps: 'originalSteps' }),
  };
}

/** The cosine schedule keeps fractions, of which DPM-Solver multistep cuts off what is not whole. */
function roundsTimesteps(name: SchedulerName, json: SchedulerJson): boolean {
  if (name.startsWith('KDPM2')) return true;
  if (name !== 'DPMSolverMultistepScheduler') return schedulerClasses[name].kind === 'multistep';
  return json['beta_schedule'] !== 'squaredcos_cap_v2';
}

function finalSigmaOf(
  name: SchedulerName,
  json: SchedulerJson,
  isSpread: boolean,
): 'zero' | 'sigma_min' | 'last' {
  if (name === 'DEISMultistepScheduler') return 'last';
  if (json['final_sigmas_type'] !== 'sigma_min') return 'zero';
  return name === 'UniPCMultistepScheduler' && isSpread ? 'last' : 'sigma_min';
}

/** TCD's last step ends at training's first level, LCM's is clean, whatever the configuration says. */
function setAlphaToOne(name: SchedulerName, json: SchedulerJson): boolean {
  if (name === 'TCDScheduler') return false;
  return name === 'PNDMScheduler'
    ? json['set_alpha_to_one'] === true
    : json['set_alpha_to_one'] !== false;
}

function cleanOf(name: SchedulerName, json: SchedulerJson): CleanRule | undefined {
  if (json['thresholding'] === true) {
    return {
      kind: 'threshold',
      ratio: numberOf(json, 'dynamic_thresholding_ratio', 0.995),
      most: numberOf(json, 'sample_max_value', 1),
    };
  }
  const clips = json['clip_sample'] ?? name === 'DDIMScheduler';
  return clips === true
    ? { kind: 'clip', range: numberOf(json, 'clip_sample_range', 1) }
    : undefined;
}

function isSpacing(value: unknown): value is TimestepSpacing {
  return value === 'leading' || value === 'linspace' || value === 'trailing';
}

function sigmasOf(json: SchedulerJson): DiffusersSchedule['sigmas'] {
  if (json['use_karras_sigmas'] === true) return 'karras';
  if (json['use_lu_lambdas'] === true) return 'lu';
  if (json['use_exponential_sigmas'] === true) return 'exponential';
  return json['use_beta_sigmas'] === true ? 'beta' : undefined;
}

function numberOf(json: SchedulerJson, key: string, otherwise: number): number {
  const value = json[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

/** The numbers there are, by our names. */
function numbersOf<K extends string>(
  json: SchedulerJson,
  names: Readonly<Record<string, K>>,
): Partial<Record<K, number>> {
  const out: Partial<Record<K, number>> = {};
  for (const [key, name] of Object.entries(names)) {
    const value = json[key];
    if (typeof value === 'number') out[name] = value;
  }
  return out;
}
