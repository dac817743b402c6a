/** A diffusers scheduler's configuration (scheduler_config.json) as what this engine runs. */
import {
  diffusersAlphas,
  type DiffusersSchedule,
  type TimestepSpacing,
} from './diffusersLevels.ts';

export interface DiffusersScheduler {
  /** Name in the sampler registry. */
  readonly sampler: string;
  readonly schedule: DiffusersSchedule;
  readonly prediction: 'epsilon' | 'v';
  /** Cumulative alphas as this scheduler uses them. */
  readonly alphasCumprod: Float32Array;
}

interface ClassFacts {
  readonly sampler: string;
  readonly kind: DiffusersSchedule['kind'];
  readonly spacing: TimestepSpacing;
}

const classes: Readonly<Record<string, ClassFacts>> = {
  DDIMScheduler: { sampler: 'DDIM', kind: 'ddim', spacing: 'leading' },
  EulerDiscreteScheduler: { sampler: 'Euler', kind: 'euler', spacing: 'linspace' },
  EulerAncestralDiscreteScheduler: { sampler: 'Euler a', kind: 'euler', spacing: 'linspace' },
  HeunDiscreteScheduler: { sampler: 'Heun', kind: 'euler', spacing: 'linspace' },
  KDPM2DiscreteScheduler: { sampler: 'DPM2', kind: 'euler', spacing: 'linspace' },
  KDPM2AncestralDiscreteScheduler: { sampler: 'DPM2 a', kind: 'euler', spacing: 'linspace' },
  LMSDiscreteScheduler: { sampler: 'LMS', kind: 'euler', spacing: 'linspace' },
  DPMSolverMultistepScheduler: { sampler: 'DPM++ 2M', kind: 'multistep', spacing: 'linspace' },
};

/**
 * What a scheduler's class name and configuration stand for; undefined for a class or an option that
 * is not built (never a near miss). Defaults are the class's own.
 */
export function diffusersScheduler(
  className: string,
  config: Readonly<Record<string, unknown>>,
): DiffusersScheduler | undefined {
  const facts = classes[className];
  if (!facts || !isSecondOrderMultistep(facts, config)) return undefined;
  const given = config['timestep_spacing'];
  const spacing = isSpacing(given) ? given : facts.spacing;
  const sigmas = sigmasOf(config);
  return {
    sampler: facts.sampler,
    prediction: config['prediction_type'] === 'v_prediction' ? 'v' : 'epsilon',
    alphasCumprod: alphasOf(facts.kind, config),
    schedule: {
      kind: facts.kind,
      spacing,
      stepsOffset: Number(config['steps_offset'] ?? 0),
      ...(sigmas ? { sigmas } : {}),
      ...(config['interpolation_type'] === 'log_linear' ? { interpolation: 'log_linear' } : {}),
      ...(config['final_sigmas_type'] === 'sigma_min' ? { finalSigma: 'sigma_min' } : {}),
      setAlphaToOne: config['set_alpha_to_one'] !== false,
    },
  };
}

function alphasOf(
  kind: DiffusersSchedule['kind'],
  config: Readonly<Record<string, unknown>>,
): Float32Array {
  const zeroTerminalSnr = config['rescale_betas_zero_snr'] === true;
  const { alphasCumprod } = diffusersAlphas({
    betaStart: Number(config['beta_start'] ?? 0.0001),
    betaEnd: Number(config['beta_end'] ?? 0.02),
    betaSchedule: config['beta_schedule'] === 'scaled_linear' ? 'scaled_linear' : 'linear',
    trainSteps: Number(config['num_train_timesteps'] ?? 1000),
    zeroTerminalSnr,
  });
  // All but DDIM keep their last sigma finite.
  if (zeroTerminalSnr && kind !== 'ddim') alphasCumprod[alphasCumprod.length - 1] = 2 ** -24;
  return alphasCumprod;
}

/** DPM-Solver multistep is built as DPM++ 2M with the midpoint rule. */
function isSecondOrderMultistep(
  facts: ClassFacts,
  config: Readonly<Record<string, unknown>>,
): boolean {
  if (facts.kind !== 'multistep') return true;
  return (
    (config['algorithm_type'] ?? 'dpmsolver++') === 'dpmsolver++' &&
    (config['solver_order'] ?? 2) === 2 &&
    (config['solver_type'] ?? 'midpoint') === 'midpoint' &&
    config['final_sigmas_type'] !== 'sigma_min'
  );
}

function isSpacing(value: unknown): value is TimestepSpacing {
  return value === 'leading' || value === 'linspace' || value === 'trailing';
}

function sigmasOf(config: Readonly<Record<string, unknown>>): DiffusersSchedule['sigmas'] {
  if (config['use_karras_sigmas'] === true) return 'karras';
  if (config['use_exponential_sigmas'] === true) return 'exponential';
  if (config['use_beta_sigmas'] === true) return 'beta';
  return config['use_lu_lambdas'] === true ? 'lu' : undefined;
}
